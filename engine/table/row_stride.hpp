// Where the elements of a row lie: the one computation of strides for files and for memory.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/support/checked.hpp"
#include "rowan/dtype.hpp"

namespace rowan::detail {

/// What padded rows start on.
inline constexpr std::uint64_t cache_line_bytes = 64;

/// Bytes of one column of a row: of an element, or 1 where rows are quantised.
constexpr std::uint64_t column_bytes(DType dtype) noexcept { return is_quantized(dtype) ? 1 : element_bits(dtype) / 8; }

/// Bytes from one row to the next, padded to whole cache lines where asked; empty where it does not fit 64 bits.
inline std::optional<std::uint64_t> row_stride(std::uint64_t dim, DType dtype, bool pad_rows) noexcept {
  const auto bytes = row_bytes(dtype, dim);
  return bytes && pad_rows ? checked_round_up(*bytes, cache_line_bytes) : bytes;
}

}  // namespace rowan::detail
