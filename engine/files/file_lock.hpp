// One writer at a time.
#pragma once

#include <string>

#include "engine/files/file_map.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Keeps other writers out of the file for as long as the descriptor, or a copy that fork() made, is open.
Result<void> lock_for_writing(const Descriptor& file, const std::string& path);

/// Whether another descriptor has the lock now.
bool is_locked_for_writing(const Descriptor& file) noexcept;

}  // namespace rowan::detail
