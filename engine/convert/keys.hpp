// The keys of converted rows, as the writer takes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/convert/ids.hpp"
#include "engine/table/row_reader.hpp"
#include "rowan/file.hpp"
#include "rowan/import.hpp"

namespace rowan::detail {

class Keys {
 public:
  /// Keys of a kind that blocks bring along. Keeps a reference to `source`, the path.
  Keys(KeyKind kind, const std::string& source) : kind_(kind), source_(source) {}

  /// As the options have them: of the blocks, or from a file of ids. Where it is known how many rows the source has,
  /// the ids are held against that.
  static Result<Keys> make(const ConvertOptions& options, std::optional<std::uint64_t> promised,
                           const std::string& source);

  /// Appends a block whose first row is number `row` of the reader to table `number` of the writer.
  Result<void> append(TableWriter& writer, std::size_t number, const RowReader& reader, const RowBlock& block,
                      std::uint64_t row);
  /// Holds the number of ids against the rows that came: all of the source's, or as many as were asked for.
  Result<void> check_rows(std::uint64_t rows, bool all) const { return all ? expect(rows) : expect_at_least(rows); }

 private:
  Result<void> expect(std::uint64_t rows) const;
  Result<void> expect_at_least(std::uint64_t rows) const;
  Result<void> read_ids(const RowBlock& block, std::uint64_t row);
  Result<void> parse_ids(const RowReader& reader, const RowBlock& block, std::uint64_t row);

  KeyKind kind_;
  std::optional<IdFile> ids_;
  const std::string& source_;
  std::vector<std::uint64_t> numbers_;
};

}  // namespace rowan::detail
