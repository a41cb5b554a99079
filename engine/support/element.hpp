// Element types as the kernels name them: both enumerations have the same order.
#pragma once

#include "rowan/dtype.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

static_assert(dtype_count == simd::element_count);
static_assert(static_cast<int>(DType::f32) == static_cast<int>(simd::Element::f32));
static_assert(static_cast<int>(DType::f8_e4m3) == static_cast<int>(simd::Element::f8_e4m3));
static_assert(static_cast<int>(DType::i2) == static_cast<int>(simd::Element::i2));

constexpr simd::Element element_of(DType dtype) noexcept { return static_cast<simd::Element>(dtype); }

}  // namespace rowan::detail
