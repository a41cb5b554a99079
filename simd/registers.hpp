// The registers of the tier that is being compiled: xsimd's batches, with the architecture always explicit, and a
// single float that looks like one. Included by the files that tier.cpp is made of, and by no other.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <xsimd/xsimd.hpp>

#include "simd/kernels.hpp"
#include "simd/order.hpp"
#include "simd/prefetch.hpp"

namespace rowan::simd {
namespace {

template <class Arch>
using Batch = xsimd::batch<float, Arch>;

#if defined(ROWAN_TIER_avx512)
using Full = xsimd::avx512bw;
constexpr std::uint32_t features = feature_sse2 | feature_avx2 | feature_fma | feature_f16c | feature_avx512f |
                                   feature_avx512cd | feature_avx512dq | feature_avx512bw | feature_avx512vl;
#elif defined(ROWAN_TIER_avx2)
using Full = xsimd::avx2;
constexpr std::uint32_t features = feature_sse2 | feature_avx2 | feature_fma | feature_f16c;
#elif defined(ROWAN_TIER_baseline)
using Full = xsimd::sse2;
constexpr std::uint32_t features = feature_sse2;
#else
#error "ROWAN_TIER_<name> must name the tier that this unit is compiled for"
#endif

using Wide = Batch<Full>;
using Four = Batch<xsimd::sse2>;
#if !defined(ROWAN_TIER_baseline)
using Eight = Batch<xsimd::avx2>;
#endif
#if defined(ROWAN_TIER_avx512)
using Sixteen = Batch<xsimd::avx512bw>;
#endif

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
  void store_unaligned(float* p) const noexcept { __builtin_memcpy(p, &value, sizeof value); }
  friend Scalar operator+(Scalar a, Scalar b) noexcept { return Scalar(a.value + b.value); }
  friend Scalar operator-(Scalar a, Scalar b) noexcept { return Scalar(a.value - b.value); }
  friend Scalar operator*(Scalar a, Scalar b) noexcept { return Scalar(a.value * b.value); }
  friend Scalar operator/(Scalar a, Scalar b) noexcept { return Scalar(a.value / b.value); }
};

/// x where x > kept, else kept (also where either is NaN); with signs flipped, x where x < kept.
inline Scalar extreme_or_keep(Scalar x, Scalar kept, bool smallest) noexcept {
  const bool taken = smallest ? greater(kept.value, x.value) : greater(x.value, kept.value);
  return taken ? x : kept;
}

template <class Arch>
inline Batch<Arch> extreme_or_keep(Batch<Arch> x, Batch<Arch> kept, Batch<Arch> flipped) noexcept {
  auto taken = (x ^ flipped) > (kept ^ flipped);
  // Opaque for the reason that greater() in simd/order.hpp gives: this must not become a MAXPS.
  if constexpr (sizeof taken.data < sizeof(float) * Batch<Arch>::size) {
    __asm__("" : "+Yk"(taken.data));
  } else {
    __asm__("" : "+x"(taken.data));
  }
  return xsimd::select(taken, x, kept);
}

/// A value that is computed in the branch where this stands, and nowhere else. Without it clang makes one
/// multiplication of `factor != 1 ? factor * x : x` and one addition of `adds ? 0 + x : x`; and neither 1 * x nor x - 0
/// is x where the caller's mode flushes denormals.
inline Scalar computed_here(Scalar x) noexcept {
  __asm__ volatile("" : "+x"(x.value));
  return x;
}
template <class Arch>
inline Batch<Arch> computed_here(Batch<Arch> x) noexcept {
#if defined(ROWAN_TIER_avx512)
  __asm__ volatile("" : "+v"(x.data));
#else
  __asm__ volatile("" : "+x"(x.data));
#endif
  return x;
}

/// What extreme_or_keep() takes to look for the smallest or the largest.
template <class V>
struct Direction {
  explicit Direction(bool smallest) noexcept : flipped(smallest ? -0.0F : 0.0F) {}
  V operator()(V x, V kept) const noexcept { return extreme_or_keep(x, kept, flipped); }
  V flipped;
};
template <>
struct Direction<Scalar> {
  explicit Direction(bool wanted) noexcept : smallest(wanted) {}
  Scalar operator()(Scalar x, Scalar kept) const noexcept { return extreme_or_keep(x, kept, smallest); }
  bool smallest;
};

/// Calls body(v, c) for columns c of [0, dim), v a register of any value: full ones first, then what is left over.
template <class Body>
inline void for_columns(std::size_t dim, const Body& body) noexcept {
  std::size_t c = 0;
  for (; c + Wide::size <= dim; c += Wide::size) body(Wide(0.0F), c);
#if !defined(ROWAN_TIER_baseline)
  for (; c + Four::size <= dim; c += Four::size) body(Four(0.0F), c);
#endif
  for (; c < dim; ++c) body(Scalar(0.0F), c);
}

inline std::uint64_t load_index_64(const std::byte* p) noexcept {
  std::uint64_t index;
  __builtin_memcpy(&index, p, sizeof index);
  return index;
}
inline std::uint64_t load_index_32(const std::byte* p) noexcept {
  std::uint32_t index;
  __builtin_memcpy(&index, p, sizeof index);
  return index;
}

enum class Level { l1, l2 };

template <Level L>
inline void prefetch(const std::byte* p) noexcept {
  if constexpr (L == Level::l1) {
    prefetch_into_l1(p);
  } else {
    prefetch_into_l2(p);
  }
}

}  // namespace
}  // namespace rowan::simd
