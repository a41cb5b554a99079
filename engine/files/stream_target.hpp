// Targets that take bytes as they come: pipes, terminals and the descriptors of this process.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "engine/files/file_map.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

class StreamTarget {
 public:
  /// The target of that name; empty where it is a file, or a name that a file may have. A name of a descriptor, such as
  /// /dev/stdout, is that descriptor with its place in whatever it leads to.
  static Result<std::optional<StreamTarget>> find(const std::string& path);

  /// Writes all of it. What was written before a failure stays written.
  Result<void> append(std::span<const std::byte> bytes) const;

 private:
  StreamTarget(Descriptor file, const std::string& path) : file_(std::move(file)), path_(path) {}

  Descriptor file_;
  std::string path_;
};

}  // namespace rowan::detail
