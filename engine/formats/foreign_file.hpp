// A file of a foreign format: what it holds, and tables over its mapping.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/files/opened_file.hpp"
#include "engine/formats/check.hpp"
#include "engine/formats/decoded_rows.hpp"
#include "engine/formats/found.hpp"
#include "engine/formats/registry.hpp"
#include "rowan/file.hpp"
#include "rowan/table.hpp"

namespace rowan::detail {

class ForeignFile {
 public:
  /// Reads what a file of a format that is mapped holds, and its vocabulary where that lies beside it. Touches no row.
  static Result<ForeignFile> of(MappedFile mapped, const Format& format);

  /// The tensor of that name or, without one, the file's table, checked with its keys.
  Result<ForeignTable> choose(std::string_view name) const;
  /// Whether the file's keys are those of a table.
  bool has_keys(const ForeignTable& table) const noexcept;
  /// How many rows it has for whoever converts it, and those rows. The file outlives them.
  std::uint64_t row_count(const ForeignTable& table) const noexcept {
    return is_derived(table) ? found_->derived_rows() : table.rows;
  }
  Result<std::unique_ptr<DecodedRows>> rows(const ForeignTable& table) const;

  /// A table over the mapping; Code::needs_conversion, with the command to run, where its rows cannot be read in place.
  Result<Table> table(std::string_view name) const;
  /// A table over a mapped file whose tensor was found before, and its keys, which `keys_owner` keeps.
  static Result<Table> table_of(MappedFile mapped, const FoundTensor& tensor, const Vocabulary& keys,
                                std::shared_ptr<const void> keys_owner);
  /// All tensors that are tables in place; at least one.
  Result<std::vector<Table>> tables() const;
  FileInfo info() const;
  /// Sentences on what was noticed in the file and beside it.
  std::vector<std::string> notes() const;

  const FoundFile& found() const noexcept { return *found_; }
  const std::shared_ptr<const Mapping>& mapping() const noexcept { return mapping_; }

 private:
  ForeignFile() = default;
  Result<ForeignTable> check(const FoundTensor& tensor) const;
  Result<void> check_derived(const ForeignTable& table) const;
  Result<Table> make_table(const ForeignTable& checked) const;
  bool is_derived(const ForeignTable& table) const noexcept {
    return found_->derived_rows() != 0 && table.tensor->name == found_->table;
  }
  std::span<const std::byte> bytes() const noexcept { return mapping_->bytes(); }

  std::string path_;
  OpenMode mode_ = OpenMode::read_only;
  std::shared_ptr<const Mapping> mapping_;
  std::shared_ptr<const FoundFile> found_;
};

}  // namespace rowan::detail
