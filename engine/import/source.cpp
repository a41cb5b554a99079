// Reading files and gzip streams; the only code that includes zlib.
#include "engine/import/source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

constexpr std::size_t compressed_buffer = std::size_t{1} << 18;
constexpr std::uint64_t deflate_ratio = 1032;  // deflate's best: 258 bytes from 2 bits
constexpr int gzip_window = 15 + 16;           // the largest window; gzip headers only

}  // namespace

struct ByteSource::State {
  std::string path;
  int file = -1;
  struct stat status = {};
  std::uint64_t bytes_read = 0;

  bool gzip = false;
  bool in_member = false;  // between a gzip header and its trailer
  bool any_member = false;
  z_stream stream = {};
  std::vector<char> input;  // read from the file and not consumed: [input_begin, input_end)
  std::size_t input_begin = 0;
  std::size_t input_end = 0;

  ~State() {
    if (gzip) inflateEnd(&stream);
    if (file >= 0) ::close(file);
  }

  /// One read of the file; 0 at its end.
  Result<std::size_t> read_some(char* buffer, std::size_t size) {
    for (;;) {
      const ssize_t got = ::read(file, buffer, std::min(size, std::size_t{1} << 30));
      if (got >= 0) {
        bytes_read += static_cast<std::uint64_t>(got);
        return static_cast<std::size_t>(got);
      }
      if (errno != EINTR) return os_error(errno, concat("cannot read ", path));
    }
  }

  Result<void> refill() {
    auto got = read_some(input.data(), input.size());
    if (!got) return got.error();
    input_begin = 0;
    input_end = *got;
    return {};
  }

  /// Looks at the first bytes: whether they are a gzip header.
  Result<void> start() {
    input.resize(compressed_buffer);
    while (input_end < 2) {
      auto got = read_some(input.data() + input_end, input.size() - input_end);
      if (!got) return got.error();
      if (*got == 0) return {};
      input_end += *got;
    }
    if (input[0] != '\x1f' || input[1] != '\x8b') return {};
    if (inflateInit2(&stream, gzip_window) != Z_OK) return make_error(Code::out_of_memory, "out of memory");
    gzip = true;
    return {};
  }

  Result<std::size_t> read_plain(std::span<char> buffer) {
    std::size_t filled = std::min(buffer.size(), input_end - input_begin);
    std::copy_n(input.data() + input_begin, filled, buffer.data());
    input_begin += filled;
    while (filled < buffer.size()) {
      auto got = read_some(buffer.data() + filled, buffer.size() - filled);
      if (!got) return got;
      if (*got == 0) break;
      filled += *got;
    }
    return filled;
  }

  Result<std::size_t> read_gzip(std::span<char> buffer) {
    std::size_t filled = 0;
    while (filled < buffer.size()) {
      if (input_begin == input_end) {
        auto refilled = refill();
        if (!refilled) return refilled.error();
        if (input_end == 0) break;
      }
      auto got = inflate_some(buffer.subspan(filled));
      if (!got) return got;
      filled += *got;
    }
    if (filled < buffer.size() && in_member) {
      return make_error(Code::malformed_file, path, ": the gzip data is cut short: the file ends inside it");
    }
    return filled;
  }

  /// Decompresses from what was read; members of a file follow one another.
  Result<std::size_t> inflate_some(std::span<char> buffer) {
    if (!in_member && any_member) {
      if (input[input_begin] != '\x1f') return garbage();
      if (inflateReset(&stream) != Z_OK) return damaged("its state is lost");
    }
    in_member = true;
    const std::size_t given = std::min(buffer.size(), std::size_t{1} << 30);
    stream.next_in = reinterpret_cast<Bytef*>(input.data() + input_begin);
    stream.avail_in = static_cast<uInt>(input_end - input_begin);
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(given);
    const int outcome = inflate(&stream, Z_NO_FLUSH);
    input_begin = input_end - stream.avail_in;
    if (outcome == Z_STREAM_END) {
      in_member = false;
      any_member = true;
    } else if (outcome == Z_MEM_ERROR) {
      return make_error(Code::out_of_memory, "out of memory");
    } else if (outcome != Z_OK && outcome != Z_BUF_ERROR) {
      return damaged(stream.msg != nullptr ? stream.msg : "no reason given");
    }
    return given - stream.avail_out;
  }

  Error damaged(std::string_view reason) const {
    return make_error(Code::malformed_file, path, ": the gzip data is damaged: ", reason);
  }
  Error garbage() const {
    return make_error(Code::malformed_file, path, ": the gzip data is followed by bytes that are not gzip");
  }
};

ByteSource::ByteSource(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
ByteSource::ByteSource(ByteSource&&) noexcept = default;
ByteSource& ByteSource::operator=(ByteSource&&) noexcept = default;
ByteSource::~ByteSource() = default;

Result<ByteSource> ByteSource::open(const std::string& path) {
  auto state = std::make_unique<State>();
  state->path = path;
  state->file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (state->file < 0) return os_error(errno, concat("cannot open ", path));
  if (::fstat(state->file, &state->status) != 0) return os_error(errno, concat("cannot read ", path));
  if (S_ISDIR(state->status.st_mode)) {
    return make_error(Code::invalid_argument, path, " is a folder; a file with a table is needed");
  }
  // Advice only: reading ahead further than usual.
  static_cast<void>(::posix_fadvise(state->file, 0, 0, POSIX_FADV_SEQUENTIAL));
  auto started = state->start();
  if (!started) return started.error();
  return ByteSource(std::move(state));
}

Result<std::size_t> ByteSource::read(std::span<char> buffer) {
  return state_->gzip ? state_->read_gzip(buffer) : state_->read_plain(buffer);
}

const std::string& ByteSource::path() const noexcept { return state_->path; }
bool ByteSource::compressed() const noexcept { return state_->gzip; }
std::uint64_t ByteSource::bytes_read() const noexcept { return state_->bytes_read; }

std::uint64_t ByteSource::bytes_total() const noexcept {
  return S_ISREG(state_->status.st_mode) ? static_cast<std::uint64_t>(state_->status.st_size) : 0;
}

std::uint64_t ByteSource::content_limit() const noexcept {
  constexpr auto unlimited = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t limit = bytes_total();
  if (limit == 0) return unlimited;  // a pipe, or a file that the kernel makes up
  if (state_->gzip && __builtin_mul_overflow(limit, deflate_ratio, &limit)) return unlimited;
  return limit;
}

bool ByteSource::is_file(const std::string& other) const noexcept {
  struct stat status = {};
  return ::stat(other.c_str(), &status) == 0 && status.st_dev == state_->status.st_dev &&
         status.st_ino == state_->status.st_ino;
}

}  // namespace rowan::detail
