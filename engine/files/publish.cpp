// Publication by link or rename, with everything synced before and the folder after.
#include "engine/files/publish.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

namespace fs = std::filesystem;

std::string hidden_name(const std::string& name) {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) random = static_cast<std::uint64_t>(::getpid());
  std::array<char, 17> digits = {};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(random));
  constexpr std::size_t longest = 200;  // a file name has up to 255 bytes
  return concat(".", name.substr(0, longest), ".", digits.data(), ".tmp");
}

std::string through_proc(const Descriptor& file) { return concat("/proc/self/fd/", file.get()); }

/// Opens a file without a name; absent where the file system, or a missing /proc, stands against it.
Descriptor open_nameless(const Descriptor& folder) {
  Descriptor file(::openat(folder.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666));
  // Without /proc such a file could never be given a name.
  if (file && ::access(through_proc(file).c_str(), F_OK) != 0) return {};
  return file;
}

Descriptor open_named(const Descriptor& folder, const std::string& name) {
  return Descriptor(::openat(folder.get(), name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666));
}

}  // namespace

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      name_(std::move(other.name_)),
      folder_(std::move(other.folder_)),
      file_(std::move(other.file_)),
      temporary_(std::exchange(other.temporary_, {})),
      overwrite_(other.overwrite_),
      keep_mode_(other.keep_mode_),
      mode_(other.mode_),
      owner_(other.owner_),
      group_(other.group_) {}

AtomicFile::~AtomicFile() { remove_temporary(); }

void AtomicFile::remove_temporary() noexcept {
  if (!temporary_.empty()) ::unlinkat(folder_.get(), temporary_.c_str(), 0);
  temporary_.clear();
}

Error AtomicFile::failure(int error_number, const char* action) const {
  return os_error(error_number, concat("cannot ", action, " ", path_));
}

Error AtomicFile::exists() const {
  return make_error(Code::already_exists, path_, " exists; pass overwrite to replace it");
}

Result<AtomicFile> AtomicFile::create(const std::string& path, bool overwrite) {
  AtomicFile file;
  file.path_ = path;
  file.overwrite_ = overwrite;
  if (const auto good = file.examine_target(overwrite); !good) return good.error();
  if (const auto good = file.open_file(); !good) return good.error();
  return file;
}

Result<void> AtomicFile::examine_target(bool overwrite) {
  if (path_.empty()) return make_error(Code::invalid_argument, "the path of the file to write is empty");
  fs::path target = path_;
  struct stat status = {};
  const bool there = ::lstat(path_.c_str(), &status) == 0;
  if (!there && errno != ENOENT) return failure(errno, "write");
  if (there && S_ISLNK(status.st_mode)) {
    std::error_code failed;
    target = fs::canonical(target, failed);
    if (failed) {
      return make_error(Code::not_found, path_,
                        " is a symbolic link that leads to no file; remove it or name its goal");
    }
  }
  if (::stat(target.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return make_error(Code::invalid_argument, path_, " is a folder, not a file");
    if (!S_ISREG(status.st_mode)) {
      return make_error(Code::invalid_argument, path_, " is not a regular file and will not be replaced by one");
    }
    if (!overwrite) return exists();
    keep_mode_ = true;
    mode_ = status.st_mode & 07777;
    owner_ = status.st_uid;
    group_ = status.st_gid;
  } else if (errno != ENOENT) {
    return failure(errno, "write");
  }

  name_ = target.filename().string();
  if (name_.empty()) return make_error(Code::invalid_argument, path_, " names a folder, not a file");
  const fs::path parent = target.has_parent_path() ? target.parent_path() : fs::path(".");
  folder_ = Descriptor(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_) return failure(errno, "write");
  return {};
}

Result<void> AtomicFile::open_file() {
  file_ = open_nameless(folder_);
  if (!file_) {
    temporary_ = hidden_name(name_);
    file_ = open_named(folder_, temporary_);
    if (!file_) {
      temporary_.clear();
      return failure(errno, "write");
    }
  }
  if (!keep_mode_) return {};
  // The owner is kept where that is allowed; the mode is kept always, or a private file would become public.
  if (::fchown(file_.get(), owner_, group_) != 0 && errno != EPERM) return failure(errno, "keep the owner of");
  if (::fchmod(file_.get(), mode_) != 0) return failure(errno, "keep the permissions of");
  return {};
}

Result<Descriptor> AtomicFile::scratch() const {
  Descriptor file = open_nameless(folder_);
  if (file) return file;
  const std::string name = hidden_name(name_);
  file = open_named(folder_, name);
  if (!file) return os_error(errno, concat("cannot make a scratch file beside ", path_));
  if (::unlinkat(folder_.get(), name.c_str(), 0) != 0) {
    return os_error(errno, concat("cannot remove the scratch file ", name, " beside ", path_));
  }
  return file;
}

Result<void> AtomicFile::publish() {
  if (sync(file_) != 0) return failure(errno, "sync");
  if (const auto good = put_in_place(); !good) {
    remove_temporary();
    return good.error();
  }
  if (sync(folder_) != 0) {
    const Error error = failure(errno, "sync the folder of");
    if (!overwrite_) ::unlinkat(folder_.get(), name_.c_str(), 0);
    return error;
  }
  return {};
}

Result<void> AtomicFile::put_in_place() {
  if (temporary_.empty()) {
    // Only a file with a name can replace another.
    std::string name = overwrite_ ? hidden_name(name_) : name_;
    if (const auto good = link_to(name); !good) return good.error();
    temporary_ = std::move(name);  // which cannot fail: a name that is not kept would stay
  }
  if (const int error_number = file_.close(); error_number != 0) return failure(error_number, "close");
  if (temporary_ == name_) {
    temporary_.clear();
    return {};
  }
  const int folder = folder_.get();
  if (overwrite_) {
    if (::renameat(folder, temporary_.c_str(), folder, name_.c_str()) != 0) return failure(errno, "replace");
    temporary_.clear();
    return {};
  }
  if (::renameat2(folder, temporary_.c_str(), folder, name_.c_str(), RENAME_NOREPLACE) == 0) {
    temporary_.clear();
    return {};
  }
  if (errno == EEXIST) return exists();
  if (errno != EINVAL && errno != ENOSYS) return failure(errno, "name");
  // The file system cannot rename with that condition: a link has it built in.
  if (::linkat(folder, temporary_.c_str(), folder, name_.c_str(), 0) != 0) {
    return errno == EEXIST ? exists() : failure(errno, "name");
  }
  remove_temporary();
  return {};
}

Result<void> AtomicFile::link_to(const std::string& name) {
  const std::string nameless = through_proc(file_);
  if (::linkat(AT_FDCWD, nameless.c_str(), folder_.get(), name.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
  return errno == EEXIST ? exists() : failure(errno, "name");
}

}  // namespace rowan::detail
