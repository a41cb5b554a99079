// Copies of files that nobody can change any more.
#pragma once

#include <string>

#include "engine/files/file_map.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Copies a file into sealed memory and maps that. The file itself is never mapped: one that is cut short meanwhile, or
/// changes otherwise, is an error. `path` is for messages.
Result<Mapping> sealed_copy(const Descriptor& file, const std::string& path, bool copy_on_write);

}  // namespace rowan::detail
