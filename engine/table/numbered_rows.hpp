// Readers of rows that have numbers: any of them can be had, in any order or in theirs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "engine/table/row_reader.hpp"

namespace rowan::detail {

/// Cuts rows 0 to `rows` - 1 into batches and tiles.
class NumberedRows : public RowReader {
 public:
  Result<std::size_t> begin_batch() final;
  Result<void> parse(std::size_t tile, RowBlock& block) final;
  Result<void> end_batch(std::span<const RowBlock>) final { return {}; }
  void read_ahead() noexcept final { prepare(end_, std::min(end_ + batch_, rows_)); }
  std::string place(std::uint64_t row) const override;

 protected:
  /// `row_bytes` of a row are read or made, whichever are more. Without `any_order`
  /// rows have to be read in their order: then a batch is one tile.
  NumberedRows(std::uint64_t rows, std::size_t row_bytes, bool any_order, const RowLayout& layout,
               const BatchSizes& sizes) noexcept;

  const RowLayout& layout() const noexcept { return layout_; }

 private:
  /// Fills a block that was cleared with rows [begin, end).
  virtual Result<void> read(std::uint64_t begin, std::uint64_t end, RowBlock& block) = 0;
  /// Rows [begin, end), which may be none, will be read soon.
  virtual void prepare(std::uint64_t, std::uint64_t) noexcept {}

  RowLayout layout_;
  std::uint64_t rows_;
  std::uint64_t batch_;      ///< rows at a time
  std::uint64_t step_;       ///< of them, rows of a tile
  std::uint64_t begin_ = 0;  ///< of the batch
  std::uint64_t end_ = 0;
};

}  // namespace rowan::detail
