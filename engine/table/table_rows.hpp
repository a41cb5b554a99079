// The rows of a table, as they are or in another type, with their keys.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/table/numbered_rows.hpp"
#include "rowan/table.hpp"

namespace rowan::detail {

class TableRows final : public NumberedRows {
 public:
  /// The first `rows` rows of a table, which it keeps; `path` begins the sentences of errors, where it is not empty.
  /// With `keyed` blocks have the keys that the table has: then each of its rows has one, or the Error says so.
  static Result<std::unique_ptr<TableRows>> make(const Table& table, std::uint64_t rows, bool keyed,
                                                 const RowLayout& layout, const BatchSizes& sizes,
                                                 const std::string& path = {});

  std::string place(std::uint64_t row) const override;

 private:
  TableRows(const Table& table, std::uint64_t rows, bool keyed, const RowLayout& layout, const BatchSizes& sizes,
            const std::string& path);

  Result<void> read(std::uint64_t begin, std::uint64_t end, RowBlock& block) override;
  void prepare(std::uint64_t begin, std::uint64_t end) noexcept override;
  Result<void> read_keys(std::uint64_t begin, std::uint64_t end, RowBlock& block) const;
  Result<void> read_values(std::uint64_t begin, std::uint64_t end, RowBlock& block) const;

  Table table_;
  bool keyed_;
  std::string path_;
};

}  // namespace rowan::detail
