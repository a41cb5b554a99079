// What to say of rows that cannot be quantised.
#pragma once

#include <string>

#include "engine/support/error.hpp"
#include "rowan/dtype.hpp"
#include "simd/scalar.hpp"

namespace rowan::detail {

/// The rest of a sentence whose subject is the row.
inline std::string why_not_quantized(simd::Encoded outcome, DType dtype) {
  if (outcome == simd::Encoded::not_finite) {
    return concat("has a NaN or an infinity, which quantised rows of ", to_string(dtype), " cannot hold");
  }
  return concat("has values too large, or too far apart, for the ", dtype == DType::i8 ? "f32" : "f16",
                " scale and bias of a row of ", to_string(dtype));
}

}  // namespace rowan::detail
