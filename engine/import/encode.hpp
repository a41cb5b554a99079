// Rows of f32 in the type of the table, and what that changes of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/import/rows.hpp"
#include "simd/scalar.hpp"

namespace rowan::detail {

/// Whether every value of one type is one of the other's.
bool holds_all(DType type, DType values) noexcept;

/// Encodes one row after the other.
class RowEncoder {
 public:
  explicit RowEncoder(const RowLayout& layout) : layout_(layout) {}

  /// Writes a row at `row` and appends its error to `errors`, where it is measured.
  simd::Encoded encode(const float* values, std::byte* row, std::vector<RowError>& errors);

 private:
  RowLayout layout_;
  std::vector<float> stored_;  ///< the row as it is read back; of no size before there is one
};

/// Puts the errors of rows together; in the order of the rows, so that sums have the same bits however the rows
/// were divided among batches and threads.
class ErrorTally {
 public:
  void add(std::span<const RowError> rows, std::uint64_t dim) noexcept;
  StorageError result() const noexcept;

 private:
  StorageError worst_;
  double squares_ = 0;
  std::uint64_t elements_ = 0;
  double cosines_ = 0;
  std::uint64_t directions_ = 0;
};

}  // namespace rowan::detail
