// Rows of GloVe and word2vec text, parsed in parallel. The rules are those of rowan/import.hpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/files/batch_reader.hpp"
#include "engine/formats/registry.hpp"
#include "engine/formats/text_line.hpp"
#include "engine/table/row_reader.hpp"

namespace rowan::detail {

class TextReader final : public RowReader {
 public:
  /// As Streaming::rows has it.
  TextReader(BatchReader& reader, const StreamShape& shape, const RowLayout& layout, std::uint64_t limit, int threads,
             const BatchSizes& sizes);

  Result<std::size_t> begin_batch() override;
  Result<void> parse(std::size_t tile, RowBlock& block) override;
  Result<void> end_batch(std::span<const RowBlock> blocks) override;
  void read_ahead() noexcept override;
  std::string place(std::uint64_t row) const override;
  std::vector<std::string> notes() const override;

 private:
  /// A run of whole lines and what came of it.
  struct Chunk {
    std::string_view text;
    std::uint64_t empty_lines = 0;  ///< after its last row
    std::optional<LineFault> fault = {};
  };

  Result<std::string_view> next_lines();
  void split(std::string_view text);
  void parse_chunk(Chunk& chunk, RowBlock& block) const;
  Result<void> check_end() const;
  Error describe(const LineFault& fault, std::uint64_t line) const;
  Error surplus() const;
  std::string separated() const;
  bool is_cut(std::string_view line) const;
  std::string why_few(const LineFault& fault, std::uint64_t line) const;
  std::string why_bad(const LineFault& fault, std::uint64_t line) const;
  std::uint64_t line_of(std::uint64_t row) const noexcept;

  BatchReader& reader_;
  std::size_t threads_;
  StreamShape shape_;
  RowLayout layout_;
  BatchSizes sizes_;
  std::uint64_t limit_;
  std::uint64_t rows_ = 0;         ///< of the batches before
  std::uint64_t empty_lines_ = 0;  ///< after them; none may be followed by a row
  const char* unended_ = nullptr;  ///< the end of the file's last line, where no line end is there
  bool more_ = true;               ///< whether a batch behind this one may be wanted
  std::vector<Chunk> chunks_;
};

/// Streaming::rows of GloVe text and of word2vec text.
std::unique_ptr<RowReader> text_rows(BatchReader& reader, const StreamShape& shape, const RowLayout& layout,
                                     std::uint64_t limit, int threads, const BatchSizes& sizes);

}  // namespace rowan::detail
