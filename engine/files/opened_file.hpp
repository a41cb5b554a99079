// A file that is opened once. All that is read of it is read of this, so that it is one file, whatever its path leads
// to by then.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "engine/files/file_map.hpp"
#include "engine/files/file_stamp.hpp"
#include "rowan/open_options.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Any number of threads may use it. Nobody may close its descriptor.
class OpenedFile {
 public:
  enum class Purpose : std::uint8_t {
    mapping,           ///< of a regular file; others are refused, and none is waited for
    writing_in_place,  ///< the same, with other writers kept out
    reading,           ///< of anything that has bytes, such as a pipe, whose writer is waited for
  };
  static Result<std::shared_ptr<const OpenedFile>> open(const std::string& path, Purpose purpose);

  const std::string& path() const noexcept { return path_; }
  const Descriptor& descriptor() const noexcept { return descriptor_; }
  bool is_regular() const noexcept { return S_ISREG(status_.st_mode); }
  /// Bytes that it had when it was opened; 0 where it is no regular file.
  std::uint64_t size() const noexcept { return is_regular() ? static_cast<std::uint64_t>(status_.st_size) : 0; }
  /// As it is now.
  Result<FileStamp> stamp() const { return stamp_of(descriptor_, path_); }
  /// Whether that path, its own or another, leads to it now.
  Result<bool> is_at(const std::string& path) const;

 private:
  OpenedFile() = default;

  std::string path_;
  Descriptor descriptor_;
  struct stat status_ = {};
};

/// An opened file in memory: mapped, or as a sealed copy.
struct MappedFile {
  std::shared_ptr<const OpenedFile> file;
  Mapping mapping;
  OpenMode mode = OpenMode::read_only;
  bool sealed_copy = false;

  /// Sidecars, and what the file is, are not its business.
  static Result<MappedFile> open(const std::string& path, const OpenOptions& options = {});
  /// Of a file that is open. For OpenMode::read_write it was opened for writing in place.
  static Result<MappedFile> of(std::shared_ptr<const OpenedFile> file, const OpenOptions& options = {});

  const std::string& path() const noexcept { return file->path(); }
  std::span<const std::byte> bytes() const noexcept { return mapping.bytes(); }
};

}  // namespace rowan::detail
