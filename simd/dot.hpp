// Dot products of rows with a query, and of rows with themselves.
#pragma once

#include "simd/gather.hpp"

namespace rowan::simd {
namespace {

inline float total_of(__m128 lanes) noexcept {
  const __m128 two = _mm_add_ps(lanes, _mm_movehl_ps(lanes, lanes));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
#if !defined(ROWAN_TIER_baseline)
inline float total_of(__m256 lanes) noexcept {
  return total_of(_mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1)));
}
#endif
#if defined(ROWAN_TIER_avx512)
inline float total_of(__m512 lanes) noexcept {
  return total_of(_mm256_add_ps(_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps(lanes, 1)));
}
#endif

/// dot_lanes running sums of products, in as many registers as that takes.
struct Lanes {
  static constexpr std::size_t registers = dot_lanes / Wide::size;
  Wide sums[registers];

  Lanes() noexcept {
    for (Wide& sum : sums) sum = Wide(0.0F);
  }
  template <Element E>
  void add(const std::byte* at, const Scaling<E, Wide>& scaling, const float* query) noexcept {
    for (std::size_t k = 0; k < registers; ++k) {
      const Wide x = row_values<E>(at + k * Wide::size * bits_of(E) / 8, Wide::size, scaling);
      const Wide y = query != nullptr ? Wide::load_unaligned(query + k * Wide::size) : x;
      sums[k] = fused(x, y, sums[k]);
    }
  }
  /// The tree of reduce_lanes(), in registers: halves are added until one lane is left.
  float total() const noexcept {
#if defined(ROWAN_TIER_avx512)
    return total_of(static_cast<__m512>(sums[0]));
#elif defined(ROWAN_TIER_avx2)
    return total_of(static_cast<__m256>(sums[0] + sums[1]));
#else
    return total_of(static_cast<__m128>((sums[0] + sums[2]) + (sums[1] + sums[3])));
#endif
  }
};

/// A null query stands for the row itself.
template <Element E>
void dot(const DotArgs& a) {
  constexpr std::size_t at_once = 4;  // rows whose additions overlap
  const std::size_t whole = a.rows.dim - a.rows.dim % dot_lanes;
  const std::size_t rest = a.rows.dim - whole;
  float query_rest[dot_lanes] = {};
  if (a.query != nullptr) __builtin_memcpy(query_rest, a.query + whole, rest * sizeof(float));

  for (std::size_t first = 0; first < a.count; first += at_once) {
    const std::size_t rows = a.count - first < at_once ? a.count - first : at_once;
    Lanes lanes[at_once];
    const std::byte* row[at_once];
    Scaling<E, Wide> scaling[at_once];
    for (std::size_t r = 0; r < at_once; ++r) {  // past the end, the last row again: computed, not stored
      row[r] = a.rows.data + (first + (r < rows ? r : rows - 1)) * a.rows.stride;
      scaling[r] = Scaling<E, Wide>(row[r] + a.rows.parameters);
    }
    for (std::size_t c = 0; c < whole; c += dot_lanes) {
      for (std::size_t r = 0; r < at_once; ++r) {
        lanes[r].template add<E>(row[r] + c * bits_of(E) / 8, scaling[r], a.query != nullptr ? a.query + c : nullptr);
      }
    }
    if (rest != 0) {
      for (std::size_t r = 0; r < at_once; ++r) {
        std::byte padded[dot_lanes * sizeof(float)] = {};
        __builtin_memcpy(padded, row[r] + whole * bits_of(E) / 8, packed_bytes(E, rest));
        float values[dot_lanes];
        for (std::size_t k = 0; k < dot_lanes; k += Wide::size) {
          row_values<E>(padded + k * bits_of(E) / 8, Wide::size, scaling[r]).store_unaligned(values + k);
        }
        for (std::size_t c = rest; c < dot_lanes; ++c) values[c] = 0.0F;  // a code of 0 has the bias for its value
        __builtin_memcpy(padded, values, sizeof values);
        lanes[r].template add<Element::f32>(padded, {}, a.query != nullptr ? query_rest : nullptr);
      }
    }
    for (std::size_t r = 0; r < rows; ++r) a.out[first + r] = lanes[r].total();
  }
}

}  // namespace
}  // namespace rowan::simd
