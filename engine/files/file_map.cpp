// Descriptors, mappings, and reads and writes that go on after signals and short counts.
#include "engine/files/file_map.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "engine/support/error.hpp"
#include "engine/support/memory_advice.hpp"

namespace rowan::detail {

Descriptor::~Descriptor() { close(); }

int Descriptor::close() noexcept {
  const int fd = std::exchange(fd_, -1);
  // Linux frees the descriptor even where close() is interrupted: it is never repeated.
  return fd >= 0 && ::close(fd) != 0 && errno != EINTR ? errno : 0;
}

Mapping::~Mapping() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

Result<Mapping> Mapping::of_file(const Descriptor& file, const std::string& path, bool copy_on_write) {
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) return os_error(errno, concat("cannot examine ", path));
  const auto length = static_cast<std::size_t>(status.st_size);
  if (copy_on_write) return private_of(file, length, path, true);
  if (length == 0) return Mapping();  // which the system refuses to map
  void* address = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, file.get(), 0);
  if (address == MAP_FAILED) return os_error(errno, concat("cannot map ", path));
  advise_random({static_cast<std::byte*>(address), length});
  return Mapping({static_cast<std::byte*>(address), length});
}

Result<Mapping> Mapping::private_of(const Descriptor& file, std::uint64_t size, const std::string& path,
                                    bool writable) {
  if (size == 0) return Mapping();
  const int access = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  // Private pages are set aside when they are written to, or no table larger than the free memory could be opened.
  void* address = ::mmap(nullptr, size, access, MAP_PRIVATE | MAP_NORESERVE, file.get(), 0);
  if (address == MAP_FAILED) return os_error(errno, concat("cannot map ", path));
  advise_random({static_cast<std::byte*>(address), size});
  return Mapping({static_cast<std::byte*>(address), size});
}

Result<Mapping> Mapping::shared(const Descriptor& file, std::uint64_t size, std::string_view what) {
  if (size == 0) return Mapping();
  void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (address == MAP_FAILED) return os_error(errno, concat("cannot map ", what));
  return Mapping({static_cast<std::byte*>(address), size});
}

Result<Mapping> Mapping::anonymous(std::uint64_t size) {
  if (size == 0) return Mapping();
  void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) return os_error(errno, concat("cannot get ", size, " bytes of memory"));
  ::madvise(address, size, MADV_HUGEPAGE);  // a wish: without huge pages everything works the same
  return Mapping({static_cast<std::byte*>(address), size});
}

Result<void> write_all(const Descriptor& file, std::span<const std::byte> bytes, std::uint64_t offset,
                       std::string_view path) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return os_error(errno, concat("cannot write ", path));
    if (written == 0) return make_error(Code::io_error, "cannot write ", path, ": nothing more was taken");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<void> read_all(const Descriptor& file, std::span<std::byte> bytes, std::uint64_t offset, std::string_view path) {
  while (!bytes.empty()) {
    const ssize_t got = ::pread(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error(errno, concat("cannot read ", path));
    if (got == 0) return make_error(Code::io_error, "cannot read ", path, ": it ends at byte ", offset);
    bytes = bytes.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

int sync(const Descriptor& file) noexcept {
  int result = 0;
  do {
    result = ::fsync(file.get());
  } while (result != 0 && errno == EINTR);
  return result;
}

Result<void> cut_to(const Descriptor& file, std::uint64_t size, std::string_view path) {
  int result = 0;
  do {
    result = ::ftruncate(file.get(), static_cast<off_t>(size));
  } while (result != 0 && errno == EINTR);
  if (result != 0) return os_error(errno, concat("cannot write ", path));
  return {};
}

}  // namespace rowan::detail
