// Files that appear whole or not at all, and files that nobody else sees.
#pragma once

#include <sys/types.h>

#include <string>

#include "engine/files/file_map.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// A file that is written without a name (or under a hidden one, where the file system has no nameless files)
/// and gets its own at publish(), synced. Destroyed before that, it leaves nothing behind.
///
/// A target that is a symbolic link stays one: the file that it leads to is what gets replaced. One that is
/// replaced hands on its permissions.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::string& path, bool overwrite);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  const Descriptor& file() const noexcept { return file_; }
  const std::string& path() const noexcept { return path_; }  ///< as the caller gave it, for messages

  /// Puts the file in its place. Without overwriting, an existing one stays and is an error.
  Result<void> publish();

  /// A nameless file in the same folder, for reading and writing.
  Result<Descriptor> scratch() const;

 private:
  AtomicFile() = default;

  Result<void> examine_target(bool overwrite);
  Result<void> open_file();
  Result<void> put_in_place();
  Result<void> link_to(const std::string& name);
  Error failure(int error_number, const char* action) const;
  Error exists() const;
  void remove_temporary() noexcept;

  std::string path_;
  std::string name_;  ///< last component of the file to be made
  Descriptor folder_;
  Descriptor file_;
  std::string temporary_;  ///< name in folder_ to be removed on failure, or empty
  bool overwrite_ = false;
  bool keep_mode_ = false;
  mode_t mode_ = 0;
  uid_t owner_ = 0;
  gid_t group_ = 0;
};

}  // namespace rowan::detail
