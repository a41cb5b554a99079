#include "engine/files/sealed_copy.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/files/file_stamp.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

constexpr std::uint64_t block_bytes = std::uint64_t{1} << 20;

/// By way of a buffer: stores into a mapping of either would end the process where memory, or the file, does.
Result<void> copy(const Descriptor& from, const Descriptor& to, std::uint64_t size, const std::string& path) {
  const std::string what = concat("the sealed copy of ", path);
  std::vector<std::byte> buffer(std::min(size, block_bytes));
  for (std::uint64_t at = 0; at < size; at += buffer.size()) {
    const std::span<std::byte> block = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), size - at));
    if (const auto good = read_all(from, block, at, path); !good) return good;
    if (const auto good = write_all(to, block, at, what); !good) return good;
  }
  return {};
}

}  // namespace

Result<Mapping> sealed_copy(const Descriptor& file, const std::string& path, bool copy_on_write) {
  const Result<FileStamp> before = stamp_of(file, path);
  if (!before) return before.error();
  const Descriptor memory(::memfd_create("rowan", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory) return os_error(errno, concat("cannot get memory for a sealed copy of ", path));
  if (const auto good = copy(file, memory, before->size, path); !good) return good.error();
  const Result<FileStamp> after = stamp_of(file, path);
  if (!after) return after.error();
  if (*after != *before) {
    return make_error(Code::io_error, path, " changed while it was copied: try again when it is at rest");
  }
  if (::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) {
    return os_error(errno, concat("cannot seal the copy of ", path));
  }
  return Mapping::private_of(memory, before->size, path, copy_on_write);
}

}  // namespace rowan::detail
