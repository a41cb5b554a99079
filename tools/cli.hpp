// The command line.
#pragma once

#include <functional>

namespace rowan::tool {

/// What the command line asks for, ready to run. Throws WrongUsage where it cannot be understood.
std::function<void()> parse_command_line(int argc, const char* const* argv);

}  // namespace rowan::tool
