// Reading files and gzip streams.
#include "engine/files/byte_source.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "engine/support/error.hpp"
#include "engine/support/inflater.hpp"

namespace rowan::detail {
namespace {

constexpr std::size_t compressed_buffer = std::size_t{1} << 18;

/// A run of a file that is being read.
struct RunReader {
  MappedFile file;
  FileRun run;
  std::span<const std::byte> stored;  // what is left of it
  std::uint32_t crc32 = 0;            // of what has been read of a stored one
  std::optional<InflatedRun> deflated;
};

}  // namespace

struct ByteSource::State {
  std::shared_ptr<const OpenedFile> file;
  std::uint64_t bytes_read = 0;

  std::optional<RunReader> part;

  std::optional<Inflater> gzip;
  bool in_member = false;  // between a gzip header and its trailer
  bool any_member = false;
  std::vector<char> input;  // read from the file and not consumed: [input_begin, input_end)
  std::size_t input_begin = 0;
  std::size_t input_end = 0;

  const std::string& path() const noexcept { return file->path(); }

  /// One read of the file; 0 at its end.
  Result<std::size_t> read_some(char* buffer, std::size_t size) {
    for (;;) {
      const int descriptor = file->descriptor().get();
      const std::size_t wanted = std::min(size, std::size_t{1} << 30);
      const ssize_t got = file->is_regular() ? ::pread(descriptor, buffer, wanted, static_cast<off_t>(bytes_read))
                                             : ::read(descriptor, buffer, wanted);
      if (got >= 0) {
        bytes_read += static_cast<std::uint64_t>(got);
        return static_cast<std::size_t>(got);
      }
      if (errno != EINTR) return os_error(errno, concat("cannot read ", path()));
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
      return make_error(Code::malformed_file, path(), ": the gzip data is cut short: the file ends inside it");
    }
    return filled;
  }

  Result<std::size_t> read_part(std::span<std::byte> buffer) {
    if (part->deflated) {
      const auto filled = part->deflated->read(buffer);
      bytes_read = part->run.bytes - part->deflated->left();
      return filled;
    }
    const std::size_t filled = std::min(buffer.size(), part->stored.size());
    std::copy_n(part->stored.begin(), filled, buffer.begin());
    part->stored = part->stored.subspan(filled);
    part->crc32 = crc32_of(buffer.first(filled), part->crc32);
    bytes_read += filled;
    if (!part->stored.empty() || part->crc32 == part->run.crc32) return filled;
    return make_error(Code::malformed_file, path(), ": member ", in_quotes(part->run.name),
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
    const auto step = gzip->step(bytes, std::as_writable_bytes(buffer), concat(path(), ": the gzip data"));
    if (!step) return step.error();
    input_begin += step->consumed;
    if (step->ended) {
      in_member = false;
      any_member = true;
    }
    return step->produced;
  }

  Error garbage() const {
    return make_error(Code::malformed_file, path(), ": the gzip data is followed by bytes that are not gzip");
  }
};

ByteSource::ByteSource(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
ByteSource::ByteSource(ByteSource&&) noexcept = default;
ByteSource& ByteSource::operator=(ByteSource&&) noexcept = default;
ByteSource::~ByteSource() = default;

Result<ByteSource> ByteSource::of(std::shared_ptr<const OpenedFile> file) {
  auto state = std::make_unique<State>();
  // Advice only: reading ahead further than usual.
  static_cast<void>(::posix_fadvise(file->descriptor().get(), 0, 0, POSIX_FADV_SEQUENTIAL));
  state->file = std::move(file);
  auto started = state->start();
  if (!started) return started.error();
  return ByteSource(std::move(state));
}

ByteSource ByteSource::of(MappedFile file, const FileRun& run) {
  auto state = std::make_unique<State>();
  state->file = file.file;
  RunReader& part = state->part.emplace();
  const auto bytes = file.bytes().subspan(run.offset, run.bytes);
  part.run = run;
  part.file = std::move(file);
  if (run.deflated) {
    part.deflated.emplace(bytes, InflatedRun::Claim{run.inflated, run.crc32},
                          concat(state->path(), ": member ", in_quotes(run.name)));
  } else {
    part.stored = bytes;
  }
  return ByteSource(std::move(state));
}

Result<std::size_t> ByteSource::read(std::span<char> buffer) {
  if (state_->part) {
    return buffer.empty() ? Result<std::size_t>(0) : state_->read_part(std::as_writable_bytes(buffer));
  }
  return state_->gzip.has_value() ? state_->read_gzip(buffer) : state_->read_plain(buffer);
}

const std::string& ByteSource::path() const noexcept { return state_->path(); }
std::string_view ByteSource::member() const noexcept {
  return state_->part ? state_->part->run.name : std::string_view();
}
bool ByteSource::compressed() const noexcept { return state_->gzip.has_value(); }
std::uint64_t ByteSource::bytes_read() const noexcept { return state_->bytes_read; }

std::uint64_t ByteSource::bytes_total() const noexcept {
  return state_->part ? state_->part->run.bytes : state_->file->size();
}

std::uint64_t ByteSource::content_limit() const noexcept {
  if (state_->part) return state_->part->run.inflated;
  const std::uint64_t total = bytes_total();
  if (total == 0) return std::numeric_limits<std::uint64_t>::max();  // a pipe, or a file that the kernel makes up
  return state_->gzip.has_value() ? most_inflated(total) : total;
}

}  // namespace rowan::detail
