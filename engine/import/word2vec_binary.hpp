// Rows of word2vec binary files: token, space, dim little-endian f32, and a line feed after each row or none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/import/batch.hpp"
#include "engine/import/rows.hpp"
#include "engine/parallel.hpp"

namespace rowan::detail {

class BinaryReader final : public RowReader {
 public:
  /// The header has been consumed. Keeps references to the reader and the threads.
  BinaryReader(BatchReader& reader, const SourceShape& shape, const RowLayout& layout, std::uint64_t limit,
               const Parallel& parallel, const BatchSizes& sizes);

  Result<std::span<const RowBlock>> next() override;
  std::string place(std::uint64_t row) const override;

 private:
  struct Row {
    std::string_view token;
    const char* values;
  };

  /// What became of an attempt to frame one more row.
  enum class Framed : std::uint8_t { row, needs_more };

  Result<std::size_t> frame();
  Result<Framed> frame_row(std::string_view bytes, std::size_t& at);
  Result<void> check_end();
  Result<void> encode(std::size_t first, std::span<const Row> rows, RowBlock& block) const;
  std::uint64_t wanted_rows() const noexcept;
  Error cut_short(std::string_view rest) const;

  BatchReader& reader_;
  const Parallel& parallel_;
  SourceShape shape_;
  RowLayout layout_;
  BatchSizes sizes_;
  std::uint64_t limit_;
  std::uint64_t rows_ = 0;        ///< handed over so far
  std::optional<bool> newlines_;  ///< whether a line feed follows each row; told by the first
  std::vector<Row> framed_;       ///< the rows of this batch
  std::vector<RowBlock> blocks_;
};

}  // namespace rowan::detail
