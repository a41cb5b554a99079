// Loads of one register of f32 from each element type: the only intrinsics in Rowan, for what xsimd 8.1 does
// not convert. Included by tier.cpp alone. Integer arithmetic or exact instructions only: the results do not
// depend on the caller's floating-point mode, and equal simd/scalar.hpp's bit for bit (NaN payloads apart).
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <xsimd/xsimd.hpp>

#include "simd/kernels.hpp"
#include "simd/order.hpp"

namespace rowan::simd {
namespace {

/// One float that looks like a batch, for rows narrower than the narrowest register.
struct Scalar {
  static constexpr std::size_t size = 1;
  float value;

  Scalar() = default;
  explicit Scalar(float v) noexcept : value(v) {}
  static Scalar load_unaligned(const float* p) noexcept {
    float v;
    __builtin_memcpy(&v, p, sizeof v);
    return Scalar(v);
  }
  void store_unaligned(float* p) const noexcept { *p = value; }
  friend Scalar operator+(Scalar a, Scalar b) noexcept { return Scalar(a.value + b.value); }
  friend Scalar operator*(Scalar a, Scalar b) noexcept { return Scalar(a.value * b.value); }
};

/// x where x > kept, else kept (also where either is NaN).
inline Scalar greater_or_keep(Scalar x, Scalar kept) noexcept { return greater(x.value, kept.value) ? x : kept; }

template <class Arch>
using Batch = xsimd::batch<float, Arch>;

template <class Arch>
inline Batch<Arch> greater_or_keep(Batch<Arch> x, Batch<Arch> kept) noexcept {
  auto is_greater = x > kept;
  // Opaque for the reason that greater() in simd/order.hpp gives: this must not become a MAXPS.
  if constexpr (sizeof is_greater.data < sizeof(float) * Batch<Arch>::size) {
    __asm__("" : "+Yk"(is_greater.data));
  } else {
    __asm__("" : "+x"(is_greater.data));
  }
  return xsimd::select(is_greater, x, kept);
}

#if defined(ROWAN_TIER_baseline)
inline __m128 widen_f16(__m128i halves) noexcept {  // the low four
  const __m128i h = _mm_unpacklo_epi16(halves, _mm_setzero_si128());
  const __m128i magnitude = _mm_and_si128(h, _mm_set1_epi32(0x7FFF));
  const __m128i sign = _mm_slli_epi32(_mm_xor_si128(h, magnitude), 16);
  const __m128i bias = _mm_set1_epi32(112 << 23);
  const __m128i special = _mm_cmpgt_epi32(magnitude, _mm_set1_epi32(0x7BFF));  // infinity, NaN
  const __m128i nan = _mm_cmpgt_epi32(magnitude, _mm_set1_epi32(0x7C00));
  __m128i normal = _mm_add_epi32(_mm_slli_epi32(magnitude, 13), bias);
  normal = _mm_add_epi32(normal, _mm_and_si128(special, bias));
  normal = _mm_or_si128(normal, _mm_and_si128(nan, _mm_set1_epi32(0x0040'0000)));
  // A denormal half is mantissa * 2^-24: the conversion is exact, the scaling is done on the exponent bits.
  const __m128i scaled = _mm_sub_epi32(_mm_castps_si128(_mm_cvtepi32_ps(magnitude)), _mm_set1_epi32(24 << 23));
  const __m128i zero = _mm_cmpeq_epi32(magnitude, _mm_setzero_si128());
  const __m128i small = _mm_andnot_si128(zero, scaled);
  const __m128i is_small = _mm_cmpgt_epi32(_mm_set1_epi32(0x400), magnitude);
  const __m128i value = _mm_or_si128(_mm_and_si128(is_small, small), _mm_andnot_si128(is_small, normal));
  return _mm_castsi128_ps(_mm_or_si128(value, sign));
}
#else
inline __m128 widen_f16(__m128i halves) noexcept { return _mm_cvtph_ps(halves); }
#endif

template <class V, Element E>
struct Load;

template <class V>
struct Load<V, Element::f32> {
  static V at(const std::byte* p) noexcept { return V::load_unaligned(reinterpret_cast<const float*>(p)); }
};

template <>
struct Load<Batch<xsimd::sse2>, Element::f16> {
  static Batch<xsimd::sse2> at(const std::byte* p) noexcept {
    return widen_f16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
  }
};
template <>
struct Load<Batch<xsimd::sse2>, Element::bf16> {
  static Batch<xsimd::sse2> at(const std::byte* p) noexcept {
    const __m128i x = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
    return _mm_castsi128_ps(_mm_unpacklo_epi16(_mm_setzero_si128(), x));
  }
};

template <>
struct Load<Scalar, Element::f16> {
  static Scalar at(const std::byte* p) noexcept {
    std::uint16_t bits;
    __builtin_memcpy(&bits, p, sizeof bits);
    return Scalar(_mm_cvtss_f32(widen_f16(_mm_cvtsi32_si128(bits))));
  }
};
template <>
struct Load<Scalar, Element::bf16> {
  static Scalar at(const std::byte* p) noexcept {
    std::uint16_t bits;
    __builtin_memcpy(&bits, p, sizeof bits);
    return Scalar(_mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(static_cast<int>(std::uint32_t{bits} << 16)))));
  }
};

#if !defined(ROWAN_TIER_baseline)
template <>
struct Load<Batch<xsimd::avx2>, Element::f16> {
  static Batch<xsimd::avx2> at(const std::byte* p) noexcept {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
};
template <>
struct Load<Batch<xsimd::avx2>, Element::bf16> {
  static Batch<xsimd::avx2> at(const std::byte* p) noexcept {
    const __m256i x = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    return _mm256_castsi256_ps(_mm256_slli_epi32(x, 16));
  }
};
#endif

#if defined(ROWAN_TIER_avx512)
template <>
struct Load<Batch<xsimd::avx512bw>, Element::f16> {
  static Batch<xsimd::avx512bw> at(const std::byte* p) noexcept {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
};
template <>
struct Load<Batch<xsimd::avx512bw>, Element::bf16> {
  static Batch<xsimd::avx512bw> at(const std::byte* p) noexcept {
    const __m512i x = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
    return _mm512_castsi512_ps(_mm512_slli_epi32(x, 16));
  }
};
#endif

}  // namespace
}  // namespace rowan::simd
