// Conversion of a table of a foreign file.
#pragma once

#include <string>

#include "engine/formats/foreign_file.hpp"
#include "engine/import/batch.hpp"
#include "engine/import/rows.hpp"
#include "rowan/import.hpp"

namespace rowan::detail {

/// The format's name in reports.
SourceFormat source_format(FileKind kind) noexcept;

/// A table that is to be converted, and whether with the keys of its file.
struct ForeignSource {
  ForeignFile file;
  ForeignTable table;
  bool keyed = false;
  bool words = false;  ///< of a fastText model: the vectors of its words, which are pooled from the table's rows
  std::uint64_t rows = 0;
};

/// Chooses the table and holds the options against it. Keys that are asked for as bytes are those that there are.
Result<ForeignSource> open_foreign(const std::string& source, OpenedFile opened, ConvertOptions& options);

/// Rows of a foreign table in batches.
class ForeignReader final : public RowReader {
 public:
  /// Keeps references to its arguments.
  static Result<std::unique_ptr<ForeignReader>> make(const ForeignSource& source, const std::string& path,
                                                     const RowLayout& layout, std::uint64_t limit,
                                                     const BatchSizes& sizes);

  Result<std::size_t> begin_batch() override;
  Result<void> parse(std::size_t tile, RowBlock& block) override;
  Result<void> end_batch(std::span<const RowBlock> blocks) override;
  std::string place(std::uint64_t row) const override;

 private:
  ForeignReader(const ForeignSource& source, const std::string& path, const RowLayout& layout)
      : source_(source), path_(path), layout_(layout) {}

  const ForeignSource& source_;
  const std::string& path_;
  RowLayout layout_;
  std::unique_ptr<TableRows> rows_;
  std::uint64_t rows_wanted_ = 0;
  std::uint64_t begin_ = 0;  ///< of the batch
  std::uint64_t end_ = 0;
  std::uint64_t batch_ = 1;  ///< rows at a time
  std::uint64_t step_ = 1;   ///< of them, rows of a tile
};

}  // namespace rowan::detail
