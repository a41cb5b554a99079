// Locks of the open file and not of the process: a second writer in the same process is kept out too.
#include "engine/files/file_lock.hpp"

#include <fcntl.h>

#include <cerrno>

#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

struct flock whole_file(short type) noexcept {
  struct flock lock = {};
  lock.l_type = type;
  return lock;
}

}  // namespace

Result<void> lock_for_writing(const Descriptor& file, const std::string& path) {
  const struct flock lock = whole_file(F_WRLCK);
  if (::fcntl(file.get(), F_OFD_SETLK, &lock) == 0) return {};
  if (errno != EAGAIN && errno != EACCES) return os_error(errno, concat("cannot lock ", path));
  return make_error(Code::file_in_use, path, " is open for writing already; it has one writer at a time");
}

bool is_locked_for_writing(const Descriptor& file) noexcept {
  struct flock lock = whole_file(F_RDLCK);
  return ::fcntl(file.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace rowan::detail
