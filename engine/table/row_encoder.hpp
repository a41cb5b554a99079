// Rows of f32 in the type of the table, and what that changes of them.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/table/row_reader.hpp"
#include "rowan/dtype.hpp"
#include "simd/scalar.hpp"

namespace rowan::detail {

/// Whether every value of one type is one of the other's.
bool holds_all(DType type, DType values) noexcept;

/// Encodes one row after the other.
class RowEncoder {
 public:
  explicit RowEncoder(const RowLayout& layout) : layout_(layout) {}

  /// Writes a row at `row` and appends its error to `errors`, where it is measured: to `exact`, which the values were
  /// rounded from, or without any to the values.
  simd::Encoded encode(const float* values, std::byte* row, std::vector<RowError>& errors,
                       const double* exact = nullptr);
  /// The same of a row that is stored in another type.
  simd::Encoded encode(simd::Element from, const std::byte* stored, std::byte* row, std::vector<RowError>& errors);

 private:
  RowLayout layout_;
  std::vector<float> values_;  ///< the row before and
  std::vector<float> stored_;  ///< as it is read back; both of no size before there is one
};

}  // namespace rowan::detail
