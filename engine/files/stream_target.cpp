#include "engine/files/stream_target.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <string_view>
#include <utility>

#include "engine/support/error.hpp"
#include "engine/support/text.hpp"

namespace rowan::detail {
namespace {

/// The descriptor that a name stands for.
std::optional<int> named_descriptor(std::string_view path) noexcept {
  if (path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!path.starts_with(folder)) continue;
    const auto number = parse_decimal(path.substr(folder.size()));
    if (number && *number <= std::uint64_t{std::numeric_limits<int>::max()}) return static_cast<int>(*number);
  }
  return std::nullopt;
}

}  // namespace

Result<std::optional<StreamTarget>> StreamTarget::find(const std::string& path) {
  Descriptor file;
  if (const auto number = named_descriptor(path)) {
    file = Descriptor(::fcntl(*number, F_DUPFD_CLOEXEC, 0));
  } else {
    struct stat status = {};
    const bool there = ::stat(path.c_str(), &status) == 0;  // what cannot be examined is refused where it is written
    if (!there || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) return std::optional<StreamTarget>();
    file = Descriptor(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  }
  if (!file) return os_error(errno, concat("cannot open ", path, " for writing"));
  return std::optional<StreamTarget>(StreamTarget(std::move(file), path));
}

Result<void> StreamTarget::append(std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {  // a pipe that another process made non-blocking
      pollfd room = {.fd = file_.get(), .events = POLLOUT, .revents = 0};
      if (::poll(&room, 1, -1) >= 0 || errno == EINTR) continue;
    }
    if (written < 0) return os_error(errno, concat("cannot write ", path_));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace rowan::detail
