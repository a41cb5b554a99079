// Columns side by side in registers, as they stand in the row.
#pragma once

#include "simd/bags.hpp"
#include "simd/store.hpp"

namespace rowan::simd {
namespace {

/// N registers of columns, from column `first` side by side. In the rows of most types the last one ends at the
/// last column and overlaps its neighbour; in quantised rows it stands beside it, and a part of it is stored.
template <Element E, Op O, IndexRead R, class V, int N>
class Columns {
 public:
  using Vector = V;
  static constexpr int registers = N;
  static constexpr bool keeps_base = is_quantized(E) && O != Op::extreme;
  static constexpr bool starts_with_row = O == Op::extreme;
  // Loops are code: those that many calls ask for have them all. Max, min and huge tables do without, and processors
  // that have nothing better than the baseline; two stages are for rows that have few bytes for the work that they are.
#if defined(ROWAN_TIER_baseline)
  static constexpr bool often = false;
#else
  static constexpr bool often = O != Op::extreme && R == IndexRead::low_32;
#endif
  static constexpr bool rare = E == Element::f8_e4m3 || E == Element::f8_e5m2 || E == Element::i2;
  static constexpr bool into_l1 = often && !rare;
  static constexpr bool two_stages = into_l1 && bits_of(E) <= 8;
  static constexpr bool near_loop = into_l1 && (O == Op::sum || is_quantized(E));

  Columns(const PoolArgs& a, std::size_t first, std::size_t end) noexcept
      : columns_(a.rows.data + packed_bytes(E, first)),
        stride_(a.rows.stride),
        parameters_(a.rows.parameters - packed_bytes(E, first)),
        first_(first),
        last_(is_quantized(E) ? (N - 1) * V::size : end - first - V::size),
        rest_(is_quantized(E) ? end - first - (N - 1) * V::size : V::size),
        smallest_(a.smallest),
        straddles_(straddles(columns_, stride_, bytes)) {}

  const std::byte* row_of(const std::byte* index) const noexcept { return row_at<R>(columns_, stride_, index); }

  /// Spread among the additions, prefetches cost least.
  template <Level L>
  void fetch(const std::byte* row, int k) const noexcept {
    const std::size_t at = static_cast<std::size_t>(k) * register_bytes;
    if (at % cache_line == 0) prefetch<L>(row + at);
    if (k < N - 1) return;
    if constexpr (is_quantized(E)) prefetch<L>(row + parameters_ + 3);
    // Where the row is shorter than a line, its beginning and its end are all of it.
    if (!(is_quantized(E) && bytes + 8 <= cache_line) && straddles_) prefetch<L>(row + bytes - 1);
  }

  void start(const std::byte* row, V* values) const noexcept {
    const Scaling<E, V> scaling(row + parameters_);
    for (int k = 0; k < N; ++k) {
      values[k] = register_of(row, k);
      if constexpr (is_quantized(E)) values[k] = fused(values[k], scaling.scale, scaling.bias);
    }
  }

  /// Adds one row; `weight` moves on to the next. fetch_ahead(k) is called after each register.
  template <class Fetch>
  void add(const std::byte* row, [[maybe_unused]] const float*& weight, V* pooled, [[maybe_unused]] float& base,
           const Fetch& fetch_ahead) const noexcept {
    if constexpr (O == Op::extreme) {
      const Direction<V> further(smallest_);
      V values[N];
      start(row, values);
      for (int k = 0; k < N; ++k) {
        pooled[k] = further(values[k], pooled[k]);
        fetch_ahead(k);
      }
    } else if constexpr (is_quantized(E)) {
      const V factor(take_parameters<E>(row + parameters_, weight, base));
      for (int k = 0; k < N; ++k) {
        pooled[k] = fused(register_of(row, k), factor, pooled[k]);
        fetch_ahead(k);
      }
    } else if constexpr (O == Op::weighted_sum) {
      const V factor(*weight++);
      for (int k = 0; k < N; ++k) {
        pooled[k] = fused(register_of(row, k), factor, pooled[k]);
        fetch_ahead(k);
      }
    } else {
      for (int k = 0; k < N; ++k) {
        pooled[k] = pooled[k] + register_of(row, k);
        fetch_ahead(k);
      }
    }
  }

  void load(const float* row, V* pooled) const noexcept {
    const float* const out = row + first_;
    for (int k = 0; k < N - 1; ++k) pooled[k] = V::load_unaligned(out + static_cast<std::size_t>(k) * V::size);
    if (!is_quantized(E) || rest_ == V::size) {
      pooled[N - 1] = V::load_unaligned(out + last_);
      return;
    }
    float lanes[V::size] = {};
    for (std::size_t i = 0; i < rest_; ++i) lanes[i] = out[last_ + i];
    pooled[N - 1] = V::load_unaligned(lanes);
  }

  void store(const V* pooled, float* row) const noexcept {
    float* const out = row + first_;
    for (int k = 0; k < N - 1; ++k) pooled[k].store_unaligned(out + static_cast<std::size_t>(k) * V::size);
    if (is_quantized(E) && rest_ < V::size) {
      store_first<Element::f32>(pooled[N - 1], out + last_, rest_);
    } else {
      pooled[N - 1].store_unaligned(out + last_);
    }
  }

 private:
  static constexpr std::size_t register_bytes = V::size * bits_of(E) / 8;
  static constexpr std::size_t bytes = N * register_bytes;

  V register_of(const std::byte* row, int k) const noexcept {
    if (k < N - 1) return Load<V, E>::at(row + static_cast<std::size_t>(k) * register_bytes);
    const std::byte* const at = row + last_ * bits_of(E) / 8;
    if constexpr (is_quantized(E)) {
      return Load<V, E>::tail(at, rest_);
    } else {
      return Load<V, E>::at(at);
    }
  }

  const std::byte* columns_;
  std::size_t stride_;
  std::size_t parameters_;
  std::size_t first_;
  std::size_t last_;  // first column of the last register, and the columns from there on
  std::size_t rest_;
  bool smallest_;
  bool straddles_;
};

}  // namespace
}  // namespace rowan::simd
