// Paths in lines that are to be run.
#pragma once

#include <string>

namespace rowan::detail {

/// The path as a POSIX shell takes it.
std::string shell_word(const std::string& path);

}  // namespace rowan::detail
