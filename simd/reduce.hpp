// The order in which the lanes of a dot product are added, the same for every tier and the reference.
#pragma once

#include "simd/kernels.hpp"

namespace rowan::simd {

/// The fixed tree. Always inlined: no tier may leave behind a copy that another one could be linked to.
[[gnu::always_inline]] inline float reduce_lanes(const float (&lanes)[dot_lanes]) noexcept {
  float sums[dot_lanes / 2];
  for (int i = 0; i < 8; ++i) sums[i] = lanes[i] + lanes[i + 8];
  for (int i = 0; i < 4; ++i) sums[i] = sums[i] + sums[i + 4];
  for (int i = 0; i < 2; ++i) sums[i] = sums[i] + sums[i + 2];
  return sums[0] + sums[1];
}

}  // namespace rowan::simd
