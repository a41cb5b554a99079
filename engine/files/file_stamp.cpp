#include "engine/files/file_stamp.hpp"

#include <sys/stat.h>

#include <cerrno>

#include "engine/support/error.hpp"

namespace rowan::detail {

Result<FileStamp> stamp_of(const Descriptor& file, const std::string& path) {
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) return os_error(errno, concat("cannot examine ", path));
  const auto seconds = static_cast<std::uint64_t>(status.st_mtim.tv_sec);
  return FileStamp{static_cast<std::uint64_t>(status.st_size),
                   seconds * 1'000'000'000 + static_cast<std::uint64_t>(status.st_mtim.tv_nsec)};
}

}  // namespace rowan::detail
