// Pooling of bags, in as many passes over the columns as their registers ask for.
#pragma once

#include "simd/columns.hpp"
#if defined(ROWAN_TIER_avx2)
#include "simd/planes.hpp"
#endif

namespace rowan::simd {
namespace {

/// A function of its own, with all that it calls inside: registers are allotted for the loops of one width at a time.
template <Element E, Op O, IndexRead R, class V, int N>
[[gnu::noinline, gnu::flatten]] void pool_columns(const PoolArgs& a, std::size_t first, std::size_t end) {
  pool_bags(a, Columns<E, O, R, V, N>(a, first, end));
}

/// The function for so many registers, of [Low, High], by halves.
template <Element E, Op O, IndexRead R, class V, int Low, int High>
void pool_registers(const PoolArgs& a, std::size_t registers, std::size_t first, std::size_t end) {
  if constexpr (Low == High) {
    pool_columns<E, O, R, V, Low>(a, first, end);
  } else {
    constexpr int middle = (Low + High) / 2;
    if (registers <= middle) return pool_registers<E, O, R, V, Low, middle>(a, registers, first, end);
    pool_registers<E, O, R, V, middle + 1, High>(a, registers, first, end);
  }
}

/// Splits the columns from `first` on into passes of equal width (give or take a register) of at most Max registers.
template <Element E, Op O, IndexRead R, class V, int Max>
void pool_passes(const PoolArgs& a, std::size_t first = 0) {
  const std::size_t registers = (a.rows.dim - first + V::size - 1) / V::size;
  if (registers <= Max) return pool_registers<E, O, R, V, 1, Max>(a, registers, first, a.rows.dim);
  const std::size_t passes = (registers + Max - 1) / Max;
  std::size_t done = 0;
  for (std::size_t pass = 0; pass < passes; ++pass) {
    const std::size_t next = registers * (pass + 1) / passes;
    const std::size_t end = pass + 1 == passes ? a.rows.dim : first + next * V::size;
    pool_registers<E, O, R, V, 1, Max>(a, next - done, first + done * V::size, end);
    done = next;
  }
}

/// Registers of one pass: as many as stay in registers where speed was asked for, few elsewhere, for every number of
/// them is a function of its own. f8 decodes slowly enough to hide a second pass.
constexpr int max_registers(Element e, Op o, IndexRead r) {
  // At least 2: a last pass of one register could be narrower than it and overlap what another pass sums.
  if (r == IndexRead::full_64 || o == Op::extreme) return 2;
#if defined(ROWAN_TIER_baseline)
  return o == Op::sum && !is_quantized(e) ? 4 : 2;  // a product that is added takes a page of code
#else
  const bool slow = e == Element::f8_e4m3 || e == Element::f8_e5m2;
  constexpr int most = ROWAN_MOST_REGISTERS;
  const int many = slow || (e == Element::bf16 && o == Op::weighted_sum) ? 4
                   : e == Element::f32 || e == Element::f16              ? 12
                                                                         : 8;
  return many < most ? many : most;
#endif
}

template <Element E, Op O, IndexRead R>
void pool(const PoolArgs& a) {
  if (a.bags == 0) return;
#if defined(ROWAN_TIER_avx2)
  if constexpr (O != Op::extreme && R == IndexRead::low_32 && E == Element::i4) {
    const std::size_t done = pool_planes(a);
    if (done < a.rows.dim) pool_passes<E, O, R, Wide, 4>(a, done);
    return;
  }
#endif
  // A quantised row is loaded by whole registers however narrow it is: its scale and bias lie behind it.
  if (is_quantized(E) || a.rows.dim >= Wide::size) return pool_passes<E, O, R, Wide, max_registers(E, O, R)>(a);
  if constexpr (!is_quantized(E)) {
    constexpr int narrow = 2;  // registers: such a row takes no more
#if defined(ROWAN_TIER_avx512)
    if (a.rows.dim >= Eight::size) return pool_passes<E, O, R, Eight, narrow>(a);
#endif
#if !defined(ROWAN_TIER_baseline)
    if (a.rows.dim >= Four::size) return pool_passes<E, O, R, Four, narrow>(a);
#endif
    pool_passes<E, O, R, Scalar, narrow>(a);
  }
}

}  // namespace
}  // namespace rowan::simd
