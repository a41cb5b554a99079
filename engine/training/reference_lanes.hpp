// Reductions over columns as the scalar reference of training does them: 16 lanes and a fixed tree.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "simd/order.hpp"

namespace rowan::detail {

/// Lane c % 16 becomes taken(c, lane) for one column after the other, then the lanes are added.
template <class Taken>
float sum_in_lanes(std::uint64_t dim, const Taken& taken) {
  float lanes[simd::dot_lanes] = {};
  for (std::uint64_t c = 0; c < dim; ++c) lanes[c % simd::dot_lanes] = taken(c, lanes[c % simd::dot_lanes]);
  return simd::reduce_lanes(lanes);
}

inline float sum_of_squares(const float* values, std::uint64_t dim) {
  return sum_in_lanes(dim, [&](std::uint64_t c, float lane) { return std::fma(values[c], values[c], lane); });
}

}  // namespace rowan::detail
