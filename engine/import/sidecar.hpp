// Native files beside the files that they were made from.
#pragma once

#include <string>
#include <string_view>

#include "rowan/status.hpp"
#include "rowan/threads.hpp"

namespace rowan::detail {

/// The sidecar of a file that cannot be mapped, made now where there is none that is of it. `table` is as for
/// convert().
Result<std::string> sidecar_of(const std::string& path, std::string_view table, Threads threads);

}  // namespace rowan::detail
