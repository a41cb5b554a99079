// Tables, and what goes with them, written into one file.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/native/file_layout.hpp"
#include "rowan/file.hpp"
#include "rowan/table.hpp"

namespace rowan::detail {

class TableSaver {
 public:
  /// What the extras' bytes lie in stays as it is meanwhile.
  static Result<WriteReport> save(const std::string& path, std::span<const Table> tables, const WriteOptions& options,
                                  const Extras& extras);
  /// A writer for tables whose rows are still to come.
  static Result<TableWriter> create(const std::string& path, std::vector<TableLayout> layouts,
                                    const WriteOptions& options, const Extras& extras) {
    return TableWriter::create(path, std::move(layouts), options, extras);
  }
};

}  // namespace rowan::detail
