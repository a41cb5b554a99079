// What a table may be called.
#pragma once

#include <string_view>

#include "rowan/status.hpp"

namespace rowan::detail {

/// Whether a table can be called that: not empty, UTF-8, no control characters.
Result<void> check_table_name(std::string_view name);

}  // namespace rowan::detail
