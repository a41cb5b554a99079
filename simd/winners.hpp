// Max and min backwards: which row of a bag gave each column, and what that row's gradient gets of it.
#pragma once

#include "simd/fused.hpp"

namespace rowan::simd {
namespace {

/// The comparison is that of the forward pass: the first of equal values wins, and a NaN in a later row never does.
inline void winners(const WinnersArgs& a) {
  const std::uint32_t turned = a.smallest ? 0x8000'0000U : 0U;  // signs turned round: one comparison for both
  const float* const __restrict row = a.row;
  float* const __restrict best = a.best;
  std::uint32_t* const __restrict winner = a.winners;
  for (std::size_t c = 0; c < a.dim; ++c) {
    const float value = __builtin_bit_cast(float, __builtin_bit_cast(std::uint32_t, row[c]) ^ turned);
    const float kept = best[c];
    const std::uint32_t before = winner[c];
    const bool wins = a.first | (value > kept);
    best[c] = wins ? value : kept;
    winner[c] = wins ? a.name : before;
  }
}

inline void add_term(const AddTermArgs& a) {
  const float* const __restrict gradient = a.gradient;
  float* const __restrict out = a.out;
  if (a.winners == nullptr) {
    for_columns(a.dim, [&]<class V>(V, std::size_t c) {
      fused(V(a.weight), V::load_unaligned(gradient + c), V::load_unaligned(out + c)).store_unaligned(out + c);
    });
    return;
  }
  const std::uint32_t* const __restrict winner = a.winners;
  for (std::size_t c = 0; c < a.dim; ++c) {
    const float value = gradient[c];
    out[c] = out[c] + (winner[c] == a.position ? value : 0.0F);
  }
}

}  // namespace
}  // namespace rowan::simd
