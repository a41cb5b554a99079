// Rows in every element type, one element after the other. They define what the vector conversions of every tier
// return.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "simd/kernels.hpp"
#include "simd/number.hpp"
#include "simd/quantize.hpp"

namespace rowan::simd {

/// Scale and bias of a quantised row.
struct RowParameters {
  float scale;
  float bias;
};

/// `at` is where the elements of the row end.
inline RowParameters decode_parameters(Element element, const std::byte* at) noexcept {
  RowParameters parameters{};
  if (element == Element::i8) {
    std::memcpy(&parameters, at, sizeof parameters);
    return parameters;
  }
  std::uint16_t halves[2];
  std::memcpy(halves, at, sizeof halves);
  return {decode_f16(halves[0]), decode_f16(halves[1])};
}

/// Code c of a quantised row.
inline std::uint32_t code_at(Element element, const std::byte* row, std::size_t c) noexcept {
  const std::size_t bit = c * bits_of(element);
  return (std::to_integer<std::uint32_t>(row[bit / 8]) >> (bit % 8)) & ((1U << bits_of(element)) - 1);
}

/// Element c of a row of `dim`, at any alignment.
inline float decode(Element element, const std::byte* row, std::size_t dim, std::size_t c) noexcept {
  if (is_quantized(element)) {
    const auto [scale, bias] = decode_parameters(element, row + packed_bytes(element, dim));
    return std::fma(static_cast<float>(code_at(element, row, c)), scale, bias);
  }
  if (element == Element::f32) {
    float value = 0;
    std::memcpy(&value, row + c * sizeof value, sizeof value);
    return value;
  }
  if (element == Element::f8_e4m3) return decode_f8_e4m3(std::to_integer<std::uint8_t>(row[c]));
  if (element == Element::f8_e5m2) return decode_f8_e5m2(std::to_integer<std::uint8_t>(row[c]));
  std::uint16_t bits = 0;
  std::memcpy(&bits, row + c * sizeof bits, sizeof bits);
  return element == Element::f16 ? decode_f16(bits) : decode_bf16(bits);
}

/// Writes a row of `dim` elements, its padding apart, at any alignment. A quantised row is written whole, or not at
/// all where the answer says why it cannot be; all other types take any part of a row, and any value. The caller's
/// floating-point mode shows in quantised rows alone. `saturate`: what is beyond f8's range becomes its greatest.
inline Encoded encode(Element element, const float* values, std::size_t dim, std::byte* row,
                      bool saturate = false) noexcept {
  if (is_quantized(element)) return quantize(element, values, dim, row);
  switch (element) {
    case Element::f32:
      std::memcpy(row, values, dim * sizeof(float));
      break;
    case Element::f8_e4m3:
      for (std::size_t c = 0; c < dim; ++c) row[c] = std::byte{encode_f8_e4m3(values[c], saturate)};
      break;
    case Element::f8_e5m2:
      for (std::size_t c = 0; c < dim; ++c) row[c] = std::byte{encode_f8_e5m2(values[c], saturate)};
      break;
    default:
      for (std::size_t c = 0; c < dim; ++c) {
        const std::uint16_t bits = element == Element::f16 ? encode_f16(values[c]) : encode_bf16(values[c]);
        std::memcpy(row + c * sizeof bits, &bits, sizeof bits);
      }
  }
  return Encoded::ok;
}

/// The values of a row of `dim`.
inline void decode_row(Element element, const std::byte* row, std::size_t dim, float* values) noexcept {
  if (!is_quantized(element)) {
    for (std::size_t c = 0; c < dim; ++c) values[c] = decode(element, row, dim, c);
    return;
  }
  const auto [scale, bias] = decode_parameters(element, row + packed_bytes(element, dim));
  for (std::size_t c = 0; c < dim; ++c) {
    values[c] = std::fma(static_cast<float>(code_at(element, row, c)), scale, bias);
  }
}

}  // namespace rowan::simd
