// Reductions over columns as the scalar reference of training does them: 16 lanes and a fixed tree.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/order.hpp"

namespace rowan::detail {

/// The sum of term(c) over columns: lane c % 16 takes them in order, then the lanes are added.
template <class Term>
float sum_in_lanes(std::uint64_t dim, const Term& term) {
  float lanes[simd::dot_lanes] = {};
  for (std::uint64_t c = 0; c < dim; ++c) {
    const float x = term(c);
    lanes[c % simd::dot_lanes] = lanes[c % simd::dot_lanes] + x;
  }
  return simd::reduce_lanes(lanes);
}

inline float sum_of_squares(const float* values, std::uint64_t dim) {
  return sum_in_lanes(dim, [&](std::uint64_t c) { return values[c] * values[c]; });
}

}  // namespace rowan::detail
