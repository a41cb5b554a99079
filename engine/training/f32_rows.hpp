// Rows as f32, [count, dim] and contiguous: read, divided, squared.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rowan/dtype.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

/// Rows of any type, by number; `readable` numbers may be read, to prefetch their rows.
inline void to_f32(const simd::KernelTable& kernels, DType dtype, const simd::Rows& rows, const std::uint64_t* numbers,
                   std::size_t count, float* out, std::size_t readable, simd::Prefetch prefetch) noexcept {
  kernels.gather[static_cast<int>(dtype)][0]({.rows = rows,
                                              .indices = reinterpret_cast<const std::byte*>(numbers),
                                              .index_bytes = sizeof *numbers,
                                              .count = count,
                                              .readable = readable,
                                              .out = out,
                                              .out_stride = rows.dim,
                                              .prefetch = prefetch,
                                              .streaming = false});
}
inline void to_f32(const simd::KernelTable& kernels, DType dtype, const simd::Rows& rows, const std::uint64_t* numbers,
                   std::size_t count, float* out) noexcept {
  to_f32(kernels, dtype, rows, numbers, count, out, count, {0, 0});
}

/// Each row by its divisor, where it stands: not by 1, and by 0 it becomes +0.
inline void divide(const simd::KernelTable& kernels, float* rows, std::size_t count, std::size_t dim,
                   const float* divisors) noexcept {
  kernels.finish[0]({.rows = rows,
                     .stride = dim,
                     .dim = dim,
                     .count = count,
                     .divisors = divisors,
                     .out = rows,
                     .out_stride = dim,
                     .repeat = 1});
}

/// The squares of each of [rows, dim] values, summed.
inline void row_squares(const simd::KernelTable& kernels, const float* values, std::size_t rows, std::size_t dim,
                        float* squares) noexcept {
  kernels.dot[0]({.rows = {reinterpret_cast<const std::byte*>(values), dim * sizeof(float), dim, 0},
                  .count = rows,
                  .query = nullptr,
                  .out = squares});
}

/// `sum`, and one value after the other added to it.
inline double added_to(double sum, const float* values, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(values[i]);
  return sum;
}

}  // namespace rowan::detail
