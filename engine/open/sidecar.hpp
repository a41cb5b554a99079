// Native files beside the files that they were made from.
#pragma once

#include <string>
#include <string_view>

#include "rowan/status.hpp"
#include "rowan/table.hpp"

namespace rowan::detail {

/// Table::open() of any file, through its sidecar where that is of use: made now where there is none that is of it.
Result<Table> open_with_sidecar(const std::string& path, std::string_view table, const OpenOptions& options);

}  // namespace rowan::detail
