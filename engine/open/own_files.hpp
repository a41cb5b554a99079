// Rowan's own files by their path; any other is refused with a sentence that says what it is and what to do.
#pragma once

#include <string>

#include "engine/native/native_file.hpp"
#include "rowan/open_options.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

Result<NativeFile> open_native(const std::string& path, const OpenOptions& options = {},
                               NativeFile::Unfinished unfinished = NativeFile::Unfinished::refuse);

}  // namespace rowan::detail
