// Rows of a foreign table, on their way into a native file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/formats/foreign_file.hpp"
#include "engine/table/numbered_rows.hpp"
#include "rowan/import.hpp"

namespace rowan::detail {

/// A table that is to be converted, and how.
struct ForeignSource {
  ForeignFile file;
  ForeignTable table;
  bool keyed = false;     ///< with the keys of its file
  bool subwords = false;  ///< the vectors of its keys, each of which is the mean of several of its rows
  std::uint64_t rows = 0;

  bool is_f64() const noexcept { return table.tensor->encoding == Encoding::f64; }
};

/// Chooses the table and holds the options against it. Keys that are asked for as bytes are those that there are.
Result<ForeignSource> choose_foreign(ForeignFile file, const std::string& path, ConvertOptions& options);

class ForeignRows final : public NumberedRows {
 public:
  /// Keeps references to `source` and `path`.
  static Result<std::unique_ptr<RowReader>> make(const ForeignSource& source, const std::string& path,
                                                 const RowLayout& layout, std::uint64_t limit, const BatchSizes& sizes);

 private:
  ForeignRows(const ForeignSource& source, const std::string& path, std::unique_ptr<DecodedRows> rows,
              const RowLayout& layout, std::uint64_t limit, const BatchSizes& sizes);

  Result<void> read(std::uint64_t begin, std::uint64_t end, RowBlock& block) override;

  const ForeignSource& source_;
  const std::string& path_;
  std::unique_ptr<DecodedRows> rows_;
};

}  // namespace rowan::detail
