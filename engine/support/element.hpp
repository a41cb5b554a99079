// Element types as the kernels name them.
#pragma once

#include "rowan/dtype.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

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

}  // namespace rowan::detail
