// Sums of i4 rows with AVX2, by planes: one load gives words of eight codes, and the codes that stand at the same place
// of each word are taken together. A plane costs a shift and a mask, where eight neighbouring codes would first have to
// be brought into lanes of their own.
//
// Columns are in the order of the planes while a bag is summed, and put in theirs when it ends.
#pragma once

#include "simd/bags.hpp"

namespace rowan::simd {
namespace {

/// In each half of 128 bits, out[l] becomes lane l of in[0] to in[3].
inline void transpose_halves(const __m256* in, __m256* out) noexcept {
  const __m256 a = _mm256_unpacklo_ps(in[0], in[1]);
  const __m256 b = _mm256_unpacklo_ps(in[2], in[3]);
  const __m256 c = _mm256_unpackhi_ps(in[0], in[1]);
  const __m256 d = _mm256_unpackhi_ps(in[2], in[3]);
  out[0] = _mm256_shuffle_ps(a, b, 0x44);
  out[1] = _mm256_shuffle_ps(a, b, 0xEE);
  out[2] = _mm256_shuffle_ps(c, d, 0x44);
  out[3] = _mm256_shuffle_ps(c, d, 0xEE);
}

/// N = 8: 64 columns, eight words of eight codes, a plane a register. N = 4: 32 columns, four words, whose upper four
/// codes are in the upper half of the registers.
template <int N>
class PlaneColumns {
 public:
  using Vector = Eight;
  static constexpr int registers = N;
  static constexpr std::size_t columns = 8 * N;
  static constexpr bool keeps_base = true;
  static constexpr bool starts_with_row = false;
  static constexpr bool near_loop = true;
  static constexpr bool into_l1 = true;
  static constexpr bool two_stages = true;

  PlaneColumns(const PoolArgs& a, std::size_t first) noexcept
      : columns_(a.rows.data + packed_bytes(Element::i4, first)),
        stride_(a.rows.stride),
        parameters_(a.rows.parameters - packed_bytes(Element::i4, first)),
        first_(first) {}

  const std::byte* row_of(const std::byte* index) const noexcept {
    return row_at<IndexRead::low_32>(columns_, stride_, index);
  }

  /// The codes are less than a line, which their beginning and the row's end are all of, or are two.
  template <Level L>
  void fetch(const std::byte* row, int k) const noexcept {
    if (k == 0) prefetch<L>(row);
    if (k == 1) prefetch<L>(row + columns / 2 - 1);
    if (k == 2) prefetch<L>(row + parameters_ + 3);
  }

  void start(const std::byte*, Eight*) const noexcept {}

  template <class Fetch>
  void add(const std::byte* row, const float*& weight, Eight* pooled, float& base,
           const Fetch& fetch_ahead) const noexcept {
    const Eight factor(take_parameters<Element::i4>(row + parameters_, weight, base));
    const __m256i words = load_words(row);
    for (int k = 0; k < N; ++k) {
      const __m256i down = k == 0 ? words : _mm256_srli_epi32(words, 4 * k);
      const __m256i codes = k == 7 ? down : _mm256_and_si256(down, _mm256_set1_epi32(0xF));
      pooled[k] = fused(Eight(_mm256_cvtepi32_ps(codes)), factor, pooled[k]);
      fetch_ahead(k);
    }
  }

  void load(const float* row, Eight* pooled) const noexcept {
    float lanes[N][Eight::size];
    for (std::size_t c = 0; c < columns; ++c) {
      const std::size_t code = c % 8;
      const std::size_t lane = c / 8 + (code < N ? 0 : 4);
      lanes[code % N][lane] = row[first_ + c];
    }
    for (int k = 0; k < N; ++k) pooled[k] = Eight::load_unaligned(lanes[k]);
  }

  void store(const Eight* pooled, float* row) const noexcept {
    float* const out = row + first_;
    __m256 in[N];
    for (int k = 0; k < N; ++k) in[k] = pooled[k];
    __m256 low[4];
    transpose_halves(in, low);
    if constexpr (N == 4) {
      for (int word = 0; word < 4; ++word) _mm256_storeu_ps(out + 8 * word, low[word]);
    } else {
      __m256 high[4];
      transpose_halves(in + 4, high);
      for (int word = 0; word < 4; ++word) {
        _mm256_storeu_ps(out + 8 * word, _mm256_permute2f128_ps(low[word], high[word], 0x20));
        _mm256_storeu_ps(out + 32 + 8 * word, _mm256_permute2f128_ps(low[word], high[word], 0x31));
      }
    }
  }

 private:
  static __m256i load_words(const std::byte* p) noexcept {
    if constexpr (N == 8) {
      return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    } else {
      const __m256i twice = _mm256_broadcastsi128_si256(load_16(p));
      return _mm256_srlv_epi32(twice, _mm256_setr_epi32(0, 0, 0, 0, 16, 16, 16, 16));
    }
  }

  const std::byte* columns_;
  std::size_t stride_;
  std::size_t parameters_;
  std::size_t first_;
};

template <int N>
[[gnu::noinline, gnu::flatten]] void pool_plane_columns(const PoolArgs& a, std::size_t first) {
  pool_bags(a, PlaneColumns<N>(a, first));
}

/// Sums as many columns as planes take, from the first on, and returns how many.
inline std::size_t pool_planes(const PoolArgs& a) {
  std::size_t done = 0;
  for (; a.rows.dim - done >= PlaneColumns<8>::columns; done += PlaneColumns<8>::columns) {
    pool_plane_columns<8>(a, done);
  }
  if (a.rows.dim - done >= PlaneColumns<4>::columns) {
    pool_plane_columns<4>(a, done);
    done += PlaneColumns<4>::columns;
  }
  return done;
}

}  // namespace
}  // namespace rowan::simd
