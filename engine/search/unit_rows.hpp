// The rows of a table as unit vectors, and the exact search for those nearest to a query.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/parallel.hpp"
#include "rowan/neighbor.hpp"
#include "rowan/status.hpp"
#include "rowan/threads.hpp"
#include "rowan/view.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

/// A unit vector, and the rows that are no answer to it.
struct UnitQuery {
  std::vector<float> unit;
  std::vector<std::uint64_t> excluded;
};

/// Scores are dot(row, query) in f32, summed in the kernels' fixed order, times the row's inverse length, so
/// their bits depend neither on the tier nor on the threads. The inverse length is 1 / sqrt of the row's f32
/// sum of squares, computed in double and rounded once.
///
/// Rows whose sum of squares is near the ends of f32's range ("extreme", which no trained table has) are
/// measured and scored in double instead: they are long or short, but they have a direction.
class UnitRows {
 public:
  /// `kernels` as select_kernels_from_environment() chose them. The view's memory must outlive this.
  UnitRows(const TableView& table, const simd::KernelTable& kernels, Threads threads) noexcept;

  /// Reads every row for its length. Call once, before anything else.
  Result<void> measure();

  /// The row divided by its length, in double; empty where it has no direction.
  std::optional<std::vector<double>> unit_row(std::uint64_t row) const;

  /// Up to k rows for each query, best first; of equal scores the lower row first. One pass over the table
  /// for all of them: a block of rows is scored against every query while it is in L2.
  Result<std::vector<std::vector<Neighbor>>> search(std::span<const UnitQuery> queries, std::size_t k) const;

 private:
  struct Tiling;

  const std::byte* row_at(std::uint64_t row) const noexcept { return table_.data() + row * table_.row_stride(); }
  /// The rows from one on, as kernels take them.
  simd::Rows rows_from(std::uint64_t row) const noexcept {
    return {row_at(row), table_.row_stride(), table_.dim(), simd::packed_bytes(element_, table_.dim())};
  }
  double length(std::uint64_t row) const noexcept;
  void measure_block(std::uint64_t begin, std::size_t count) noexcept;
  void score_block(std::uint64_t begin, std::size_t count, const float* query, float* scores) const noexcept;

  TableView table_;
  simd::Element element_;
  const simd::KernelTable& kernels_;
  Parallel parallel_;
  std::uint64_t block_rows_;
  std::vector<float> inverse_lengths_;  ///< NaN for a row without direction, so that its score is one too
  std::vector<std::uint64_t> extreme_;  ///< ascending
};

/// The vector scaled to length 1 and rounded to f32; empty where its length is zero or not a number.
std::optional<std::vector<float>> normalized(std::span<const double> vector);

}  // namespace rowan::detail
