// What storing all rows of a table changed of them.
#pragma once

#include <cstdint>
#include <span>

#include "engine/table/row_reader.hpp"
#include "rowan/import.hpp"

namespace rowan::detail {

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
