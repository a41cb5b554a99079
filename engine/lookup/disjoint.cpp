// Whether the outputs of many requests share memory: they may interleave in one matrix, so extents alone do not tell.
#include <algorithm>
#include <limits>

#include "engine/lookup/checks.hpp"
#include "engine/lookup/extent.hpp"

namespace rowan::detail {
namespace {

/// Where a request writes: `rows` runs of `width` bytes, `stride` bytes apart. A request without bags writes nothing.
struct Runs {
  std::uintptr_t begin = 0;
  std::uint64_t rows = 0;
  std::uint64_t width = 0;
  std::uint64_t stride = 0;

  std::uintptr_t end() const noexcept { return rows == 0 ? begin : begin + (rows - 1) * stride + width; }
};

Runs runs_of(const Request& request) noexcept {
  const std::uint64_t count = bag_count(request.bags, request.options);
  const std::uint64_t element = request.out.dtype() == DType::f32 ? 4 : 2;
  const std::uint64_t rows = request.table.dim() != 0 ? count * request.repeat : 0;  // 0: of a moved-from table
  // Of a single row the stride is not used, and may be anything.
  const std::uint64_t stride = request.out.stride() != 0 && rows > 1 ? request.out.stride() : request.table.dim();
  return {.begin = reinterpret_cast<std::uintptr_t>(request.out.data()),
          .rows = rows,
          .width = request.table.dim() * element,
          .stride = stride * element};
}

bool share_bytes(const Runs& a, const Runs& b) noexcept {
  if (a.rows == 0 || b.rows == 0 || a.end() <= b.begin || b.end() <= a.begin) return false;
  if (a.stride == b.stride) {  // columns of one matrix, as a rule: from a run of a to the next one of b
    const std::uint64_t back = b.begin < a.begin ? (a.begin - b.begin) % a.stride : 0;
    const std::uint64_t gap = b.begin < a.begin ? (a.stride - back) % a.stride : (b.begin - a.begin) % a.stride;
    if (gap >= a.width && a.stride - gap >= b.width) return false;
  }
  const Runs& few = a.rows <= b.rows ? a : b;
  const Runs& many = a.rows <= b.rows ? b : a;
  for (std::uint64_t r = 0; r < few.rows; ++r) {
    const std::uintptr_t begin = few.begin + r * few.stride;
    const std::uintptr_t end = begin + few.width;
    if (end <= many.begin || begin >= many.end()) continue;
    // The last run of `many` that begins before this one ends.
    const std::uint64_t k = std::min<std::uint64_t>((end - 1 - many.begin) / many.stride, many.rows - 1);
    if (many.begin + k * many.stride + many.width > begin) return true;
  }
  return false;
}

/// Whether no output lies over what another request reads. Outputs lie together, as a rule, apart from all else.
Status check_unread(std::span<const Request> requests) noexcept {
  std::uintptr_t begin = std::numeric_limits<std::uintptr_t>::max();
  std::uintptr_t end = 0;
  for (const Request& request : requests) {
    const Runs runs = runs_of(request);
    if (runs.rows == 0) continue;
    begin = std::min(begin, runs.begin);
    end = std::max(end, runs.end());
  }
  if (end == 0) return {};
  const Extent outputs{reinterpret_cast<const void*>(begin), end - begin};
  for (const Request& reader : requests) {
    const Bags& bags = reader.bags;
    for (const Extent& read :
         {extent_of(reader.table), extent_of(bags.indices()), extent_of(bags.bounds()), extent_of(bags.weights())}) {
      if (!outputs.overlaps(read)) continue;
      for (std::size_t i = 0; i < requests.size(); ++i) {
        const Runs runs = runs_of(requests[i]);
        if (runs.rows == 0) continue;
        if (Extent{reinterpret_cast<const void*>(runs.begin), runs.end() - runs.begin}.overlaps(read)) {
          return {.code = Code::output_overlap, .table = static_cast<std::uint32_t>(i)};
        }
      }
    }
  }
  return {};
}

}  // namespace

Status check_disjoint(std::span<const Request> requests) noexcept {
  if (requests.size() < 2) return {};
  if (const Status status = check_unread(requests); !status) return status;
  // Outputs in one matrix from left to right, or one behind the other, are what callers have: one look at each.
  bool ordered = true;
  std::uintptr_t matrix = 0;  // where it begins, and the bytes of its rows
  std::uint64_t stride = 0;
  std::uintptr_t column = 0;  // where the next output may begin in it
  std::uintptr_t reach = 0;   // where all outputs so far end
  for (const Request& request : requests) {
    const Runs runs = runs_of(request);
    if (runs.rows == 0) continue;
    const bool beside = runs.stride == stride && runs.begin >= column && runs.begin + runs.width <= matrix + stride;
    if (!beside) {
      ordered = runs.begin >= reach;
      matrix = runs.begin;
      stride = runs.stride;
    }
    if (!ordered) break;
    column = runs.begin + runs.width;
    reach = std::max(reach, runs.end());
  }
  if (ordered) return {};

  for (std::size_t i = 1; i < requests.size(); ++i) {
    const Runs runs = runs_of(requests[i]);
    for (std::size_t k = 0; k < i; ++k) {
      if (share_bytes(runs, runs_of(requests[k]))) {
        return {.code = Code::output_overlap, .table = static_cast<std::uint32_t>(i)};
      }
    }
  }
  return {};
}

}  // namespace rowan::detail
