// Rules that the reference and every tier share to the bit. Always inlined: no tier may leave behind a copy
// that another one could be linked to.
#pragma once

#include "simd/kernels.hpp"

namespace rowan::simd {

/// x > kept, as a value that the compiler cannot see through. A visible `x > kept ? x : kept` becomes a MAXSS,
/// which, unlike compare-and-select, flushes a denormal result where the caller's mode has denormals-are-zero.
[[gnu::always_inline]] inline bool greater(float x, float kept) noexcept {
  bool result = x > kept;
  __asm__("" : "+r"(result));
  return result;
}

/// a * b as a value that the compiler cannot see through. clang makes one multiplication, by 1 for those that have no
/// weight, of `weighted ? weight * x : x`; and 1 * x is not x where the caller's mode flushes denormals.
[[gnu::always_inline]] inline float product(float a, float b) noexcept {
  float result = a * b;
  __asm__("" : "+x"(result));
  return result;
}

/// The fixed tree in which the lanes of a dot product are added.
[[gnu::always_inline]] inline float reduce_lanes(const float (&lanes)[dot_lanes]) noexcept {
  float sums[dot_lanes / 2];
  for (int i = 0; i < 8; ++i) sums[i] = lanes[i] + lanes[i + 8];
  for (int i = 0; i < 4; ++i) sums[i] = sums[i] + sums[i + 4];
  for (int i = 0; i < 2; ++i) sums[i] = sums[i] + sums[i + 2];
  return sums[0] + sums[1];
}

}  // namespace rowan::simd
