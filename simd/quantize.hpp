// Row-wise quantisation: a row of floats into codes, scale and bias. The arithmetic is that of PyTorch's
// embedding_bag_byte_prepack, _4bit_prepack and _2bit_prepack, operation by operation, so that the rows are theirs to
// the bit; they refuse an odd dim, which is allowed here. It is f32 arithmetic in the caller's floating-point mode:
// for the same bits everywhere the caller sets the default one.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "simd/kernels.hpp"
#include "simd/number.hpp"

namespace rowan::simd {

/// What became of a row.
enum class Encoded : std::uint8_t {
  ok,
  not_finite,  ///< it holds a NaN or an infinity, and a quantised row has no place for them
  too_wide,    ///< its scale or bias is beyond the type that they are stored in
};

/// The integer nearest to x, the even one of two; |x| is below 2^22. The sum has no bits for a fraction.
inline std::int32_t nearest_integer(float x) noexcept {
  constexpr float shift = 0x1.8p23F;
  return std::bit_cast<std::int32_t>(x + shift) - std::bit_cast<std::int32_t>(shift);
}

/// The least and the greatest value of a row; of equal ones the first, which tells the sign of a zero.
struct Range {
  float least;
  float greatest;
};

inline Range range_of(const float* values, std::size_t dim) noexcept {
  Range range{values[0], values[0]};
  for (std::size_t c = 1; c < dim; ++c) {
    range.least = values[c] < range.least ? values[c] : range.least;
    range.greatest = values[c] > range.greatest ? values[c] : range.greatest;
  }
  return range;
}

inline bool all_finite(const float* values, std::size_t dim) noexcept {
  std::uint32_t greatest = 0;
  for (std::size_t c = 0; c < dim; ++c) {
    const std::uint32_t magnitude = std::bit_cast<std::uint32_t>(values[c]) & 0x7FFF'FFFFU;
    greatest = magnitude > greatest ? magnitude : greatest;
  }
  return greatest < 0x7F80'0000U;
}

/// A row of codes 0 to 255, then f32 scale and bias.
inline Encoded quantize_i8(const float* values, std::size_t dim, std::byte* row) noexcept {
  const auto [least, greatest] = range_of(values, dim);
  const float width = greatest - least;
  if (!std::isfinite(width)) return Encoded::too_wide;
  const float parameters[2] = {width / 255.0F, least};
  const float inverse = 255.0F / (width + 1e-8F);
  for (std::size_t c = 0; c < dim; ++c) {
    row[c] = static_cast<std::byte>(nearest_integer((values[c] - least) * inverse));
  }
  std::memcpy(row + dim, parameters, sizeof parameters);
  return Encoded::ok;
}

/// A row of codes of 4 or 2 bits from the lowest bits of each byte on, then f16 scale and bias.
inline Encoded quantize_narrow(Element element, const float* values, std::size_t dim, std::byte* row) noexcept {
  const std::size_t bits = bits_of(element);
  const std::int32_t top = (1 << bits) - 1;
  const auto [least, greatest] = range_of(values, dim);
  const std::uint16_t bias_bits = encode_f16(least);
  const float bias = decode_f16(bias_bits);
  const float width = greatest - bias;  // negative where the bias was rounded up beyond all values: so is the scale
  std::uint16_t scale_bits = encode_f16(width == 0.0F ? 1.0F : width / static_cast<float>(top));
  float scale = decode_f16(scale_bits);
  if (!std::isfinite(bias) || !std::isfinite(scale)) return Encoded::too_wide;
  if (scale == 0.0F) {  // any would do: nothing is further from the bias than a rounding error
    scale = 1.0F;
    scale_bits = encode_f16(scale);
  }
  const float inverse = 1.0F / scale;
  const std::size_t per_byte = 8 / bits;
  for (std::size_t c = 0; c < dim; c += per_byte) {
    std::uint32_t packed = 0;
    for (std::size_t k = 0; k < per_byte && c + k < dim; ++k) {
      const std::int32_t code = nearest_integer((values[c + k] - bias) * inverse);
      packed |= static_cast<std::uint32_t>(code < 0 ? 0 : code > top ? top : code) << (k * bits);
    }
    *row++ = static_cast<std::byte>(packed);
  }
  std::memcpy(row, &scale_bits, sizeof scale_bits);
  std::memcpy(row + sizeof scale_bits, &bias_bits, sizeof bias_bits);
  return Encoded::ok;
}

/// Writes a whole quantised row of `dim`, at any alignment; nothing where it cannot be.
inline Encoded quantize(Element element, const float* values, std::size_t dim, std::byte* row) noexcept {
  if (!all_finite(values, dim)) return Encoded::not_finite;
  return element == Element::i8 ? quantize_i8(values, dim, row) : quantize_narrow(element, values, dim, row);
}

}  // namespace rowan::simd
