// Wrappers around system calls that may fail on request.
#include "tests/table/system_faults.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdarg>

namespace {
rowan::test::SystemFaults* active = nullptr;
int synced = -1;

bool fails(const char* name) { return active != nullptr && active->fails(name); }

bool is_folder(int fd) {
  struct stat status = {};
  return ::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}
}  // namespace

namespace rowan::test {

SystemFaults::SystemFaults() { active = this; }
SystemFaults::~SystemFaults() { active = nullptr; }

bool SystemFaults::fails(const char* name) {
  if (calls++ != fail_at) return false;
  failed = name;
  errno = error_number;
  return true;
}

}  // namespace rowan::test

extern "C" {

int openat(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = va_arg(arguments, unsigned);
  va_end(arguments);
  const bool nameless = (flags & O_TMPFILE) == O_TMPFILE;
  if (nameless && active != nullptr && active->no_nameless_files) {
    errno = EOPNOTSUPP;
    return -1;
  }
  // A nameless file that cannot be had is replaced by a named one: that is no failure.
  if (!nameless && fails("openat")) return -1;
  return static_cast<int>(::syscall(SYS_openat, folder, path, flags, mode));
}

ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  if (fails("pwrite")) return -1;
  if (active != nullptr && active->short_writes) {
    if (active->calls % 2 == 0) {
      errno = EINTR;
      return -1;
    }
    count = count > 70'000 ? 70'000 : (count + 1) / 2;
  }
  return ::syscall(SYS_pwrite64, fd, bytes, count, offset);
}

ssize_t pread(int fd, void* bytes, size_t count, off_t offset) {
  if (fails("pread")) return -1;
  return ::syscall(SYS_pread64, fd, bytes, count, offset);
}

int fsync(int fd) {
  const bool folder = is_folder(fd);
  if (!folder) synced = fd;
  if (fails(folder ? "fsync of a folder" : "fsync")) return -1;
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

int close(int fd) {
  // Only the file itself is closed after a sync; of scratch files and folders nobody needs to know.
  const bool told = fd == synced && fails("close");
  if (fd == synced) synced = -1;
  const auto result = static_cast<int>(::syscall(SYS_close, fd));
  if (!told) return result;
  errno = active->error_number;
  return -1;
}

int msync(void* address, size_t size, int flags) {
  if (fails("msync")) return -1;
  return static_cast<int>(::syscall(SYS_msync, address, size, flags));
}

int mprotect(void* address, size_t size, int access) noexcept {
  if (fails("mprotect")) return -1;
  return static_cast<int>(::syscall(SYS_mprotect, address, size, access));
}

int fallocate(int fd, int mode, off_t offset, off_t size) {
  if (fails("fallocate")) return -1;
  return static_cast<int>(::syscall(SYS_fallocate, fd, mode, offset, size));
}

int posix_fallocate(int fd, off_t offset, off_t size) {
  if (fails("posix_fallocate")) return active->error_number;
  return ::syscall(SYS_fallocate, fd, 0, offset, size) == 0 ? 0 : errno;
}

int ftruncate(int fd, off_t size) noexcept {
  if (fails("ftruncate")) return -1;
  return static_cast<int>(::syscall(SYS_ftruncate, fd, size));
}

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept {
  if (fails("linkat")) return -1;
  return static_cast<int>(::syscall(SYS_linkat, from_folder, from, to_folder, to, flags));
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  if (fails("renameat")) return -1;
  return static_cast<int>(::syscall(SYS_renameat2, from_folder, from, to_folder, to, 0));
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept {
  if (active != nullptr && active->no_conditional_rename) {
    errno = EINVAL;
    return -1;
  }
  if (fails("renameat2")) return -1;
  return static_cast<int>(::syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
}

int fchmod(int fd, mode_t mode) noexcept {
  if (fails("fchmod")) return -1;
  return static_cast<int>(::syscall(SYS_fchmod, fd, mode));
}

int fchown(int fd, uid_t owner, gid_t group) noexcept {
  if (fails("fchown")) return -1;
  return static_cast<int>(::syscall(SYS_fchown, fd, owner, group));
}

}  // extern "C"
