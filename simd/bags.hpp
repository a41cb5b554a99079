// The loops of pooling: bags, and the rows of each, with the next rows prefetched. What is done with a row, and in
// which registers, is the business of the Columns that they are given:
//
//   registers, Vector          how many accumulators of which type
//   keeps_base                 whether a base is summed beside the codes of quantised rows
//   near_loop                  whether there is a loop over bags that prefetches nothing
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

/// Bag after bag. `Ahead`: rows are prefetched; without that there is one loop for the rows of a bag and no choice
/// between several, which in short bags would be most of the work.
template <bool Ahead, class Columns>
inline void pool_each_bag(const PoolArgs& a, const Columns& columns, std::size_t ahead_end) noexcept {
  using V = typename Columns::Vector;
  constexpr int registers = Columns::registers;
  const std::size_t step = a.index_bytes;
  // Loops over the indices' addresses alone: with a counter beside them, registers run out.
  const std::size_t far = a.prefetch.farthest() * step;
  const std::size_t near = a.prefetch.near * step;
  const std::byte* const last_ahead = a.indices + ahead_end * step;
  const bool two_stages = Columns::two_stages && a.prefetch.far != 0 && a.prefetch.near != 0;
  const bool into_l1 = Columns::into_l1 && a.prefetch.far == 0;

  const std::byte* index = a.indices + a.offsets[0] * step;
  const float* weight = a.weights != nullptr ? a.weights + a.offsets[0] : nullptr;
  float* out = a.out;
  for (std::size_t bag = 0; bag < a.bags; ++bag, out += a.out_stride) {
    const std::byte* const end = a.indices + a.offsets[bag + 1] * step;
    V pooled[registers];
    float base = 0.0F;
    if (a.resume && bag == 0) {
      columns.load(out, pooled);
      base = a.base;
    } else if (Columns::starts_with_row && index != end) {
      columns.start(columns.row_of(index), pooled);
      index += step;
    } else {
      for (int k = 0; k < registers; ++k) pooled[k] = V(0.0F);
    }

    if constexpr (Ahead) {
      const std::byte* const middle = last_ahead < end ? last_ahead : end;
      if (two_stages) {
        for (; index < middle; index += step) {
          const std::byte* const later = columns.row_of(index + far);
          const std::byte* const next = columns.row_of(index + near);
          columns.add(columns.row_of(index), weight, pooled, base, [&](int k) {
            columns.template fetch<Level::l2>(later, k);
            columns.template fetch<Level::l1>(next, k);
          });
        }
      } else if (into_l1) {
        for (; index < middle; index += step) {
          const std::byte* const later = columns.row_of(index + far);
          columns.add(columns.row_of(index), weight, pooled, base,
                      [&](int k) { columns.template fetch<Level::l1>(later, k); });
        }
      } else {
        for (; index < middle; index += step) {
          const std::byte* const later = columns.row_of(index + far);
          columns.add(columns.row_of(index), weight, pooled, base,
                      [&](int k) { columns.template fetch<Level::l2>(later, k); });
        }
      }
    }
    for (; index != end; index += step) columns.add(columns.row_of(index), weight, pooled, base, [](int) {});

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

template <class Columns>
inline void pool_bags(const PoolArgs a, const Columns columns) noexcept {  // by value: nothing stored changes them
  const std::size_t ahead = a.prefetch.farthest();
  const std::size_t ahead_end = ahead != 0 && a.readable > ahead ? a.readable - ahead : 0;
  if constexpr (Columns::near_loop) {
    if (ahead_end <= a.offsets[0]) return pool_each_bag<false>(a, columns, ahead_end);
  }
  pool_each_bag<true>(a, columns, ahead_end);
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
