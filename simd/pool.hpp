// Pooling of bags: columns side by side in registers, rows one after the other; and what is done with the pooled
// rows at the end.
#pragma once

#include "simd/load.hpp"
#include "simd/store.hpp"

namespace rowan::simd {
namespace {

/// Whether an operation keeps the codes' sum and the base of a quantised table apart.
constexpr bool keeps_base(Element e, Op o) { return is_quantized(e) && o != Op::extreme; }

/// N registers of columns, from column `first` side by side. In the rows of most types the last one ends at the
/// last column and overlaps its neighbour; in quantised rows it stands beside it, and a part of it is stored.
template <Element E, Op O, IndexRead R, class V, int N>
class Columns {
 public:
  Columns(const PoolArgs& a, std::size_t first, std::size_t end) noexcept
      : a_(a),
        columns_(a.rows.data + packed_bytes(E, first)),
        parameters_(a.rows.parameters - packed_bytes(E, first)),
        out_(a.out + first),
        last_(is_quantized(E) ? (N - 1) * V::size : end - first - V::size),
        rest_(end - first - last_),
        straddles_((reinterpret_cast<std::uintptr_t>(columns_) | a.rows.stride) % cache_line != 0 ||
                   N * V::size * bits_of(E) / 8 % cache_line != 0) {}

  void pool() noexcept {
    const std::size_t step = a_.index_bytes;
    const std::size_t far = a_.prefetch.far * step;  // bytes of indices ahead
    const std::size_t near = a_.prefetch.near * step;
    const std::size_t ahead = far != 0 ? a_.prefetch.far : a_.prefetch.near;
    const std::size_t ahead_end = ahead != 0 && a_.readable > ahead ? a_.readable - ahead : 0;
    std::size_t position = a_.offsets[0];
    for (std::size_t bag = 0; bag < a_.bags; ++bag) {
      const std::size_t end = a_.offsets[bag + 1];
      float* const out = out_ + bag * a_.out_stride;
      V pooled[N];
      float base = 0.0F;
      if (a_.resume && bag == 0) {
        for (int k = 0; k < N; ++k) pooled[k] = kept_at(out, k);
        base = a_.base;
      } else if (O == Op::extreme && position < end) {
        decode(row_of(a_.indices + position++ * step), pooled);
      } else {
        for (int k = 0; k < N; ++k) pooled[k] = V(0.0F);
      }

      // Loops over the indices' addresses alone: with a counter beside them, registers run out.
      const std::size_t middle = ahead_end < position ? position : ahead_end < end ? ahead_end : end;
      const std::byte* index = a_.indices + position * step;
      const std::byte* const index_middle = a_.indices + middle * step;
      const std::byte* const index_end = a_.indices + end * step;
      const float* weight = a_.weights != nullptr ? a_.weights + position : nullptr;
      if (far == 0) {
        for (; index != index_middle; index += step) {
          const std::byte* const next = row_of(index + near);
          add(row_of(index), weight, pooled, base, [&](int k) { fetch<Level::l1>(next, k); });
        }
      } else {
        for (; index != index_middle; index += step) {
          const std::byte* const later = row_of(index + far);
          const std::byte* const next = row_of(index + near);
          add(row_of(index), weight, pooled, base, [&](int k) {
            fetch<Level::l2>(later, k);
            fetch<Level::l1>(next, k);
          });
        }
      }
      for (; index != index_end; index += step) add(row_of(index), weight, pooled, base, [](int) {});
      position = end;

      if constexpr (keeps_base(E, O)) {
        if (a_.to_resume && bag + 1 == a_.bags) {
          *a_.base_out = base;
        } else {
          for (int k = 0; k < N; ++k) pooled[k] = pooled[k] + V(base);
        }
      }
      for (int k = 0; k < N - 1; ++k) pooled[k].store_unaligned(out + static_cast<std::size_t>(k) * V::size);
      if (is_quantized(E) && rest_ < V::size) {
        store_first<Element::f32>(pooled[N - 1], out + last_, rest_);
      } else {
        pooled[N - 1].store_unaligned(out + last_);
      }
    }
  }

 private:
  const std::byte* row_of(const std::byte* index) const noexcept {
    return columns_ + (R == IndexRead::low_32 ? load_index_32(index) : load_index_64(index)) * a_.rows.stride;
  }

  /// Prefetches what register k begins of a row: spread among the additions, prefetches cost least.
  template <Level L>
  void fetch(const std::byte* row, int k) const noexcept {
    constexpr std::size_t register_bytes = V::size * bits_of(E) / 8;
    const std::size_t at = static_cast<std::size_t>(k) * register_bytes;
    if (at % cache_line == 0) prefetch<L>(row + at);
    if (k == N - 1) {
      if (straddles_) prefetch<L>(row + N * register_bytes - 1);
      if constexpr (is_quantized(E)) prefetch<L>(row + parameters_ + 3);
    }
  }

  V load(const std::byte* row, int k) const noexcept {
    if (k < N - 1) return Load<V, E>::at(row + static_cast<std::size_t>(k) * (V::size * bits_of(E) / 8));
    const std::byte* const at = row + last_ * bits_of(E) / 8;
    if constexpr (is_quantized(E)) {
      return Load<V, E>::tail(at, rest_);
    } else {
      return Load<V, E>::at(at);
    }
  }

  V kept_at(const float* out, int k) const noexcept {
    if (k < N - 1) return V::load_unaligned(out + static_cast<std::size_t>(k) * V::size);
    if (!is_quantized(E) || rest_ == V::size) return V::load_unaligned(out + last_);
    float lanes[V::size] = {};
    for (std::size_t i = 0; i < rest_; ++i) lanes[i] = out[last_ + i];
    return V::load_unaligned(lanes);
  }

  void decode(const std::byte* row, V* values) const noexcept {
    if constexpr (is_quantized(E)) {
      const Parameters parameters = load_parameters<E>(row + parameters_);
      for (int k = 0; k < N; ++k) values[k] = load(row, k) * V(parameters.scale) + V(parameters.bias);
    } else {
      for (int k = 0; k < N; ++k) values[k] = load(row, k);
    }
  }

  /// Adds one row; `weight` moves on to the next. fetch_ahead(k) is called after each register.
  template <class Fetch>
  void add(const std::byte* row, [[maybe_unused]] const float*& weight, V* pooled, [[maybe_unused]] float& base,
           const Fetch& fetch_ahead) const noexcept {
    if constexpr (O == Op::extreme) {
      const Direction<V> further(a_.smallest);
      V values[N];
      decode(row, values);
      for (int k = 0; k < N; ++k) {
        pooled[k] = further(values[k], pooled[k]);
        fetch_ahead(k);
      }
    } else if constexpr (is_quantized(E)) {
      const Parameters parameters = load_parameters<E>(row + parameters_);
      V factor(parameters.scale);
      if (weight != nullptr) {  // one kernel for both: the branch costs less than a second copy of it
        factor = V(*weight * parameters.scale);
        base = base + *weight * parameters.bias;
        ++weight;
      } else {
        base = base + parameters.bias;
      }
      for (int k = 0; k < N; ++k) {
        pooled[k] = pooled[k] + load(row, k) * factor;
        fetch_ahead(k);
      }
    } else if constexpr (O == Op::weighted_sum) {
      const V factor(*weight++);
      for (int k = 0; k < N; ++k) {
        pooled[k] = pooled[k] + factor * load(row, k);
        fetch_ahead(k);
      }
    } else {
      for (int k = 0; k < N; ++k) {
        pooled[k] = pooled[k] + load(row, k);
        fetch_ahead(k);
      }
    }
  }

  const PoolArgs a_;  // by value: nothing that is stored can change it
  const std::byte* columns_;
  std::size_t parameters_;
  float* out_;
  std::size_t last_;  // first column of the last register, and the columns from there on
  std::size_t rest_;
  bool straddles_;  // whether a row may end in a further cache line than its registers begin in
};

/// Not inlined: registers are allotted for the loops of one width at a time.
template <Element E, Op O, IndexRead R, class V, int N>
[[gnu::noinline]] void pool_columns(const PoolArgs& a, std::size_t first, std::size_t end) {
  Columns<E, O, R, V, N>(a, first, end).pool();
}

template <Element E, Op O, IndexRead R, class V, int Max>
void pool_registers(const PoolArgs& a, std::size_t registers, std::size_t first, std::size_t end) {
  if constexpr (Max > 1) {
    if (registers < Max) return pool_registers<E, O, R, V, Max - 1>(a, registers, first, end);
  }
  pool_columns<E, O, R, V, Max>(a, first, end);
}

/// Splits the columns into passes of equal width (give or take a register) of at most Max registers each.
template <Element E, Op O, IndexRead R, class V, int Max>
void pool_passes(const PoolArgs& a) {
  const std::size_t registers = (a.rows.dim + V::size - 1) / V::size;
  const std::size_t passes = (registers + Max - 1) / Max;
  std::size_t done = 0;
  for (std::size_t pass = 0; pass < passes; ++pass) {
    const std::size_t next = registers * (pass + 1) / passes;
    const std::size_t end = pass + 1 == passes ? a.rows.dim : next * V::size;
    pool_registers<E, O, R, V, Max>(a, next - done, done * V::size, end);
    done = next;
  }
}

/// Registers of one pass: as many as stay in registers where speed was asked for, few elsewhere, for every number of
/// them is a function of its own. f8 and i2 decode slowly enough to hide a second pass.
constexpr int max_registers([[maybe_unused]] Element e, Op o, IndexRead r) {
  if (r == IndexRead::full_64) return 1;
  if (o == Op::extreme) return 2;
#if defined(ROWAN_TIER_baseline)
  return 4;
#else
  const bool slow = e == Element::f8_e4m3 || e == Element::f8_e5m2 || e == Element::i2;
  return slow || (e == Element::bf16 && o == Op::weighted_sum) ? 4 : 8;
#endif
}

template <Element E, Op O, IndexRead R>
void pool(const PoolArgs& a) {
  if (a.bags == 0) return;
  // A quantised row is loaded by whole registers however narrow it is: its scale and bias lie behind it.
  if (is_quantized(E) || a.rows.dim >= Wide::size) return pool_passes<E, O, R, Wide, max_registers(E, O, R)>(a);
  if constexpr (!is_quantized(E)) {
#if defined(ROWAN_TIER_avx512)
    if (a.rows.dim >= Eight::size) return pool_passes<E, O, R, Eight, 2>(a);
#endif
#if !defined(ROWAN_TIER_baseline)
    if (a.rows.dim >= Four::size) return pool_passes<E, O, R, Four, 2>(a);
#endif
    pool_passes<E, O, R, Scalar, 3>(a);
  }
}

// ---- finishing ----

inline void divide_row(float* row, std::size_t dim, float divisor) noexcept {
  if (divisor == 0.0F) {
    for (std::size_t c = 0; c < dim; ++c) row[c] = 0.0F;
    return;
  }
  const Wide wide(divisor);
  std::size_t c = 0;
  for (; c + Wide::size <= dim; c += Wide::size) (Wide::load_unaligned(row + c) / wide).store_unaligned(row + c);
  for (; c < dim; ++c) row[c] = row[c] / divisor;
}

template <Element O>
inline void write_row(const float* row, std::size_t dim, Output<O>* out) noexcept {
  std::size_t c = 0;
  for (; c + Wide::size <= dim; c += Wide::size) store<O>(Wide::load_unaligned(row + c), out + c);
  for (; c < dim; ++c) store<O>(Scalar(row[c]), out + c);
}

template <Element O>
void finish(const FinishArgs& a) {
  auto* out = static_cast<Output<O>*>(a.out);
  for (std::size_t r = 0; r < a.count; ++r) {
    float* const row = a.rows + r * a.stride;
    if (a.divisors != nullptr && a.divisors[r] != 1.0F) divide_row(row, a.dim, a.divisors[r]);
    if (static_cast<const void*>(row) == static_cast<const void*>(out)) {
      out += a.out_stride;
      continue;
    }
    for (std::size_t k = 0; k < a.repeat; ++k, out += a.out_stride) write_row<O>(row, a.dim, out);
  }
}

}  // namespace
}  // namespace rowan::simd
