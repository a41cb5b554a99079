// The loops of pooling: bags, and the rows of each, with the next rows prefetched. What is done with a row, and in
// which registers, is the business of the Columns that they are given:
//
//   registers, Vector          how many accumulators of which type
//   keeps_base                 whether a base is summed beside the codes of quantised rows
//   into_l1                    whether there is a loop that prefetches into L1; the others take that for L2
//   two_stages                 whether there is a loop that prefetches in two stages
//   row_of(index)              where the columns of the row lie whose index is read at `index`
//   start(row, pooled)         of max and min, the first row; starts_with_row says so
//   add(row, weight, pooled, base, fetch_ahead)
//   fetch<Level>(row, k)       prefetches what register k begins of a row
//   load(out, pooled), store(pooled, out)
#pragma once

#include "simd/fused.hpp"
#include "simd/load.hpp"

namespace rowan::simd {
namespace {

/// Where the row lies that an index names; `columns` is that place in row 0.
template <IndexRead R>
inline const std::byte* row_at(const std::byte* columns, std::size_t stride, const std::byte* index) noexcept {
  return columns + (R == IndexRead::low_32 ? load_index_32(index) : load_index_64(index)) * stride;
}

/// Whether a row may end in a further cache line than those that its registers begin in.
inline bool straddles(const std::byte* columns, std::size_t stride, std::size_t bytes) noexcept {
  return (reinterpret_cast<std::uintptr_t>(columns) | stride | bytes) % cache_line != 0;
}

template <class Columns>
inline void pool_bags(const PoolArgs a, const Columns columns) noexcept {  // by value: nothing stored changes them
  using V = typename Columns::Vector;
  constexpr int registers = Columns::registers;
  const std::size_t step = a.index_bytes;
  const bool two_stages = Columns::two_stages && a.prefetch.far != 0 && a.prefetch.near != 0;
  const bool into_l1 = Columns::into_l1 && a.prefetch.far == 0;
  const std::size_t far = a.prefetch.farthest() * step;  // bytes of indices ahead
  const std::size_t near = a.prefetch.near * step;
  const std::size_t ahead_end = far != 0 && a.readable > a.prefetch.farthest() ? a.readable - a.prefetch.farthest() : 0;
  std::size_t position = a.offsets[0];
  for (std::size_t bag = 0; bag < a.bags; ++bag) {
    const std::size_t end = a.offsets[bag + 1];
    float* const out = a.out + bag * a.out_stride;
    V pooled[registers];
    float base = 0.0F;
    if (a.resume && bag == 0) {
      columns.load(out, pooled);
      base = a.base;
    } else if (Columns::starts_with_row && position < end) {
      columns.start(columns.row_of(a.indices + position++ * step), pooled);
    } else {
      for (int k = 0; k < registers; ++k) pooled[k] = V(0.0F);
    }

    // Loops over the indices' addresses alone: with a counter beside them, registers run out.
    const std::size_t middle = ahead_end < position ? position : ahead_end < end ? ahead_end : end;
    const std::byte* index = a.indices + position * step;
    const std::byte* const index_middle = a.indices + middle * step;
    const std::byte* const index_end = a.indices + end * step;
    const float* weight = a.weights != nullptr ? a.weights + position : nullptr;
    if (two_stages) {
      for (; index != index_middle; index += step) {
        const std::byte* const later = columns.row_of(index + far);
        const std::byte* const next = columns.row_of(index + near);
        columns.add(columns.row_of(index), weight, pooled, base, [&](int k) {
          columns.template fetch<Level::l2>(later, k);
          columns.template fetch<Level::l1>(next, k);
        });
      }
    } else if (into_l1) {
      for (; index != index_middle; index += step) {
        const std::byte* const later = columns.row_of(index + far);
        columns.add(columns.row_of(index), weight, pooled, base,
                    [&](int k) { columns.template fetch<Level::l1>(later, k); });
      }
    } else {
      for (; index != index_middle; index += step) {
        const std::byte* const later = columns.row_of(index + far);
        columns.add(columns.row_of(index), weight, pooled, base,
                    [&](int k) { columns.template fetch<Level::l2>(later, k); });
      }
    }
    for (; index != index_end; index += step) columns.add(columns.row_of(index), weight, pooled, base, [](int) {});
    position = end;

    if constexpr (Columns::keeps_base) {
      if (a.to_resume && bag + 1 == a.bags) {
        *a.base_out = base;
      } else {
        for (int k = 0; k < registers; ++k) pooled[k] = pooled[k] + V(base);
      }
    }
    columns.store(pooled, out);
  }
}

/// What one row of a quantised table adds beside its codes: returns the factor of its codes, adds its share to `base`.
template <Element E>
inline float take_parameters(const std::byte* at, const float*& weight, float& base) noexcept {
  const Parameters parameters = load_parameters<E>(at);
  if (weight == nullptr) {  // one kernel for both: the branch costs less than a second copy of it
    base = base + parameters.bias;
    return parameters.scale;
  }
  const float factor = *weight * parameters.scale;
  base = fused(Scalar(*weight), Scalar(parameters.bias), Scalar(base)).value;
  ++weight;
  return factor;
}

}  // namespace
}  // namespace rowan::simd
