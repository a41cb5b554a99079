// Tables that are open, and what goes with them, written into one file.
#pragma once

#include <span>
#include <string>

#include "engine/table/file_layout.hpp"
#include "rowan/file.hpp"
#include "rowan/table.hpp"

namespace rowan::detail {

class TableSaver {
 public:
  /// What the extras' bytes lie in stays as it is meanwhile.
  static Result<WriteReport> save(const std::string& path, std::span<const Table> tables, const WriteOptions& options,
                                  const Extras& extras);
};

}  // namespace rowan::detail
