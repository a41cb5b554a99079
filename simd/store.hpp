// Stores of one register of f32 to each output type, round to nearest even whatever the caller's mode is, NaN kept;
// equal to simd/scalar.hpp's encoders bit for bit (NaN payloads apart).
#pragma once

#include "simd/registers.hpp"

namespace rowan::simd {
namespace {

template <Element O>
struct OutputOf {
  using Type = std::uint16_t;
};
template <>
struct OutputOf<Element::f32> {
  using Type = float;
};
template <Element O>
using Output = typename OutputOf<O>::Type;

// ---- to bf16: the upper half, after rounding; 32-bit lanes hold the result ----

#define ROWAN_ROUND_BF16(INTEGER, P, S)                                                     \
  inline INTEGER round_bf16(INTEGER bits) noexcept {                                        \
    const INTEGER odd = P##and_##S(P##srli_epi32(bits, 16), P##set1_epi32(1));              \
    return P##srli_epi32(P##add_epi32(bits, P##add_epi32(odd, P##set1_epi32(0x7FFF))), 16); \
  }                                                                                         \
  inline INTEGER quiet_bf16(INTEGER bits) noexcept { return P##or_##S(P##srli_epi32(bits, 16), P##set1_epi32(0x40)); }
ROWAN_ROUND_BF16(__m128i, _mm_, si128)
#if !defined(ROWAN_TIER_baseline)
ROWAN_ROUND_BF16(__m256i, _mm256_, si256)
#endif
#if defined(ROWAN_TIER_avx512)
ROWAN_ROUND_BF16(__m512i, _mm512_, si512)
#endif
#undef ROWAN_ROUND_BF16

/// Four 32-bit lanes below 2^16 to the low four 16-bit ones. SSE2 packs signed numbers only: they are made signed.
inline __m128i pack_halves(__m128i lanes) noexcept {
  const __m128i extended = _mm_srai_epi32(_mm_slli_epi32(lanes, 16), 16);
  return _mm_packs_epi32(extended, extended);
}

inline __m128i narrow_bf16(Four value) noexcept {
  const __m128 x = value;
  const __m128i bits = _mm_castps_si128(x);
  const __m128i is_nan = _mm_castps_si128(_mm_cmpunord_ps(x, x));
  const __m128i rounded = _mm_andnot_si128(is_nan, round_bf16(bits));
  return pack_halves(_mm_or_si128(rounded, _mm_and_si128(is_nan, quiet_bf16(bits))));
}

// ---- to f16 ----

#if defined(ROWAN_TIER_baseline)
/// f32 to f16 where the result is no denormal half; lanes where it is one get anything. Lanes in 32 bits.
inline __m128i narrow_normal_f16(__m128i magnitude) noexcept {
  const __m128i odd = _mm_and_si128(_mm_srli_epi32(magnitude, 13), _mm_set1_epi32(1));
  const __m128i rounded = _mm_add_epi32(_mm_add_epi32(magnitude, odd), _mm_set1_epi32(0xFFF - (112 << 23)));
  const __m128i large = _mm_cmpgt_epi32(magnitude, _mm_set1_epi32(0x477F'FFFF));  // from 65536 on
  const __m128i nan = _mm_cmpgt_epi32(magnitude, _mm_set1_epi32(0x7F80'0000));
  const __m128i finite = _mm_andnot_si128(large, _mm_srli_epi32(rounded, 13));
  const __m128i infinite = _mm_and_si128(large, _mm_set1_epi32(0x7C00));
  return _mm_or_si128(_mm_or_si128(finite, infinite), _mm_and_si128(nan, _mm_set1_epi32(0x0200)));
}

/// A denormal half is a multiple of 2^-24: the mantissa is shifted right by 1 to 24 places, nearest even. One lane at
/// a time, which is rare: these are values below 2^-14.
inline std::uint32_t narrow_small_f16(std::uint32_t magnitude) noexcept {
  const std::uint32_t exponent = magnitude >> 23;
  if (exponent < 102) return 0;  // below 2^-25, half of the smallest
  const std::uint32_t mantissa = (magnitude & 0x007F'FFFFU) | 0x0080'0000U;
  const std::uint32_t shift = 126 - exponent;
  return (mantissa + (1U << (shift - 1)) - 1 + ((mantissa >> shift) & 1U)) >> shift;
}

inline __m128i narrow_f16(Four value) noexcept {
  const __m128i bits = _mm_castps_si128(value);
  const __m128i magnitude = _mm_and_si128(bits, _mm_set1_epi32(0x7FFF'FFFF));
  const __m128i sign = _mm_and_si128(_mm_srli_epi32(bits, 16), _mm_set1_epi32(0x8000));
  __m128i halves = narrow_normal_f16(magnitude);
  const __m128i small = _mm_cmplt_epi32(magnitude, _mm_set1_epi32(0x3880'0000));  // below 2^-14
  if (_mm_movemask_epi8(small) != 0) {
    std::uint32_t magnitudes[4];
    std::uint32_t results[4];
    _mm_storeu_si128(reinterpret_cast<__m128i*>(magnitudes), magnitude);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(results), halves);
    for (int i = 0; i < 4; ++i) {
      if (magnitudes[i] < 0x3880'0000U) results[i] = narrow_small_f16(magnitudes[i]);
    }
    halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(results));
  }
  return pack_halves(_mm_or_si128(halves, sign));
}
#else
inline __m128i narrow_f16(Four value) noexcept {
  return _mm_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
#endif

// ---- wider registers ----

#if !defined(ROWAN_TIER_baseline)
inline __m128i narrow_f16(Eight value) noexcept {
  return _mm256_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
inline __m128i narrow_bf16(Eight value) noexcept {
  const __m256 x = value;
  const __m256i bits = _mm256_castps_si256(x);
  const __m256i is_nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
  const __m256i lanes = _mm256_blendv_epi8(round_bf16(bits), quiet_bf16(bits), is_nan);
  const __m256i packed = _mm256_packus_epi32(lanes, lanes);  // within each 128 bits
  return _mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0x08));
}
#endif

#if defined(ROWAN_TIER_avx512)
inline __m256i narrow_f16(Sixteen value) noexcept {
  return _mm512_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
inline __m256i narrow_bf16(Sixteen value) noexcept {
  const __m512 x = value;
  const __m512i bits = _mm512_castps_si512(x);
  const __mmask16 is_nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  return _mm512_cvtepi32_epi16(_mm512_mask_blend_epi32(is_nan, round_bf16(bits), quiet_bf16(bits)));
}
#endif

template <Element O, class V>
inline auto narrow(V value) noexcept {
  if constexpr (O == Element::f16) {
    return narrow_f16(value);
  } else {
    return narrow_bf16(value);
  }
}

/// V::size elements to p.
template <Element O, class V>
inline void store(V value, Output<O>* p) noexcept {
  if constexpr (O == Element::f32) {
    value.store_unaligned(p);
  } else if constexpr (V::size == 1) {
    const int bits = _mm_cvtsi128_si32(narrow<O>(Four(_mm_set_ss(value.value))));
    *p = static_cast<std::uint16_t>(bits);
  } else {
    const auto halves = narrow<O>(value);
    __builtin_memcpy(p, &halves, V::size * sizeof *p);
  }
}

/// The first `count` <= V::size elements to p.
template <Element O, class V>
inline void store_first(V value, Output<O>* p, std::size_t count) noexcept {
#if defined(ROWAN_TIER_avx512)
  if constexpr (O == Element::f32 && V::size == Wide::size) {
    return _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1U << count) - 1), value);
  }
#elif defined(ROWAN_TIER_avx2)
  if constexpr (O == Element::f32 &&
                V::size == Wide::size) {  // by halves: its masked store is slow on AMD's processors
    __m128 part = _mm256_castps256_ps128(value);
    if (count >= 4) {
      _mm_storeu_ps(p, part);
      part = _mm256_extractf128_ps(value, 1);
      p += 4;
      count -= 4;
    }
    if (count >= 2) {
      _mm_storel_pi(reinterpret_cast<__m64*>(p), part);
      part = _mm_movehl_ps(part, part);
      p += 2;
      count -= 2;
    }
    if (count != 0) _mm_store_ss(p, part);
    return;
  }
#endif
  Output<O> all[V::size];
  store<O>(value, all);
  for (std::size_t i = 0; i < count; ++i) p[i] = all[i];
}

/// V::size elements to p past the caches. p is aligned to the bytes that are written, at most 16.
template <Element O, class V>
inline void stream(V value, Output<O>* p) noexcept {
  constexpr std::size_t bytes = V::size * sizeof *p;
  alignas(64) Output<O> all[V::size];
  store<O>(value, all);
  auto* const to = reinterpret_cast<char*>(p);
  const auto* const from = reinterpret_cast<const char*>(all);
  if constexpr (bytes == 8) {
    long long bits;
    __builtin_memcpy(&bits, from, bytes);
    _mm_stream_si64(reinterpret_cast<long long*>(to), bits);
  } else {
    for (std::size_t at = 0; at < bytes; at += 16) {
      _mm_stream_si128(reinterpret_cast<__m128i*>(to + at),
                       _mm_load_si128(reinterpret_cast<const __m128i*>(from + at)));
    }
  }
}

/// What was streamed is seen by whoever is told that the call has returned.
inline void end_streaming() noexcept { _mm_sfence(); }

}  // namespace
}  // namespace rowan::simd
