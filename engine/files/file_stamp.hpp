// What tells whether a file is still the one that was looked at.
#pragma once

#include <cstdint>
#include <string>

#include "engine/files/file_map.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// What can be said of a file without reading it.
struct FileStamp {
  std::uint64_t size = 0;
  std::uint64_t modified = 0;  ///< nanoseconds

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// `path` is for the message.
Result<FileStamp> stamp_of(const Descriptor& file, const std::string& path);

}  // namespace rowan::detail
