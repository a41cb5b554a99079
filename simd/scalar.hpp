// Scalar conversions between f32 and the narrower types, by integer arithmetic alone, so that a host that flushes
// denormals gets the same values. They define what the vector conversions of every tier return.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "simd/kernels.hpp"

namespace rowan::simd {

inline float decode_bf16(std::uint16_t bits) noexcept { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

inline float decode_f16(std::uint16_t bits) noexcept {
  const std::uint32_t sign = std::uint32_t{bits & 0x8000U} << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1FU;
  std::uint32_t mantissa = bits & 0x3FFU;
  if (exponent == 0x1F) {  // infinity, or a NaN made quiet
    const std::uint32_t quiet = mantissa != 0 ? 0x0040'0000U : 0U;
    return std::bit_cast<float>(sign | 0x7F80'0000U | quiet | (mantissa << 13));
  }
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
  if (mantissa == 0) return std::bit_cast<float>(sign);
  // A denormal half is a normal float: shift the leading one out to the implicit place.
  const std::uint32_t shift = static_cast<std::uint32_t>(std::countl_zero(mantissa)) - 21;
  mantissa = (mantissa << shift) & 0x3FFU;
  return std::bit_cast<float>(sign | ((113 - shift) << 23) | (mantissa << 13));
}

inline float decode_f8_e5m2(std::uint8_t bits) noexcept { return decode_f16(static_cast<std::uint16_t>(bits << 8)); }

inline float decode_f8_e4m3(std::uint8_t bits) noexcept {
  const std::uint32_t sign = std::uint32_t{bits & 0x80U} << 24;
  std::uint32_t magnitude = bits & 0x7FU;
  if (magnitude == 0x7F) return std::bit_cast<float>(sign | 0x7FC0'0000U);
  if (magnitude >= 8) return std::bit_cast<float>(sign | ((magnitude << 20) + (120U << 23)));
  if (magnitude == 0) return std::bit_cast<float>(sign);
  // A denormal is magnitude * 2^-9: shift the leading one out to the implicit place.
  const std::uint32_t shift = static_cast<std::uint32_t>(std::countl_zero(magnitude)) - 28;
  magnitude = (magnitude << shift) & 7U;
  return std::bit_cast<float>(sign | ((121 - shift) << 23) | (magnitude << 20));
}

/// Round to nearest even; a NaN stays one (made quiet).
inline std::uint16_t encode_bf16(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFF'FFFFU) > 0x7F80'0000U) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

/// Round to nearest even, to infinity from 65520 on; a NaN stays one (made quiet).
inline std::uint16_t encode_f16(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7FFF'FFFFU;
  if (magnitude > 0x7F80'0000U) {
    return static_cast<std::uint16_t>(sign | 0x7E00U | ((magnitude >> 13) & 0x3FFU));
  }
  if (magnitude >= 0x4780'0000U) return static_cast<std::uint16_t>(sign | 0x7C00U);  // 65536 and beyond
  if (magnitude < 0x3880'0000U) {                                                    // below 2^-14: a denormal half
    const std::uint32_t exponent = magnitude >> 23;
    if (exponent < 102) return static_cast<std::uint16_t>(sign);  // below 2^-25, half of the smallest
    const std::uint32_t mantissa = (magnitude & 0x007F'FFFFU) | 0x0080'0000U;
    const std::uint32_t shift = 126 - exponent;
    const std::uint32_t half = 1U << (shift - 1);
    const std::uint32_t rounded = (mantissa + half - 1 + ((mantissa >> shift) & 1U)) >> shift;
    return static_cast<std::uint16_t>(sign | rounded);
  }
  const std::uint32_t rounded = magnitude - (112U << 23) + 0xFFFU + ((magnitude >> 13) & 1U);
  return static_cast<std::uint16_t>(sign | (rounded >> 13));  // a carry runs into the exponent, to infinity at last
}

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
    const float product = static_cast<float>(code_at(element, row, c)) * scale;
    return product + bias;
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

/// Writes `count` elements at `row`, at any alignment.
inline void encode(Element element, const float* values, std::size_t count, std::byte* row) noexcept {
  if (element == Element::f32) {
    std::memcpy(row, values, count * sizeof(float));
    return;
  }
  for (std::size_t c = 0; c < count; ++c) {
    const std::uint16_t bits = element == Element::f16 ? encode_f16(values[c]) : encode_bf16(values[c]);
    std::memcpy(row + c * sizeof bits, &bits, sizeof bits);
  }
}

}  // namespace rowan::simd
