// fused(a, b, c): a * b + c with one rounding, in every kind of register and in the caller's floating-point mode. AVX2
// and AVX-512 have an instruction for it; xsimd 8.1's fma() is not used, for on AVX-512 it compiles to a multiplication
// and an addition. The baseline computes the same bits in double.
#pragma once

#include "simd/registers.hpp"

namespace rowan::simd {
namespace {

#if defined(ROWAN_TIER_baseline)

// A product of two floats is exact in double: 48 of 53 bits, and no exponent that double does not have. Its sum with c
// is rounded to 53 bits, and then to a float's 24; twice rounded is wrong only where the first rounding leaves what is
// half way between two floats, or where the float is denormal and has fewer bits. There the sum is made odd
// first (S. Boldo and G. Melquiond, 2008): of the two doubles around an exact sum that is none, the one with an odd
// last bit rounds to the same float as the exact sum does, in every rounding mode.

/// The sum of `product` and `addend`, rounded to odd; `sum` is that sum as it was rounded.
[[gnu::noinline, gnu::cold]] inline double odd_sum(double product, double addend, double sum) noexcept {
  const bool ordered = __builtin_fabs(product) >= __builtin_fabs(addend);
  const double larger = ordered ? product : addend;
  const double smaller = ordered ? addend : product;
  // The error's sign is right in every rounding mode, and it is 0 where there is none: sum - larger is exact.
  const double error = smaller - (sum - larger);
  std::int64_t bits;
  __builtin_memcpy(&bits, &sum, sizeof bits);
  const bool inexact = error > 0.0 || error < 0.0;  // and not NaN, which an infinite sum makes it
  if (!inexact || (bits & 1) != 0) return sum;
  bits += (error > 0.0) == (sum > 0.0) ? 1 : -1;
  __builtin_memcpy(&sum, &bits, sizeof sum);
  return sum;
}

constexpr int low_bits = 0x1FFF'FFFF;           // of a double's last 32: those that a float does not have
constexpr int half_way = 0x1000'0000;           // between two floats
constexpr int least_normal_high = 0x3810'0000;  // the upper half of the least normal float, as a double

/// Lanes of 32 bits, all ones where a sum, of which these are the lower and the upper halves, must be made odd.
inline __m128i rounds_twice(__m128i low, __m128i high) noexcept {
  const __m128i half = _mm_cmpeq_epi32(_mm_and_si128(low, _mm_set1_epi32(low_bits)), _mm_set1_epi32(half_way));
  const __m128i magnitude = _mm_and_si128(high, _mm_set1_epi32(0x7FFF'FFFF));
  const __m128i small = _mm_cmpgt_epi32(_mm_set1_epi32(least_normal_high), magnitude);
  const __m128i not_zero = _mm_cmpgt_epi32(magnitude, _mm_setzero_si128());
  return _mm_or_si128(half, _mm_and_si128(small, not_zero));
}

inline __m128d odd_sums(__m128d products, __m128d addends, __m128d sums) noexcept {
  const double low = odd_sum(_mm_cvtsd_f64(products), _mm_cvtsd_f64(addends), _mm_cvtsd_f64(sums));
  const double high =
      odd_sum(_mm_cvtsd_f64(_mm_unpackhi_pd(products, products)), _mm_cvtsd_f64(_mm_unpackhi_pd(addends, addends)),
              _mm_cvtsd_f64(_mm_unpackhi_pd(sums, sums)));
  return _mm_setr_pd(low, high);
}

[[gnu::noinline, gnu::cold]] inline __m128 fused_by_odd_sums(__m128 a, __m128 b, __m128 c) noexcept {
  __m128d sums[2];
  for (__m128d& half : sums) {
    const __m128d products = _mm_mul_pd(_mm_cvtps_pd(a), _mm_cvtps_pd(b));
    const __m128d addends = _mm_cvtps_pd(c);
    half = odd_sums(products, addends, _mm_add_pd(products, addends));
    a = _mm_movehl_ps(a, a);
    b = _mm_movehl_ps(b, b);
    c = _mm_movehl_ps(c, c);
  }
  return _mm_movelh_ps(_mm_cvtpd_ps(sums[0]), _mm_cvtpd_ps(sums[1]));
}

inline Four fused(Four x, Four y, Four z) noexcept {
  const __m128 a = x;
  const __m128 b = y;
  const __m128 c = z;
  const __m128d low = _mm_add_pd(_mm_mul_pd(_mm_cvtps_pd(a), _mm_cvtps_pd(b)), _mm_cvtps_pd(c));
  const __m128d high = _mm_add_pd(_mm_mul_pd(_mm_cvtps_pd(_mm_movehl_ps(a, a)), _mm_cvtps_pd(_mm_movehl_ps(b, b))),
                                  _mm_cvtps_pd(_mm_movehl_ps(c, c)));
  const __m128 sums_low = _mm_castpd_ps(low);
  const __m128 sums_high = _mm_castpd_ps(high);
  const __m128i twice = rounds_twice(_mm_castps_si128(_mm_shuffle_ps(sums_low, sums_high, 0x88)),
                                     _mm_castps_si128(_mm_shuffle_ps(sums_low, sums_high, 0xDD)));
  if (__builtin_expect(_mm_movemask_epi8(twice) != 0, 0)) return fused_by_odd_sums(a, b, c);
  return _mm_movelh_ps(_mm_cvtpd_ps(low), _mm_cvtpd_ps(high));
}

inline Scalar fused(Scalar a, Scalar b, Scalar c) noexcept {
  const double product = static_cast<double>(a.value) * static_cast<double>(b.value);
  const auto addend = static_cast<double>(c.value);
  double sum = product + addend;
  std::int64_t bits;
  __builtin_memcpy(&bits, &sum, sizeof bits);
  const auto high = static_cast<int>(bits >> 32) & 0x7FFF'FFFF;
  if ((bits & low_bits) == half_way || (high != 0 && high < least_normal_high)) sum = odd_sum(product, addend, sum);
  return Scalar(static_cast<float>(sum));
}

#else

inline Scalar fused(Scalar a, Scalar b, Scalar c) noexcept { return Scalar(__builtin_fmaf(a.value, b.value, c.value)); }
inline Four fused(Four a, Four b, Four c) noexcept { return _mm_fmadd_ps(a, b, c); }
inline Eight fused(Eight a, Eight b, Eight c) noexcept { return _mm256_fmadd_ps(a, b, c); }
#if defined(ROWAN_TIER_avx512)
inline Sixteen fused(Sixteen a, Sixteen b, Sixteen c) noexcept { return _mm512_fmadd_ps(a, b, c); }
#endif

#endif

}  // namespace
}  // namespace rowan::simd
