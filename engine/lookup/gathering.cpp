#include "engine/lookup/gathering.hpp"

#include <algorithm>
#include <cstring>

#include "engine/lookup/kernel_rows.hpp"
#include "simd/prefetch.hpp"

namespace rowan::detail {
namespace {

simd::GatherArgs arguments_of(const GatherJob& job, std::size_t first, std::size_t last) noexcept {
  const std::size_t unit = 16;
  const auto address = reinterpret_cast<std::uintptr_t>(job.out.data);
  const std::size_t element = job.out.element_bytes();
  const bool streaming = job.streaming && address % unit == 0 && job.out.stride * element % unit == 0 &&
                         job.table.dim() * element % unit == 0;
  return {.rows = rows_of(job.table),
          .indices = nullptr,
          .index_bytes = 8,
          .count = last - first,
          .readable = last - first,
          .out = job.out.row(first),
          .out_stride = job.out.stride,
          .prefetch = job.policy.prefetch_unpooled(job.table, job.indices.span.size()),
          .streaming = streaming};
}

/// Indices that the kernels do not read, or that may be bad: widened and mended in blocks.
std::uint64_t gather_rewritten(const GatherJob& job, simd::GatherKernel kernel, std::size_t first,
                               std::size_t last) noexcept {
  constexpr std::size_t block = 1024;
  std::uint64_t rewritten[block];
  bool zero[block];
  std::uint64_t bad = 0;
  const std::size_t row_bytes = job.table.dim() * job.out.element_bytes();
  for (std::size_t begin = first; begin < last; begin += block) {
    const std::size_t end = std::min(begin + block, last);
    const bool skips = job.indices.bad_index == BadIndex::skip;
    for_values(job.indices.span, begin, end, [&](std::size_t i, std::uint64_t index) {
      const bool outside = index >= job.table.rows();
      bad += outside ? 1 : 0;
      zero[i - begin] = outside && skips;
      rewritten[i - begin] = !outside ? index : skips ? 0 : job.indices.default_row;
    });
    if (job.table.rows() != 0) {
      simd::GatherArgs a = arguments_of(job, begin, end);
      a.indices = reinterpret_cast<const std::byte*>(rewritten);
      kernel(a);
    }
    for (std::size_t i = begin; i < end && bad != 0; ++i) {
      if (zero[i - begin]) std::memset(job.out.row(i), 0, row_bytes);
    }
  }
  return bad;
}

}  // namespace

std::uint64_t gather_rows(const GatherJob& job, std::size_t first, std::size_t last) noexcept {
  if (first == last) return 0;
  const simd::GatherKernel kernel =
      job.kernels.gather[static_cast<int>(job.table.dtype())][static_cast<int>(job.out.dtype)];
  const IndexSpan& indices = job.indices.span;
  if (job.indices.bad_index != BadIndex::reject || !kernels_read(indices.kind())) {
    return gather_rewritten(job, kernel, first, last);
  }
  simd::GatherArgs a = arguments_of(job, first, last);
  a.indices = bytes_at(indices, first);
  a.index_bytes = size_of(indices.kind());
  a.readable = indices.size() - first;
  kernel(a);
  return 0;
}

void prefetch_rows(const TableView& table, const IndexSpan& indices, std::size_t most) noexcept {
  for_values(indices, 0, std::min(most, indices.size()), [&](std::size_t, std::uint64_t index) {
    if (index >= table.rows()) return;  // of a call that skips or replaces bad ones
    simd::prefetch_into_l2(table.data() + index * table.row_stride(), table.row_bytes());
  });
}

}  // namespace rowan::detail
