// What is done with pooled rows at the end: divided, narrowed, repeated.
#pragma once

#include "simd/store.hpp"

namespace rowan::simd {
namespace {

inline void divide_row(float* row, std::size_t dim, float divisor) noexcept {
  if (divisor == 0.0F) {
    for (std::size_t c = 0; c < dim; ++c) row[c] = 0.0F;
    return;
  }
  const Wide wide(divisor);
  std::size_t c = 0;
  for (; c + Wide::size <= dim; c += Wide::size) (Wide::load_unaligned(row + c) / wide).store_unaligned(row + c);
  for (; c < dim; ++c) row[c] = row[c] / divisor;
}

template <Element O>
inline void write_row(const float* row, std::size_t dim, Output<O>* out) noexcept {
  std::size_t c = 0;
  for (; c + Wide::size <= dim; c += Wide::size) store<O>(Wide::load_unaligned(row + c), out + c);
  for (; c < dim; ++c) store<O>(Scalar(row[c]), out + c);
}

template <Element O>
void finish(const FinishArgs& a) {
  auto* out = static_cast<Output<O>*>(a.out);
  for (std::size_t r = 0; r < a.count; ++r) {
    float* const row = a.rows + r * a.stride;
    if (a.divisors != nullptr && a.divisors[r] != 1.0F) divide_row(row, a.dim, a.divisors[r]);
    if (static_cast<const void*>(row) == static_cast<const void*>(out)) {
      out += a.out_stride;
      continue;
    }
    for (std::size_t k = 0; k < a.repeat; ++k, out += a.out_stride) write_row<O>(row, a.dim, out);
  }
}

}  // namespace
}  // namespace rowan::simd
