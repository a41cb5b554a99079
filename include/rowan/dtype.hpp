// Element types of tables and of outputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "rowan/export.hpp"

namespace rowan {

/// How one element of a row is stored. Values are computed in f32 whatever the storage.
///
/// i8, i4 and i2 are row-wise quantised: a row is its codes q, packed from the lowest bits of each byte on, and
/// then a scale and a bias of its own; an element is q * scale + bias, rounded once. These are the fused rows that
/// torch.ops.quantized.embedding_bag_byte_prepack, _4bit_prepack and _2bit_prepack make, and FBGEMM reads.
enum class DType : std::uint8_t {
  f32,      ///< IEEE binary32
  f16,      ///< IEEE binary16
  bf16,     ///< upper half of an f32 (bfloat16)
  f8_e4m3,  ///< 8 bits, 4 of exponent: e4m3fn, which has no infinity
  f8_e5m2,  ///< 8 bits, 5 of exponent: the upper half of an f16
  i8,       ///< codes 0 to 255, then f32 scale, f32 bias
  i4,       ///< codes 0 to 15, two a byte, then f16 scale, f16 bias
  i2,       ///< codes 0 to 3, four a byte, then f16 scale, f16 bias
};
inline constexpr int dtype_count = 8;

/// Whether rows carry a scale and a bias.
constexpr bool is_quantized(DType dtype) noexcept { return dtype >= DType::i8; }

/// Bits that one element takes in its row.
constexpr std::uint64_t element_bits(DType dtype) noexcept {
  constexpr std::uint8_t bits[dtype_count] = {32, 16, 16, 8, 8, 8, 4, 2};
  return bits[static_cast<int>(dtype)];
}

/// Bytes of scale and bias behind the elements of a row: 8, 4 or, where there are none, 0.
constexpr std::uint64_t row_parameter_bytes(DType dtype) noexcept {
  return !is_quantized(dtype) ? 0 : dtype == DType::i8 ? 8 : 4;
}

/// Bytes of a row without gaps: elements rounded up to whole bytes, scale and bias. Empty beyond 64 bits.
constexpr std::optional<std::uint64_t> row_bytes(DType dtype, std::uint64_t dim) noexcept {
  constexpr std::uint64_t greatest = ~std::uint64_t{0};
  const std::uint64_t bits = element_bits(dtype);  // of eight elements: bytes
  const std::uint64_t rest = ((dim % 8) * bits + 7) / 8 + row_parameter_bytes(dtype);
  if (dim / 8 > (greatest - rest) / bits) return std::nullopt;
  return dim / 8 * bits + rest;
}

/// "f32", "f16", "bf16", "f8_e4m3", "f8_e5m2", "i8", "i4" or "i2": the spelling of the command line. A static string.
ROWAN_API std::string_view to_string(DType dtype) noexcept;

/// The element type spelled `text` as to_string() spells it; empty for anything else.
ROWAN_API std::optional<DType> parse_dtype(std::string_view text) noexcept;

}  // namespace rowan
