// Un-pooled rows: decoded, and written in the output's type.
#pragma once

#include "simd/fused.hpp"
#include "simd/load.hpp"
#include "simd/store.hpp"

namespace rowan::simd {
namespace {

/// The values of a register of columns; `columns` are left in the row from there.
template <Element E, class V>
inline V row_values(const std::byte* at, std::size_t columns, const Scaling<E, V>& scaling) noexcept {
  if constexpr (is_quantized(E)) {
    const V codes = columns < V::size ? Load<V, E>::tail(at, columns) : Load<V, E>::at(at);
    return fused(codes, scaling.scale, scaling.bias);
  } else {
    return Load<V, E>::at(at);
  }
}

/// The row's first `dim` elements. Wider rows than a register end in one that overlaps its neighbour; a quantised
/// row, whose codes may not begin at any column, in one of which a part is stored.
template <Element E, Element O, class V>
inline void copy_row(const std::byte* row, std::size_t dim, std::size_t parameters, Output<O>* out) noexcept {
  constexpr std::size_t step = V::size * bits_of(E) / 8;
  const Scaling<E, V> scaling(row + parameters);
  const std::size_t rest = dim % V::size;
  const Output<O>* const end = out + (dim - rest);
  // Nothing but moves: by fours, or the loop takes most of the time.
  if constexpr (E == Element::f32 && O == Element::f32) {
    constexpr std::size_t block = 4 * V::size;
    for (std::size_t left = dim; left >= block; left -= block, out += block, row += 4 * step) {
      V moved[4];
      for (std::size_t k = 0; k < 4; ++k) moved[k] = Load<V, E>::at(row + k * step);
      for (std::size_t k = 0; k < 4; ++k) store<O>(moved[k], out + k * V::size);
    }
  }
  for (; out != end; out += V::size, row += step) store<O>(row_values<E>(row, V::size, scaling), out);
  if (rest == 0) return;
  if constexpr (is_quantized(E)) {
    store_first<O>(row_values<E>(row, rest, scaling), out, rest);
  } else {
    const std::size_t back = V::size - rest;
    store<O>(row_values<E>(row - back * bits_of(E) / 8, V::size, scaling), out - back);
  }
}

/// The same past the caches. The row of the output is whole 16-byte units, so what is left behind the whole
/// registers is whole narrow ones.
template <Element E, Element O, class V>
inline void stream_row(const std::byte* row, std::size_t dim, std::size_t parameters, Output<O>* out) noexcept {
  constexpr std::size_t step = V::size * bits_of(E) / 8;
  const Scaling<E, V> scaling(row + parameters);
  std::size_t rest = dim % V::size;
  const Output<O>* const end = out + (dim - rest);
  for (; out != end; out += V::size, row += step) stream<O>(row_values<E>(row, V::size, scaling), out);
  if constexpr (is_quantized(E)) {
    if (rest != 0) store_first<O>(row_values<E>(row, rest, scaling), out, rest);
  } else {
    for (; rest != 0; rest -= Four::size, out += Four::size, row += Four::size * bits_of(E) / 8) {
      stream<O>(Load<Four, E>::at(row), out);
    }
  }
}

/// Row `i` of the output comes from here.
inline const std::byte* gathered_row(const GatherArgs& a, std::size_t i) noexcept {
  const std::byte* const at = a.indices + i * a.index_bytes;
  return a.rows.data + (a.index_bytes == 8 ? load_index_64(at) : load_index_32(at)) * a.rows.stride;
}

/// Small calls, and tables in cache: nothing is prefetched, and nothing goes past the caches.
template <Element E, Element O, class V>
[[gnu::noinline]] void gather_near(const GatherArgs& a) {
  auto* out = static_cast<Output<O>*>(a.out);
  const std::size_t dim = a.rows.dim;
  const std::size_t parameters = a.rows.parameters;
  for (std::size_t i = 0; i < a.count; ++i, out += a.out_stride) {
    copy_row<E, O, V>(gathered_row(a, i), dim, parameters, out);
  }
}

template <Element E, Element O, class V>
[[gnu::noinline]] void gather_far(const GatherArgs& a) {
  auto* out = static_cast<Output<O>*>(a.out);
  const std::size_t dim = a.rows.dim;
  const std::size_t parameters = a.rows.parameters;
  const std::size_t row_bytes = is_quantized(E) ? parameters + sizeof(float) : packed_bytes(E, dim);
  const auto fetch = [&]<Level L>(std::size_t i) noexcept {
    const std::byte* const row = gathered_row(a, i);
    for (std::size_t at = 0; at < row_bytes; at += cache_line) prefetch<L>(row + at);
    prefetch<L>(row + row_bytes - 1);
  };
  const std::size_t farthest = a.prefetch.farthest();
  const std::size_t ahead_end = farthest != 0 && a.readable > farthest ? a.readable - farthest : 0;
  for (std::size_t i = 0; i < a.count; ++i, out += a.out_stride) {
    if (i < ahead_end) {
      if (a.prefetch.far != 0) fetch.template operator()<Level::l2>(i + a.prefetch.far);
      if (a.prefetch.near != 0) fetch.template operator()<Level::l1>(i + a.prefetch.near);
    }
    if constexpr (V::size >= Four::size) {
      if (a.streaming) {
        stream_row<E, O, V>(gathered_row(a, i), dim, parameters, out);
        continue;
      }
    }
    copy_row<E, O, V>(gathered_row(a, i), dim, parameters, out);
  }
  if (a.streaming) end_streaming();
}

template <Element E, Element O, class V>
void gather_rows(const GatherArgs& a) {
  // Of narrower elements the decoding takes so long that a loop of its own would not show.
  if constexpr (bits_of(E) >= 16) {
    const std::size_t ahead = a.prefetch.farthest();
    if (!a.streaming && (ahead == 0 || a.readable <= ahead)) return gather_near<E, O, V>(a);
  }
  gather_far<E, O, V>(a);
}

template <Element E, Element O>
void gather(const GatherArgs& a) {
  // A quantised row is loaded by whole registers however narrow it is: its scale and bias lie behind it.
  if (is_quantized(E) || a.rows.dim >= Wide::size) return gather_rows<E, O, Wide>(a);
  if constexpr (!is_quantized(E)) {
#if defined(ROWAN_TIER_avx512)
    if (a.rows.dim >= Eight::size) return gather_rows<E, O, Eight>(a);
#endif
    if (a.rows.dim >= Four::size) return gather_rows<E, O, Four>(a);
    gather_rows<E, O, Scalar>(a);
  }
}

}  // namespace
}  // namespace rowan::simd
