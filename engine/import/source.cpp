// Reading files and gzip streams.
#include "engine/import/source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/support/error.hpp"
#include "engine/support/inflater.hpp"

namespace rowan::detail {
namespace {

constexpr std::size_t compressed_buffer = std::size_t{1} << 18;

/// A member of a zip archive that is being read.
struct Member {
  Mapping archive;
  ZipMember zip;
  std::span<const std::byte> stored;  // what is left of it
  std::uint32_t crc32 = 0;            // of what has been read of a stored one
  std::optional<InflatedRun> deflated;
};

}  // namespace

struct ByteSource::State {
  std::string path;
  int file = -1;
  struct stat status = {};
  std::uint64_t bytes_read = 0;

  std::optional<Member> member;

  std::optional<Inflater> gzip;
  bool in_member = false;  // between a gzip header and its trailer
  bool any_member = false;
  std::vector<char> input;  // read from the file and not consumed: [input_begin, input_end)
  std::size_t input_begin = 0;
  std::size_t input_end = 0;

  ~State() {
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
    gzip.emplace(Inflater::Wrapper::gzip);
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

  Result<std::size_t> read_member(std::span<std::byte> buffer) {
    if (member->deflated) {
      const auto filled = member->deflated->read(buffer);
      bytes_read = member->zip.bytes - member->deflated->left();
      return filled;
    }
    const std::size_t filled = std::min(buffer.size(), member->stored.size());
    std::copy_n(member->stored.begin(), filled, buffer.begin());
    member->stored = member->stored.subspan(filled);
    member->crc32 = crc32_of(buffer.first(filled), member->crc32);
    bytes_read += filled;
    if (!member->stored.empty() || member->crc32 == member->zip.crc32) return filled;
    return make_error(Code::malformed_file, path, ": member ", in_quotes(member->zip.name),
                      " has another CRC-32 than it claims: it is damaged");
  }

  /// Decompresses from what was read; members of a file follow one another.
  Result<std::size_t> inflate_some(std::span<char> buffer) {
    if (!in_member && any_member) {
      if (input[input_begin] != '\x1f') return garbage();
      gzip->restart();
    }
    in_member = true;
    const auto bytes = std::as_bytes(std::span(input)).subspan(input_begin, input_end - input_begin);
    const auto step = gzip->step(bytes, std::as_writable_bytes(buffer), concat(path, ": the gzip data"));
    if (!step) return step.error();
    input_begin += step->consumed;
    if (step->ended) {
      in_member = false;
      any_member = true;
    }
    return step->produced;
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

ByteSource ByteSource::over(Mapping archive, const ZipMember& member, const std::string& path) {
  auto state = std::make_unique<State>();
  state->path = path;
  Member& made = state->member.emplace();
  const auto bytes = archive.bytes().subspan(member.offset, member.bytes);
  made.zip = member;
  made.archive = std::move(archive);
  if (member.deflated) {
    made.deflated.emplace(bytes, InflatedRun::Claim{member.inflated, member.crc32},
                          concat(path, ": member ", in_quotes(member.name)));
  } else {
    made.stored = bytes;
  }
  return ByteSource(std::move(state));
}

Result<std::size_t> ByteSource::read(std::span<char> buffer) {
  if (state_->member)
    return buffer.empty() ? Result<std::size_t>(0) : state_->read_member(std::as_writable_bytes(buffer));
  return state_->gzip.has_value() ? state_->read_gzip(buffer) : state_->read_plain(buffer);
}

const std::string& ByteSource::path() const noexcept { return state_->path; }
bool ByteSource::compressed() const noexcept { return state_->gzip.has_value(); }
std::uint64_t ByteSource::bytes_read() const noexcept { return state_->bytes_read; }

std::uint64_t ByteSource::bytes_total() const noexcept {
  if (state_->member) return state_->member->zip.bytes;
  return S_ISREG(state_->status.st_mode) ? static_cast<std::uint64_t>(state_->status.st_size) : 0;
}

std::uint64_t ByteSource::content_limit() const noexcept {
  if (state_->member) return state_->member->zip.inflated;
  const std::uint64_t total = bytes_total();
  if (total == 0) return std::numeric_limits<std::uint64_t>::max();  // a pipe, or a file that the kernel makes up
  return state_->gzip.has_value() ? most_inflated(total) : total;
}

bool ByteSource::is_file(const std::string& other) const noexcept {
  struct stat status = {};
  return ::stat(other.c_str(), &status) == 0 && status.st_dev == state_->status.st_dev &&
         status.st_ino == state_->status.st_ino;
}

}  // namespace rowan::detail
