// Norms of rows of f32.
#pragma once

#include <cstddef>

#include "engine/training/row_blocks.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

/// The squares of each of [rows, dim] values, summed.
inline void row_squares(const simd::KernelTable& kernels, const float* values, std::size_t rows, std::size_t dim,
                        float* squares) noexcept {
  kernels.dot[0]({.rows = {reinterpret_cast<const std::byte*>(values), dim * sizeof(float), dim, 0},
                  .count = rows,
                  .query = nullptr,
                  .out = squares});
}

inline double sum_of(const float* values, std::size_t count) noexcept {
  double sum = 0.0;
  for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(values[i]);
  return sum;
}

}  // namespace rowan::detail
