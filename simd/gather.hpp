// Un-pooled rows: decoded, and written in the output's type.
#pragma once

#include "simd/load.hpp"
#include "simd/store.hpp"

namespace rowan::simd {
namespace {

/// The values of a register of columns; `columns` are left in the row from there.
template <Element E, class V>
inline V row_values(const std::byte* at, std::size_t columns, [[maybe_unused]] V scale,
                    [[maybe_unused]] V bias) noexcept {
  if constexpr (is_quantized(E)) {
    const V codes = columns < V::size ? Load<V, E>::tail(at, columns) : Load<V, E>::at(at);
    return codes * scale + bias;
  } else {
    return Load<V, E>::at(at);
  }
}

/// The row's first `dim` elements. Wider rows than a register end in one that overlaps its neighbour; a quantised
/// row, whose codes may not begin at any column, in one of which a part is stored.
template <Element E, Element O, class V>
inline void copy_row(const Rows& rows, const std::byte* row, Output<O>* out) noexcept {
  V scale(0.0F);
  V bias(0.0F);
  if constexpr (is_quantized(E)) {
    const Parameters parameters = load_parameters<E>(row + rows.parameters);
    scale = V(parameters.scale);
    bias = V(parameters.bias);
  }
  std::size_t c = 0;
  for (; c + V::size <= rows.dim; c += V::size) {
    store<O>(row_values<E>(row + c * bits_of(E) / 8, V::size, scale, bias), out + c);
  }
  if (c == rows.dim) return;
  if constexpr (is_quantized(E)) {
    const std::size_t rest = rows.dim - c;
    store_first<O>(row_values<E>(row + c * bits_of(E) / 8, rest, scale, bias), out + c, rest);
  } else {
    c = rows.dim - V::size;
    store<O>(row_values<E>(row + c * bits_of(E) / 8, V::size, scale, bias), out + c);
  }
}

/// The same past the caches. The row of the output is whole 16-byte units, so what is left behind the whole
/// registers is whole narrow ones.
template <Element E, Element O, class V>
inline void stream_row(const Rows& rows, const std::byte* row, Output<O>* out) noexcept {
  Parameters parameters{};
  if constexpr (is_quantized(E)) parameters = load_parameters<E>(row + rows.parameters);
  std::size_t c = 0;
  for (; c + V::size <= rows.dim; c += V::size) {
    stream<O>(row_values<E>(row + c * bits_of(E) / 8, V::size, V(parameters.scale), V(parameters.bias)), out + c);
  }
  if constexpr (is_quantized(E)) {
    if (c == rows.dim) return;
    const std::size_t rest = rows.dim - c;
    const V values = row_values<E>(row + c * bits_of(E) / 8, rest, V(parameters.scale), V(parameters.bias));
    store_first<O>(values, out + c, rest);
  } else {
    for (; c < rows.dim; c += Four::size) stream<O>(Load<Four, E>::at(row + c * bits_of(E) / 8), out + c);
  }
}

template <Element E, Element O, class V>
void gather_rows(const GatherArgs& a) {
  auto* out = static_cast<Output<O>*>(a.out);
  const std::size_t row_bytes = is_quantized(E) ? a.rows.parameters + sizeof(float) : packed_bytes(E, a.rows.dim);
  const auto row_at = [&](std::size_t i) noexcept {
    const std::byte* const at = a.indices + i * a.index_bytes;
    return a.rows.data + (a.index_bytes == 8 ? load_index_64(at) : load_index_32(at)) * a.rows.stride;
  };
  const auto fetch = [&]<Level L>(std::size_t i) noexcept {
    const std::byte* const row = row_at(i);
    for (std::size_t at = 0; at < row_bytes; at += cache_line) prefetch<L>(row + at);
    prefetch<L>(row + row_bytes - 1);
  };
  const std::size_t far = a.prefetch.far;
  const std::size_t ahead_end = far != 0 && a.readable > far ? a.readable - far : 0;
  for (std::size_t i = 0; i < a.count; ++i, out += a.out_stride) {
    if (i < ahead_end) {
      fetch.template operator()<Level::l2>(i + far);
      if (a.prefetch.near != 0) fetch.template operator()<Level::l1>(i + a.prefetch.near);
    }
    if constexpr (V::size >= Four::size) {
      if (a.streaming) {
        stream_row<E, O, V>(a.rows, row_at(i), out);
        continue;
      }
    }
    copy_row<E, O, V>(a.rows, row_at(i), out);
  }
  if (a.streaming) end_streaming();
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
