// Random tables and bags for properties, from one printed seed.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include "rowan/view.hpp"
#include "simd/scalar.hpp"

namespace rowan::test {

using Random = std::mt19937_64;

inline std::uint64_t below(Random& random, std::uint64_t bound) { return random() % bound; }

/// A value that tests more than the middle of the range: zeros of both signs, denormals, infinities and NaN too.
inline float any_float(Random& random) {
  switch (below(random, 16)) {
    case 0:
      return 0.0F;
    case 1:
      return -0.0F;
    case 2:
      return std::bit_cast<float>(static_cast<std::uint32_t>(random()));  // anything at all
    case 3:
      return std::bit_cast<float>(static_cast<std::uint32_t>(random()) & 0x807F'FFFFU);  // denormal
    default:
      return static_cast<float>(static_cast<double>(random()) / 1e19 * 4.0 - 3.5);
  }
}

inline constexpr DType all_dtypes[] = {DType::f32,     DType::f16, DType::bf16, DType::f8_e4m3,
                                       DType::f8_e5m2, DType::i8,  DType::i4,   DType::i2};

/// A quantised row of any codes, with any scale and bias, the odd ones too.
inline void random_quantized_row(Random& random, DType dtype, std::uint64_t dim, std::byte* row) {
  const std::size_t packed = simd::packed_bytes(static_cast<simd::Element>(dtype), dim);
  for (std::size_t i = 0; i < packed; ++i) row[i] = static_cast<std::byte>(random());
  const float parameters[2] = {any_float(random), any_float(random)};
  simd::encode(dtype == DType::i8 ? simd::Element::f32 : simd::Element::f16, parameters, 2, row + packed);
}

/// A finite value within the range of every type.
inline float small_float(Random& random) {
  const float value = any_float(random);
  return value > -400 && value < 400 ? value : 1.0F;
}

/// A table in memory of its own, at the alignment and stride that are asked for.
class RandomTable {
 public:
  RandomTable(Random& random, std::uint64_t rows, std::uint64_t dim, DType dtype, std::size_t misalignment = 0,
              std::uint64_t extra_stride = 0)
      : stride_(*row_bytes(dtype, dim) + extra_stride), bytes_(misalignment + rows * stride_), skipped_(misalignment) {
    std::vector<float> row(dim);
    for (std::uint64_t r = 0; r < rows; ++r) {
      std::byte* const at = bytes_.data() + skipped_ + r * stride_;
      if (is_quantized(dtype)) {
        random_quantized_row(random, dtype, dim, at);
        continue;
      }
      for (float& value : row) value = any_float(random);
      simd::encode(static_cast<simd::Element>(dtype), row.data(), dim, at);
    }
    view_ = *TableView::over(std::span<const std::byte>(bytes_).subspan(skipped_), rows, dim, dtype, stride_);
  }

  const TableView& view() const { return view_; }

 private:
  std::uint64_t stride_;
  std::vector<std::byte> bytes_;
  std::size_t skipped_;
  TableView view_ = *TableView::over(std::span<const float>(), 1);
};

/// Equal to the bit; NaN matches NaN, whatever their payloads.
inline bool same_bits(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) || (a != a && b != b);
}

/// Position of the first float that differs, or the size.
inline std::size_t first_difference(std::span<const float> a, std::span<const float> b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (i >= b.size() || !same_bits(a[i], b[i])) return i;
  }
  return a.size();
}

/// Offsets of `bags` bags over `indices` entries, some of them empty, from 0; with the end where asked for.
template <class Index>
std::vector<Index> random_offsets(Random& random, std::size_t bags, std::size_t indices, bool include_last) {
  std::vector<Index> offsets(bags + 1);
  for (Index& offset : offsets) offset = static_cast<Index>(below(random, indices + 1));
  for (std::size_t i = 1; i < offsets.size(); ++i) {
    if (below(random, 4) == 0) offsets[i] = offsets[i - 1];  // empty bags
  }
  std::sort(offsets.begin(), offsets.end());
  offsets.front() = 0;
  if (!include_last) offsets.pop_back();
  return offsets;
}

}  // namespace rowan::test
