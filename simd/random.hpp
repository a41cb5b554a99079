// Stochastic rounding of f32 to f16 and bf16, in integers alone. The random bits are a function of a key and a column,
// so that neither the tier nor the thread shows in them.
#pragma once

#include <cstdint>

namespace rowan::simd {

/// A 64-bit finaliser: every bit of x shows in every bit of the result.
[[gnu::always_inline]] inline std::uint64_t mixed(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9U;
  x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EBU;
  return x ^ (x >> 31);
}

/// The key of a seed and a step, and of that and a row.
[[gnu::always_inline]] inline std::uint64_t random_key(std::uint64_t outer, std::uint64_t inner) noexcept {
  return mixed(outer + mixed(inner + 0x9E37'79B9'7F4A'7C15U));
}

[[gnu::always_inline]] inline std::uint32_t mixed_32(std::uint32_t x) noexcept {
  x = (x ^ (x >> 16)) * 0x7FEB'352DU;
  x = (x ^ (x >> 15)) * 0x846C'A68BU;
  return x ^ (x >> 16);
}

/// 32 random bits for a column of a row with that key.
[[gnu::always_inline]] inline std::uint32_t random_bits(std::uint64_t key, std::uint32_t column) noexcept {
  return mixed_32(mixed_32(column + static_cast<std::uint32_t>(key)) ^ static_cast<std::uint32_t>(key >> 32));
}

/// bits + random, cut off below what the type has: up as often as the part that is cut off is large. NaN stays NaN,
/// infinities stay, and a value beyond the largest may become one.
[[gnu::always_inline]] inline std::uint32_t stochastic_bf16(std::uint32_t bits, std::uint32_t random) noexcept {
  const std::uint32_t magnitude = bits & 0x7FFF'FFFFU;
  const std::uint32_t up = magnitude < 0x7F80'0000U ? random >> 16 : 0U;
  return ((bits + up) >> 16) | (magnitude > 0x7F80'0000U ? 0x40U : 0U);
}

[[gnu::always_inline]] inline std::uint32_t stochastic_f16(std::uint32_t bits, std::uint32_t random) noexcept {
  const std::uint32_t magnitude = bits & 0x7FFF'FFFFU;
  const std::uint32_t exponent = magnitude >> 23;
  // Denormal halves are multiples of 2^-24; below 2^-31 of f32 nothing is left of a value but a chance under 2^-7.
  const std::uint32_t mantissa = (magnitude & 0x007F'FFFFU) | 0x0080'0000U;
  const std::uint32_t shift = exponent < 95 ? 31 : exponent < 113 ? 126 - exponent : 14;
  const std::uint32_t cut = random & ((1U << shift) - 1U);
  const std::uint32_t small = exponent < 95 ? 0U : (mantissa + cut) >> shift;
  const std::uint32_t raised = magnitude + (random >> 19);
  const std::uint32_t large = raised < 0x4780'0000U ? (raised - (112U << 23)) >> 13 : 0x7C00U;
  std::uint32_t result = exponent < 113 ? small : large;
  if (magnitude > 0x7F80'0000U) result = 0x7E00U;
  return result | ((bits >> 16) & 0x8000U);
}

}  // namespace rowan::simd
