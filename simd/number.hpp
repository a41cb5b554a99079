// Scalar conversions of single numbers between f32 and the narrower types, by integer arithmetic alone, so that a
// host that flushes denormals or rounds otherwise gets the same values.
#pragma once

#include <bit>
#include <cstdint>

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

/// Round to nearest even; a NaN becomes the one that there is. Beyond 464, where nothing that is finite is nearest,
/// infinities too: NaN, or with `saturate` 448, the greatest. What conversion to torch.float8_e4m3fn does.
inline std::uint8_t encode_f8_e4m3(float value, bool saturate = false) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 24) & 0x80U;
  const std::uint32_t magnitude = bits & 0x7FFF'FFFFU;
  if (magnitude > 0x43E8'0000U) {  // 464, which is half way to 480 and rounds to the even 448
    const bool greatest = saturate && magnitude <= 0x7F80'0000U;
    return static_cast<std::uint8_t>(sign | (greatest ? 0x7EU : 0x7FU));
  }
  if (magnitude < 0x3C80'0000U) {  // below 2^-6: a denormal, a multiple of 2^-9
    const std::uint32_t exponent = magnitude >> 23;
    if (exponent < 117) return static_cast<std::uint8_t>(sign);  // below 2^-10, half of the smallest
    const std::uint32_t mantissa = (magnitude & 0x007F'FFFFU) | 0x0080'0000U;
    const std::uint32_t shift = 141 - exponent;
    const std::uint32_t half = 1U << (shift - 1);
    return static_cast<std::uint8_t>(sign | ((mantissa + half - 1 + ((mantissa >> shift) & 1U)) >> shift));
  }
  const std::uint32_t rounded = magnitude - (120U << 23) + 0x7'FFFFU + ((magnitude >> 20) & 1U);
  return static_cast<std::uint8_t>(sign | (rounded >> 20));
}

/// Round to nearest even, to infinity from 61440 on; with `saturate` to 57344, the greatest, infinities too. A NaN
/// becomes 0x7F with its sign. What conversion to torch.float8_e5m2 does.
inline std::uint8_t encode_f8_e5m2(float value, bool saturate = false) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 24) & 0x80U;
  const std::uint32_t magnitude = bits & 0x7FFF'FFFFU;
  if (magnitude > 0x7F80'0000U) return static_cast<std::uint8_t>(sign | 0x7FU);
  if (magnitude >= 0x4770'0000U) return static_cast<std::uint8_t>(sign | (saturate ? 0x7BU : 0x7CU));  // 61440
  if (magnitude < 0x3880'0000U) {  // below 2^-14: a denormal, a multiple of 2^-16
    const std::uint32_t exponent = magnitude >> 23;
    if (exponent < 110) return static_cast<std::uint8_t>(sign);  // below 2^-17, half of the smallest
    const std::uint32_t mantissa = (magnitude & 0x007F'FFFFU) | 0x0080'0000U;
    const std::uint32_t shift = 134 - exponent;
    const std::uint32_t half = 1U << (shift - 1);
    return static_cast<std::uint8_t>(sign | ((mantissa + half - 1 + ((mantissa >> shift) & 1U)) >> shift));
  }
  const std::uint32_t rounded = magnitude - (112U << 23) + 0xF'FFFFU + ((magnitude >> 21) & 1U);
  return static_cast<std::uint8_t>(sign | (rounded >> 21));
}

}  // namespace rowan::simd
