// Calls of a few rows, which servers make by the million: checked and answered in one go, where what calls of any size
// need would cost more than the rows do. For engine.cpp alone, into which the compiler then folds both: at this size a
// call more or less counts.
#pragma once

#include <cstring>

#include "engine/lookup/extent.hpp"
#include "engine/lookup/kernel_rows.hpp"
#include "engine/lookup/memory_policy.hpp"
#include "rowan/engine.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {
namespace {

constexpr std::size_t few_rows = 8;  // so few that they are all asked for before the first has come
constexpr std::size_t few_bags = 8;
constexpr std::size_t few_members = 128;
constexpr std::uint64_t few_bytes = std::uint64_t{128} << 10;  // of rows so long that threads may pay, a few are many

/// Whether an output of `rows` rows (a few) without gaps is right, and apart from the table and the indices. A table
/// that has a row has not so many columns that a product of them with a few would overflow.
inline bool plain_output(const TableView& table, const IndexSpan& indices, const OutputView& out,
                         std::size_t rows) noexcept {
  const std::uint64_t dim = table.dim();
  if (out.size() != rows * dim || (out.stride() != 0 && out.stride() != dim) || !out.valid_dtype()) return false;
  const Extent written{out.data(), out.size() * (out.dtype() == DType::f32 ? 4 : 2)};
  return written.apart_from(extent_of(table)) && written.apart_from(extent_of(indices));
}

/// Answers a call of a few good indices that asks for nothing special. False for every other call, wrong ones among
/// them, of which it has then written nothing.
inline bool gather_few(const simd::KernelTable& kernels, const TableView& table, const IndexSpan& indices,
                       const OutputView& out, const EmbeddingOptions& options) noexcept {
  const std::size_t count = indices.size();
  if (count == 0 || count > few_rows || options.bad_index != BadIndex::reject || !kernels_read(indices.kind())) {
    return false;
  }
  if (options.stores == Stores::streaming || out.size() > few_bytes / sizeof(float)) return false;
  const std::byte* rows[few_rows];
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t index = value_at(indices, i);
    if (index >= table.rows()) return false;
    rows[i] = table.data() + index * table.row_stride();
  }
  if (!plain_output(table, indices, out, count)) return false;
  if (table.dtype() == DType::f32 && out.dtype() == DType::f32) {  // nothing to decode: a kernel has no more to offer
    auto* at = static_cast<std::byte*>(out.data());
    for (std::size_t i = 0; i < count; ++i, at += table.row_bytes()) std::memcpy(at, rows[i], table.row_bytes());
    return true;
  }
  kernels.gather[static_cast<int>(table.dtype())][static_cast<int>(out.dtype())]({
      .rows = rows_of(table),
      .indices = bytes_at(indices, 0),
      .index_bytes = size_of(indices.kind()),
      .count = count,
      .readable = count,
      .out = out.data(),
      .out_stride = table.dim(),
      .prefetch = {0, 0},
      .streaming = false,
  });
  return true;
}

/// The same for a few bags that are summed, averaged or compared.
inline bool pool_few(const simd::KernelTable& kernels, const MemoryPolicy& policy, const TableView& table,
                     const Bags& bags, const OutputView& out, const BagOptions& options) noexcept {
  const IndexSpan& indices = bags.indices();
  const IndexSpan& given = bags.bounds();
  const std::size_t last = options.include_last_offset ? 1 : 0;
  const std::size_t count = given.size() - last;  // wraps where an offset is missing: not few
  const bool compares = options.pooling == Pooling::max || options.pooling == Pooling::min;
  const bool plain = bags.form() == Bags::Form::offsets && count - 1 < few_bags && indices.size() <= few_members &&
                     (compares || options.pooling == Pooling::sum || options.pooling == Pooling::mean) &&
                     !bags.weights() && !options.padding_index && options.bad_index == BadIndex::reject &&
                     kernels_read(indices.kind()) && out.dtype() == DType::f32;
  if (!plain || table.rows() == 0 || indices.size() * table.row_bytes() > few_bytes) return false;
  if (!plain_output(table, indices, out, count)) return false;
  if (!Extent{out.data(), out.size() * sizeof(float)}.apart_from(extent_of(given))) return false;

  std::size_t offsets[few_bags + 1];
  std::uint64_t before = 0;
  for (std::size_t bag = 0; bag < given.size(); ++bag) {
    const std::uint64_t offset = value_at(given, bag);
    if (offset < before || (bag == 0 && offset != 0)) return false;
    offsets[bag] = offset;
    before = offset;
  }
  if (before > indices.size()) return false;
  if (last == 0) offsets[count] = indices.size();
  if (!kernels.indices_ok[static_cast<int>(indices.kind())](indices.data(), indices.size(), table.rows())) return false;

  float base = 0.0F;
  auto* const rows = static_cast<float*>(out.data());
  const simd::Op op = compares ? simd::Op::extreme : simd::Op::sum;
  const simd::IndexRead read = read_of(table, size_of(indices.kind()));
  kernels.pool[static_cast<int>(table.dtype())][static_cast<int>(op)][static_cast<int>(read)]({
      .rows = rows_of(table),
      .indices = bytes_at(indices, 0),
      .index_bytes = size_of(indices.kind()),
      .weights = nullptr,
      .offsets = offsets,
      .bags = count,
      .readable = indices.size(),
      .out = rows,
      .out_stride = table.dim(),
      // Rows that the processor asks for by itself before the first is summed.
      .prefetch = indices.size() <= 2 * few_rows ? simd::Prefetch{0, 0} : policy.prefetch(table, indices.size()),
      .smallest = options.pooling == Pooling::min,
      .resume = false,
      .to_resume = false,
      .base = 0.0F,
      .base_out = &base,
  });
  if (options.pooling != Pooling::mean) return true;
  float divisors[few_bags];
  for (std::size_t bag = 0; bag < count; ++bag) divisors[bag] = static_cast<float>(offsets[bag + 1] - offsets[bag]);
  kernels.finish[static_cast<int>(DType::f32)]({.rows = rows,
                                                .stride = table.dim(),
                                                .dim = table.dim(),
                                                .count = count,
                                                .divisors = divisors,
                                                .out = rows,
                                                .out_stride = table.dim(),
                                                .repeat = 1});
  return true;
}

}  // namespace
}  // namespace rowan::detail
