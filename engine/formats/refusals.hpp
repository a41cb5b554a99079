// What to say about a file that is not native.
#pragma once

#include <string>

#include "engine/formats/registry.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// That a file is converted once: `what` it is and why, as a noun with what belongs to it.
Error needs_conversion_error(const std::string& path, const std::string& what);

/// The refusal, where a native file is needed, of a file of that kind: where it can be converted, with the line to run.
Error not_native_error(const std::string& path, const Recognised& start);

}  // namespace rowan::detail
