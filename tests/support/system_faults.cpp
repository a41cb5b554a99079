// Wrappers around system calls that may fail on request.
#include "tests/support/system_faults.hpp"

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
bool fails_opening(const char* name) { return active != nullptr && active->fails_opening(name); }

bool is_folder(int fd) {
  struct stat status = {};
  return ::syscall(SYS_fstat, fd, &status) == 0 && S_ISDIR(status.st_mode);
}
}  // namespace

namespace rowan::test {

SystemFaults::SystemFaults() { active = this; }
SystemFaults::~SystemFaults() { active = nullptr; }

bool SystemFaults::fails(const char* name) {
  if (at_call) at_call();
  if (calls++ != fail_at) return false;
  failed = name;
  errno = error_number;
  return true;
}

}  // namespace rowan::test

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = va_arg(arguments, unsigned);
  va_end(arguments);
  if (fails_opening("open")) return -1;
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

int fstat(int fd, struct stat* status) noexcept {
  if (fails_opening("fstat")) return -1;
  return static_cast<int>(::syscall(SYS_fstat, fd, status));
}

int stat(const char* path, struct stat* status) noexcept {
  if (fails_opening("stat")) return -1;
  return static_cast<int>(::syscall(SYS_stat, path, status));
}

int lstat(const char* path, struct stat* status) noexcept {
  if (fails_opening("lstat")) return -1;
  return static_cast<int>(::syscall(SYS_lstat, path, status));
}

off_t lseek(int fd, off_t offset, int whence) noexcept {
  if (fails_opening("lseek")) return -1;
  return ::syscall(SYS_lseek, fd, offset, whence);
}

ssize_t read(int fd, void* bytes, size_t count) {
  if (fails_opening("read")) return -1;
  return ::syscall(SYS_read, fd, bytes, count);
}

void* mmap(void* address, size_t size, int access, int flags, int fd, off_t offset) noexcept {
  if (fails_opening("mmap")) return MAP_FAILED;
  return reinterpret_cast<void*>(::syscall(SYS_mmap, address, size, access, flags, fd, offset));
}

int memfd_create(const char* name, unsigned flags) noexcept {
  if (fails_opening("memfd_create")) return -1;
  return static_cast<int>(::syscall(SYS_memfd_create, name, flags));
}

int fcntl(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  const long argument = va_arg(arguments, long);
  va_end(arguments);
  if (fails_opening("fcntl")) return -1;
  return static_cast<int>(::syscall(SYS_fcntl, fd, command, argument));
}

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
  if (active != nullptr && active->at_read) active->at_read();
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
