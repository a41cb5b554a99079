// Rows that are worked on together, because L1 holds them.
#pragma once

#include <algorithm>
#include <cstddef>

#include "simd/kernels.hpp"

namespace rowan::detail {

inline constexpr std::size_t block_floats = 4096;

constexpr std::size_t rows_of_block(std::size_t dim) noexcept {
  return std::clamp<std::size_t>(block_floats / dim, 1, simd::most_step_rows);
}

/// Calls body(first, last) for [begin, end) in blocks of rows of that dim.
template <class Body>
void for_each_block(std::size_t begin, std::size_t end, std::size_t dim, const Body& body) {
  const std::size_t step = rows_of_block(dim);
  for (std::size_t first = begin; first < end; first += step) body(first, std::min(end, first + step));
}

}  // namespace rowan::detail
