#include "engine/table/numbered_rows.hpp"

#include <algorithm>

#include "engine/support/error.hpp"

namespace rowan::detail {

NumberedRows::NumberedRows(std::uint64_t rows, std::size_t row_bytes, bool any_order, const RowLayout& layout,
                           const BatchSizes& sizes) noexcept
    : layout_(layout), rows_(rows) {
  batch_ = std::max<std::uint64_t>(batch_bytes(sizes.batch, row_bytes, layout) / row_bytes, 1);
  step_ = any_order ? std::max<std::uint64_t>(sizes.chunk / row_bytes, 1) : batch_;
}

std::string NumberedRows::place(std::uint64_t row) const { return concat("row ", row, " (counted from 0)"); }

Result<std::size_t> NumberedRows::begin_batch() {
  if (end_ == 0) read_ahead();
  begin_ = end_;
  end_ = std::min(begin_ + batch_, rows_);
  return static_cast<std::size_t>((end_ - begin_ + step_ - 1) / step_);
}

Result<void> NumberedRows::parse(std::size_t tile, RowBlock& block) {
  const std::uint64_t begin = begin_ + tile * step_;
  block.clear();
  return read(begin, std::min(begin + step_, end_), block);
}

}  // namespace rowan::detail
