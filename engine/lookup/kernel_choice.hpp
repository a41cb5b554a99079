// From the public types to the places in a simd::KernelTable.
#pragma once

#include <concepts>
#include <cstdint>

#include "rowan/view.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

template <IndexType Index>
inline constexpr int index_width = static_cast<int>(std::same_as<Index, std::int32_t> ? simd::IndexWidth::i32
                                                                                      : simd::IndexWidth::i64);

constexpr simd::Element element_of(DType dtype) noexcept {
  switch (dtype) {
    case DType::f16:
      return simd::Element::f16;
    case DType::bf16:
      return simd::Element::bf16;
    case DType::f32:
      break;
  }
  return simd::Element::f32;
}

inline simd::Rows rows_of(const TableView& table) noexcept { return {table.data(), table.row_stride(), table.dim()}; }

}  // namespace rowan::detail
