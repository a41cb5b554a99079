// Rows of word2vec binary files: token, space, dim little-endian f32. Line feeds in front of a token are no part of it:
// some tools write one after each row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/files/batch_reader.hpp"
#include "engine/formats/registry.hpp"
#include "engine/table/row_reader.hpp"

namespace rowan::detail {

class BinaryReader final : public RowReader {
 public:
  /// As Streaming::rows has it.
  BinaryReader(BatchReader& reader, const StreamShape& shape, const RowLayout& layout, std::uint64_t limit,
               const BatchSizes& sizes);

  Result<std::size_t> begin_batch() override;
  Result<void> parse(std::size_t tile, RowBlock& block) override;
  Result<void> end_batch(std::span<const RowBlock> blocks) override;
  void read_ahead() noexcept override;
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
  std::uint64_t wanted_rows() const noexcept;
  Error cut_short(std::string_view rest) const;

  BatchReader& reader_;
  StreamShape shape_;
  RowLayout layout_;
  BatchSizes sizes_;
  std::uint64_t limit_;
  std::uint64_t rows_ = 0;   ///< of the batches before
  std::vector<Row> framed_;  ///< the rows of this batch
  std::size_t step_ = 1;     ///< of them, rows of a tile
};

}  // namespace rowan::detail
