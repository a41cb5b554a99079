// The errors are computed in double from the values as they are read back from the encoded row.
#include "engine/table/row_encoder.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rowan::detail {
namespace {

constexpr double no_cosine = std::numeric_limits<double>::quiet_NaN();

template <class Number>
RowError compare(std::span<const Number> values, std::span<const float> stored) noexcept {
  RowError error;
  double dot = 0;
  double length = 0;
  double stored_length = 0;
  bool finite = true;
  for (std::size_t c = 0; c < values.size(); ++c) {
    const double x = values[c];
    const double y = stored[c];
    if (!std::isfinite(x) || !std::isfinite(y)) {
      finite = false;
      error.lost += std::isfinite(x) ? 1 : 0;
      continue;
    }
    error.max = std::max(error.max, std::abs(x - y));
    error.squares += (x - y) * (x - y);
    dot += x * y;
    length += x * x;
    stored_length += y * y;
  }
  const bool direction = finite && length > 0;
  error.cosine = !direction ? no_cosine : stored_length > 0 ? dot / std::sqrt(length * stored_length) : 0.0;
  return error;
}

}  // namespace

bool holds_all(DType type, DType values) noexcept {
  const bool from_f8 = values == DType::f8_e4m3 || values == DType::f8_e5m2;
  return type == DType::f32 || type == values || (from_f8 && (type == DType::f16 || type == DType::bf16));
}

simd::Encoded RowEncoder::encode(const float* values, std::byte* row, std::vector<RowError>& errors,
                                 const double* exact) {
  const simd::Encoded outcome = simd::encode(layout_.element, values, layout_.dim, row, layout_.saturate);
  if (outcome != simd::Encoded::ok || !layout_.measure_error) return outcome;
  stored_.resize(layout_.dim);
  simd::decode_row(layout_.element, row, layout_.dim, stored_.data());
  const std::span<const float> stored = stored_;
  errors.push_back(exact == nullptr ? compare(std::span(values, layout_.dim), stored)
                                    : compare(std::span(exact, layout_.dim), stored));
  return outcome;
}

simd::Encoded RowEncoder::encode(simd::Element from, const std::byte* stored, std::byte* row,
                                 std::vector<RowError>& errors) {
  values_.resize(layout_.dim);
  simd::decode_row(from, stored, layout_.dim, values_.data());
  return encode(values_.data(), row, errors);
}

}  // namespace rowan::detail
