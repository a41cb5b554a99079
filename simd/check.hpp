// Checks of indices and offsets, whole arrays at a time: they say whether all are good, not which one is bad.
#pragma once

#include <limits>
#include <type_traits>

#include "simd/registers.hpp"

namespace rowan::simd {
namespace {

template <class Int>
bool any_negative(xsimd::batch<Int, Full> bits) noexcept {
#if defined(ROWAN_TIER_avx512)
  return (sizeof(Int) == 8 ? _mm512_movepi64_mask(bits) : _mm512_movepi32_mask(bits)) != 0;
#elif defined(ROWAN_TIER_avx2)
  return (sizeof(Int) == 8 ? _mm256_movemask_pd(_mm256_castsi256_pd(bits))
                           : _mm256_movemask_ps(_mm256_castsi256_ps(bits))) != 0;
#else
  return (sizeof(Int) == 8 ? _mm_movemask_pd(_mm_castsi128_pd(bits)) : _mm_movemask_ps(_mm_castsi128_ps(bits))) != 0;
#endif
}

/// How many elements, of at most `size`, lie before the first that begins a register's width in memory: a register that
/// is loaded across the end of a cache line takes two loads.
template <class Int>
std::size_t to_alignment(const Int* x, std::size_t size) noexcept {
  return (0 - reinterpret_cast<std::uintptr_t>(x) / sizeof(Int)) % size;
}

/// x is in [0, most] exactly when neither x nor most - x has its sign bit; no overflow where x >= 0. An unsigned x
/// beyond the signed range is a negative one here. What is left at the end is looked at in a register that overlaps
/// the one before it.
template <class Signed>
bool within(const Signed* x, std::size_t count, Signed most) {
  using V = xsimd::batch<Signed, Full>;
  using Unsigned = std::make_unsigned_t<Signed>;
  if (count < V::size) {
    bool ok = true;
    for (std::size_t i = 0; i < count; ++i) ok &= static_cast<Unsigned>(x[i]) <= static_cast<Unsigned>(most);
    return ok;
  }
  V bad[4] = {V(0), V(0), V(0), V(0)};
  const V limit(most);
  const auto look = [&](std::size_t at, std::size_t k) {
    const V v = V::load_unaligned(x + at);
    bad[k] = bad[k] | v | (limit - v);
  };
  look(0, 0);
  std::size_t i = to_alignment(x, V::size);
  for (; i + 4 * V::size <= count; i += 4 * V::size) {
    for (std::size_t k = 0; k < 4; ++k) look(i + k * V::size, k);
  }
  for (; i + V::size <= count; i += V::size) look(i, 0);
  if (i != count) look(count - V::size, 1);
  return !any_negative<Signed>((bad[0] | bad[1]) | (bad[2] | bad[3]));
}

/// For types that a signed one of their width cannot stand for: the compiler's own vectors.
template <class Unsigned>
bool all_at_most(const Unsigned* x, std::size_t count, Unsigned most) {
  bool ok = true;
  for (std::size_t i = 0; i < count; ++i) ok &= x[i] <= most;
  return ok;
}

template <class Index>
bool indices_ok(const void* p, std::size_t count, std::uint64_t rows) {
  using Signed = std::make_signed_t<Index>;
  constexpr auto greatest = static_cast<std::uint64_t>(std::numeric_limits<Index>::max());
  constexpr auto greatest_signed = static_cast<std::uint64_t>(std::numeric_limits<Signed>::max());
  const auto* x = static_cast<const Index*>(p);
  if (rows == 0) return count == 0;
  const std::uint64_t most = rows - 1 < greatest ? rows - 1 : greatest;
  if constexpr (sizeof(Index) >= 4) {
    if (most <= greatest_signed) {
      return within(reinterpret_cast<const Signed*>(x), count, static_cast<Signed>(most));
    }
  }
  return most == greatest || all_at_most(x, count, static_cast<Index>(most));
}

/// Offsets never decrease exactly when no successor minus its predecessor is negative, all being in [0, most].
template <class Signed>
bool ascending_within(const Signed* x, std::size_t count, Signed most) {
  using V = xsimd::batch<Signed, Full>;
  bool ok = true;
  if (count <= V::size) {
    for (std::size_t i = 0; i < count; ++i) ok &= x[i] >= 0 && x[i] <= most && (i + 1 == count || x[i] <= x[i + 1]);
    return ok;
  }
  V bad(0);
  const V limit(most);
  const auto look = [&](std::size_t at) {  // one more is read than checked: its successor
    const V v = V::load_unaligned(x + at);
    const V next = V::load_unaligned(x + at + 1);
    bad = bad | v | (limit - v) | (next - v);
  };
  std::size_t i = 0;
  for (; i + V::size < count; i += V::size) look(i);
  look(count - 1 - V::size);
  return !any_negative<Signed>(bad) && x[count - 1] >= 0 && x[count - 1] <= most;
}

template <class Index>
bool offsets_ok(const void* p, std::size_t count, std::uint64_t indices) {
  using Signed = std::make_signed_t<Index>;
  constexpr auto greatest = static_cast<std::uint64_t>(std::numeric_limits<Index>::max());
  constexpr auto greatest_signed = static_cast<std::uint64_t>(std::numeric_limits<Signed>::max());
  const auto* x = static_cast<const Index*>(p);
  const std::uint64_t most = indices < greatest ? indices : greatest;
  if constexpr (sizeof(Index) >= 4) {
    if (most <= greatest_signed) {
      return ascending_within(reinterpret_cast<const Signed*>(x), count, static_cast<Signed>(most));
    }
  }
  bool ok = all_at_most(x, count, static_cast<Index>(most));
  for (std::size_t i = 1; i < count; ++i) ok &= x[i - 1] <= x[i];
  return ok;
}

}  // namespace
}  // namespace rowan::simd
