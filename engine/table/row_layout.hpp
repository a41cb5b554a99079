// Where the elements of a row lie: the one computation of strides for files and for memory.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/support/checked.hpp"
#include "engine/table/native.hpp"
#include "rowan/dtype.hpp"

namespace rowan::detail {

/// Bytes from one row to the next, padded to whole cache lines where asked; empty where it does not fit 64 bits.
inline std::optional<std::uint64_t> row_stride(std::uint64_t dim, DType dtype, bool pad_rows) noexcept {
  const auto bytes = row_bytes(dtype, dim);
  return bytes && pad_rows ? checked_round_up(*bytes, native::tensor_alignment) : bytes;
}

}  // namespace rowan::detail
