// The tables of a native file, as the source of a conversion.
#pragma once

#include <vector>

#include "engine/native/native_file.hpp"
#include "rowan/file.hpp"
#include "rowan/import.hpp"
#include "rowan/table.hpp"

namespace rowan::detail {

/// Those that the options ask for; refuses options that only other formats have a use for.
Result<std::vector<Table>> choose_tables(const NativeFile& file, const ConvertOptions& options);

/// How a table is written. `only`: it is the only one, which may be renamed.
TableLayout converted_layout(const Table& table, bool only, const ConvertOptions& options);

}  // namespace rowan::detail
