// Loads of one register of f32 from each element type. With store.hpp and planes.hpp the only intrinsics of the
// kernels, for what xsimd 8.1 does not convert. Integer arithmetic or exact instructions only: the results do not
// depend on the caller's floating-point mode, and equal simd/scalar.hpp's bit for bit (NaN payloads apart).
//
// Load<V, E>::at(p): V::size elements from p on; of a quantised row their codes. A register that begins inside a
// quantised row may end in its scale and bias, never behind them: at the tail Load::tail(p, columns) is called,
// which reads no more than `columns` elements where the register is too wide for that.
#pragma once

#include "simd/registers.hpp"

namespace rowan::simd {
namespace {

inline __m128i load_8(const std::byte* p) noexcept { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)); }
inline __m128i load_16(const std::byte* p) noexcept { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
template <class Integer>
inline int load_integer(const std::byte* p) noexcept {
  Integer bits;
  __builtin_memcpy(&bits, p, sizeof bits);
  return static_cast<int>(bits);
}

// ---- f16, and f8 by way of it ----

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

/// e4m3fn in 16-bit lanes to f16 of 2^-8 times its value, which is exact: the same fields, one exponent bit more.
/// Its one NaN becomes one.
inline __m128i half_of_e4m3(__m128i bytes) noexcept {
  const __m128i magnitude = _mm_and_si128(bytes, _mm_set1_epi16(0x7F));
  const __m128i sign = _mm_slli_epi16(_mm_andnot_si128(_mm_set1_epi16(0x7F), bytes), 8);
  const __m128i nan = _mm_and_si128(_mm_cmpeq_epi16(magnitude, _mm_set1_epi16(0x7F)), _mm_set1_epi16(0x7E00));
  return _mm_or_si128(_mm_or_si128(_mm_slli_epi16(magnitude, 7), sign), nan);
}
constexpr float e4m3_scale = 256.0F;

/// The low bytes, each in the low half of a 16-bit lane, or in the high one, where an e5m2 is an f16.
inline __m128i low_halves(__m128i bytes) noexcept { return _mm_unpacklo_epi8(bytes, _mm_setzero_si128()); }
inline __m128i high_halves(__m128i bytes) noexcept { return _mm_unpacklo_epi8(_mm_setzero_si128(), bytes); }

template <class V, Element E>
struct Load;

template <class V>
struct Load<V, Element::f32> {
  static V at(const std::byte* p) noexcept { return V::load_unaligned(reinterpret_cast<const float*>(p)); }
};

// ---- one float ----

template <>
struct Load<Scalar, Element::f16> {
  static Scalar at(const std::byte* p) noexcept {
    return Scalar(_mm_cvtss_f32(widen_f16(_mm_cvtsi32_si128(load_integer<std::uint16_t>(p)))));
  }
};
template <>
struct Load<Scalar, Element::bf16> {
  static Scalar at(const std::byte* p) noexcept {
    return Scalar(_mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(load_integer<std::uint16_t>(p) << 16))));
  }
};
template <>
struct Load<Scalar, Element::f8_e4m3> {
  static Scalar at(const std::byte* p) noexcept {
    const __m128i half = half_of_e4m3(_mm_cvtsi32_si128(load_integer<std::uint8_t>(p)));
    return Scalar(_mm_cvtss_f32(widen_f16(half)) * e4m3_scale);
  }
};
template <>
struct Load<Scalar, Element::f8_e5m2> {
  static Scalar at(const std::byte* p) noexcept {
    return Scalar(_mm_cvtss_f32(widen_f16(_mm_cvtsi32_si128(load_integer<std::uint8_t>(p) << 8))));
  }
};

// ---- four floats ----

template <>
struct Load<Four, Element::f16> {
  static Four at(const std::byte* p) noexcept { return widen_f16(load_8(p)); }
};
template <>
struct Load<Four, Element::bf16> {
  static Four at(const std::byte* p) noexcept {
    return _mm_castsi128_ps(_mm_unpacklo_epi16(_mm_setzero_si128(), load_8(p)));
  }
};
template <>
struct Load<Four, Element::f8_e4m3> {
  static Four at(const std::byte* p) noexcept {
    const __m128i halves = half_of_e4m3(low_halves(_mm_cvtsi32_si128(load_integer<std::int32_t>(p))));
    return Four(widen_f16(halves)) * Four(e4m3_scale);
  }
};
template <>
struct Load<Four, Element::f8_e5m2> {
  static Four at(const std::byte* p) noexcept {
    return widen_f16(high_halves(_mm_cvtsi32_si128(load_integer<std::int32_t>(p))));
  }
};

#if defined(ROWAN_TIER_baseline)
template <>
struct Load<Four, Element::i8> {
  static Four at(const std::byte* p) noexcept {
    const __m128i halves = low_halves(_mm_cvtsi32_si128(load_integer<std::int32_t>(p)));
    return _mm_cvtepi32_ps(_mm_unpacklo_epi16(halves, _mm_setzero_si128()));
  }
  static Four tail(const std::byte* p, std::size_t) noexcept { return at(p); }
};
// There are no shifts by lane: codes are masked where they stand, and scaled by powers of two, which is exact.
template <>
struct Load<Four, Element::i4> {
  static Four at(const std::byte* p) noexcept {
    const __m128i codes =
        _mm_and_si128(_mm_set1_epi32(load_integer<std::uint16_t>(p)), _mm_setr_epi32(0xF, 0xF0, 0xF00, 0xF000));
    return _mm_mul_ps(_mm_cvtepi32_ps(codes), _mm_setr_ps(1.0F, 0x1p-4F, 0x1p-8F, 0x1p-12F));
  }
  static Four tail(const std::byte* p, std::size_t) noexcept { return at(p); }
};
template <>
struct Load<Four, Element::i2> {
  static Four at(const std::byte* p) noexcept {
    const __m128i codes =
        _mm_and_si128(_mm_set1_epi32(load_integer<std::uint8_t>(p)), _mm_setr_epi32(0x3, 0xC, 0x30, 0xC0));
    return _mm_mul_ps(_mm_cvtepi32_ps(codes), _mm_setr_ps(1.0F, 0x1p-2F, 0x1p-4F, 0x1p-6F));
  }
  static Four tail(const std::byte* p, std::size_t) noexcept { return at(p); }
};
#endif

// ---- eight floats ----

#if !defined(ROWAN_TIER_baseline)
template <>
struct Load<Eight, Element::f16> {
  static Eight at(const std::byte* p) noexcept { return _mm256_cvtph_ps(load_16(p)); }
};
template <>
struct Load<Eight, Element::bf16> {
  static Eight at(const std::byte* p) noexcept {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load_16(p)), 16));
  }
};
template <>
struct Load<Eight, Element::f8_e4m3> {
  static Eight at(const std::byte* p) noexcept {
    return Eight(_mm256_cvtph_ps(half_of_e4m3(_mm_cvtepu8_epi16(load_8(p))))) * Eight(e4m3_scale);
  }
};
template <>
struct Load<Eight, Element::f8_e5m2> {
  static Eight at(const std::byte* p) noexcept { return _mm256_cvtph_ps(high_halves(load_8(p))); }
};
#endif

#if defined(ROWAN_TIER_avx2)
template <>
struct Load<Eight, Element::i8> {
  static Eight at(const std::byte* p) noexcept { return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(load_8(p))); }
  static Eight tail(const std::byte* p, std::size_t) noexcept { return at(p); }
};
template <>
struct Load<Eight, Element::i4> {
  static Eight at(const std::byte* p) noexcept {
    const __m256i all = _mm256_set1_epi32(load_integer<std::int32_t>(p));
    const __m256i shifted = _mm256_srlv_epi32(all, _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28));
    return _mm256_cvtepi32_ps(_mm256_and_si256(shifted, _mm256_set1_epi32(0xF)));
  }
  static Eight tail(const std::byte* p, std::size_t) noexcept { return at(p); }
};
template <>
struct Load<Eight, Element::i2> {
  static Eight at(const std::byte* p) noexcept {
    const __m256i all = _mm256_set1_epi32(load_integer<std::uint16_t>(p));
    const __m256i shifted = _mm256_srlv_epi32(all, _mm256_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14));
    return _mm256_cvtepi32_ps(_mm256_and_si256(shifted, _mm256_set1_epi32(0x3)));
  }
  static Eight tail(const std::byte* p, std::size_t) noexcept { return at(p); }
};
#endif

// ---- sixteen floats ----

#if defined(ROWAN_TIER_avx512)
inline __m256i load_32(const std::byte* p) noexcept { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }

template <>
struct Load<Sixteen, Element::f16> {
  static Sixteen at(const std::byte* p) noexcept { return _mm512_cvtph_ps(load_32(p)); }
};
template <>
struct Load<Sixteen, Element::bf16> {
  static Sixteen at(const std::byte* p) noexcept {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(load_32(p)), 16));
  }
};
template <>
struct Load<Sixteen, Element::f8_e4m3> {
  static Sixteen at(const std::byte* p) noexcept {
    const __m256i bytes = _mm256_cvtepu8_epi16(load_16(p));
    const __m256i magnitude = _mm256_and_si256(bytes, _mm256_set1_epi16(0x7F));
    const __m256i sign = _mm256_slli_epi16(_mm256_andnot_si256(_mm256_set1_epi16(0x7F), bytes), 8);
    const __m256i is_nan = _mm256_cmpeq_epi16(magnitude, _mm256_set1_epi16(0x7F));
    const __m256i nan = _mm256_and_si256(is_nan, _mm256_set1_epi16(0x7E00));
    const __m256i halves = _mm256_or_si256(_mm256_or_si256(_mm256_slli_epi16(magnitude, 7), sign), nan);
    return Sixteen(_mm512_cvtph_ps(halves)) * Sixteen(e4m3_scale);
  }
};
template <>
struct Load<Sixteen, Element::f8_e5m2> {
  static Sixteen at(const std::byte* p) noexcept {
    return _mm512_cvtph_ps(_mm256_slli_epi16(_mm256_cvtepu8_epi16(load_16(p)), 8));
  }
};

/// The bytes of `columns` codes, as a mask of lanes to load.
inline __mmask16 bytes_to_load(std::size_t bits) noexcept {
  return static_cast<__mmask16>((1U << ((bits + 7) / 8)) - 1);
}

template <>
struct Load<Sixteen, Element::i8> {
  static Sixteen of(__m128i bytes) noexcept { return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)); }
  static Sixteen at(const std::byte* p) noexcept { return of(load_16(p)); }
  static Sixteen tail(const std::byte* p, std::size_t columns) noexcept {
    return of(_mm_maskz_loadu_epi8(bytes_to_load(8 * columns), p));
  }
};
template <>
struct Load<Sixteen, Element::i4> {
  static Sixteen of(__m128i bytes) noexcept {
    const __m512i pairs = _mm512_cvtepu8_epi64(bytes);  // a byte, two codes, in each 64 bits
    const __m512i apart = _mm512_or_si512(pairs, _mm512_slli_epi64(pairs, 28));
    return _mm512_cvtepi32_ps(_mm512_and_si512(apart, _mm512_set1_epi32(0xF)));
  }
  static Sixteen at(const std::byte* p) noexcept { return of(load_8(p)); }
  static Sixteen tail(const std::byte* p, std::size_t columns) noexcept {
    return of(_mm_maskz_loadu_epi8(bytes_to_load(4 * columns), p));
  }
};
template <>
struct Load<Sixteen, Element::i2> {
  static Sixteen at(const std::byte* p) noexcept {
    const __m512i all = _mm512_set1_epi32(load_integer<std::int32_t>(p));
    const __m512i places = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    return _mm512_cvtepi32_ps(_mm512_and_si512(_mm512_srlv_epi32(all, places), _mm512_set1_epi32(0x3)));
  }
  static Sixteen tail(const std::byte* p, std::size_t) noexcept { return at(p); }
};
#endif

// ---- scale and bias ----

struct Parameters {
  float scale;
  float bias;
};

template <Element E>
inline Parameters load_parameters(const std::byte* p) noexcept {
  if constexpr (E == Element::i8) {
    Parameters parameters;  // one by one: both in one load would pass through an integer register
    __builtin_memcpy(&parameters.scale, p, sizeof(float));
    __builtin_memcpy(&parameters.bias, p + sizeof(float), sizeof(float));
    return parameters;
  } else {
    const __m128 values = widen_f16(_mm_cvtsi32_si128(load_integer<std::int32_t>(p)));
    return {_mm_cvtss_f32(values), _mm_cvtss_f32(_mm_shuffle_ps(values, values, 1))};
  }
}

/// A row's scale and bias in every lane; of elements that have none, 1 and 0, which nobody reads.
template <Element E, class V>
struct Scaling {
  V scale = V(1.0F);
  V bias = V(0.0F);

  Scaling() = default;
  /// `p` is where they stand in the row.
  explicit Scaling([[maybe_unused]] const std::byte* p) noexcept {
    if constexpr (is_quantized(E)) {
      const Parameters parameters = load_parameters<E>(p);
      scale = V(parameters.scale);
      bias = V(parameters.bias);
    }
  }
};

}  // namespace
}  // namespace rowan::simd
