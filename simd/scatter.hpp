// Rows of f32 written back to a table of f16 or bf16.
#pragma once

#include "simd/finish.hpp"
#include "simd/random.hpp"

namespace rowan::simd {
namespace {

template <Element E>
inline void write_stochastic(const float* values, std::size_t dim, std::uint64_t key, std::byte* row) noexcept {
  for (std::size_t c = 0; c < dim; ++c) {
    std::uint32_t bits;
    __builtin_memcpy(&bits, values + c, sizeof bits);
    const std::uint32_t random = random_bits(key, static_cast<std::uint32_t>(c));
    const auto rounded =
        static_cast<std::uint16_t>(E == Element::bf16 ? stochastic_bf16(bits, random) : stochastic_f16(bits, random));
    __builtin_memcpy(row + c * sizeof rounded, &rounded, sizeof rounded);
  }
}

/// By way of a block: rows may be at any address.
template <Element E>
inline void write_nearest(const float* values, std::size_t dim, std::byte* row) noexcept {
  constexpr std::size_t columns = 64;
  Output<E> block[columns];
  for (std::size_t c = 0; c < dim; c += columns) {
    const std::size_t count = dim - c < columns ? dim - c : columns;
    write_row<E>(values + c, count, block);
    __builtin_memcpy(row + c * sizeof *block, block, count * sizeof *block);
  }
}

template <Element E>
void scatter(const ScatterArgs& a) {
  for (std::size_t i = 0; i < a.count; ++i) {
    const float* const values = a.values + i * a.values_stride;
    std::byte* const row = a.rows_data + a.rows[i] * a.stride;
    if (a.stochastic) {
      write_stochastic<E>(values, a.dim, random_key(a.key, a.rows[i]), row);
    } else {
      write_nearest<E>(values, a.dim, row);
    }
  }
}

}  // namespace
}  // namespace rowan::simd
