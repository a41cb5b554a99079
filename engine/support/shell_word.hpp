// Paths in lines that are to be run.
#pragma once

#include <string>
#include <string_view>

namespace rowan::detail {

/// The path as a POSIX shell takes it; one with control characters as bash does, who can write them.
std::string shell_word(const std::string& path);

/// A sentence with a command in it, in which FILE stands for the path.
std::string with_file(std::string_view sentence, const std::string& path);

}  // namespace rowan::detail
