// Row ids from a NumPy file: one dimension of little-endian u64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "engine/files/byte_source.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// The ids of a .npy file, read in order.
class IdFile {
 public:
  /// Reads and checks the header, and that the file is as long as that says.
  static Result<IdFile> open(const std::string& path);

  std::uint64_t count() const noexcept { return count_; }
  const std::string& path() const noexcept { return source_.path(); }
  /// The next ids; no more than there are may be asked for in all.
  Result<void> read(std::span<std::uint64_t> ids);

 private:
  IdFile(ByteSource source, std::uint64_t count) noexcept : source_(std::move(source)), count_(count) {}

  ByteSource source_;
  std::uint64_t count_;
};

}  // namespace rowan::detail
