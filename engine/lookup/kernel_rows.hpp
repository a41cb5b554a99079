// A checked call's table and indices as the kernels take them.
#pragma once

#include "engine/lookup/checks.hpp"
#include "engine/support/element.hpp"
#include "rowan/view.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

inline simd::Rows rows_of(const TableView& table) noexcept {
  const std::size_t packed = simd::packed_bytes(element_of(table.dtype()), table.dim());
  return {table.data(), table.row_stride(), table.dim(), packed};
}

/// Columns [first, first + count) of rows; `first` is a multiple of 4, so that it begins with a byte.
inline simd::Rows columns_of(const TableView& table, std::size_t first, std::size_t count) noexcept {
  simd::Rows rows = rows_of(table);
  const std::size_t skipped = simd::packed_bytes(element_of(table.dtype()), first);
  rows.data += skipped;
  rows.parameters -= skipped;
  rows.dim = count;
  return rows;
}

/// How indices of a type, in a table, are read; narrower ones than 32 bits are widened to 64 first.
inline simd::IndexRead read_of(const TableView& table, std::size_t index_bytes) noexcept {
  constexpr std::uint64_t most = std::uint64_t{1} << 32;
  return index_bytes == 8 && table.rows() > most ? simd::IndexRead::full_64 : simd::IndexRead::low_32;
}

inline bool kernels_read(IndexKind kind) noexcept { return size_of(kind) >= 4; }

}  // namespace rowan::detail
