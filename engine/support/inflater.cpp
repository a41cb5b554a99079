// The only code that includes zlib.
#include "engine/support/inflater.hpp"

#include <zlib.h>

#include <algorithm>
#include <new>

#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

constexpr int largest_window = 15;
constexpr int with_gzip_header = 16;
constexpr std::size_t longest_step = std::size_t{1} << 30;  // zlib counts in 32 bits

}  // namespace

struct Inflater::State {
  z_stream stream = {};
  ~State() { inflateEnd(&stream); }
};

Inflater::Inflater(Wrapper wrapper) : state_(std::make_unique<State>()) {
  const int window = wrapper == Wrapper::gzip ? largest_window + with_gzip_header : -largest_window;
  if (inflateInit2(&state_->stream, window) != Z_OK) throw std::bad_alloc();
}
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;
Inflater::~Inflater() = default;

void Inflater::restart() noexcept { inflateReset(&state_->stream); }

Result<Inflater::Step> Inflater::step(std::span<const std::byte> in, std::span<std::byte> out,
                                      std::string_view subject) {
  z_stream& stream = state_->stream;
  const std::size_t given = std::min(in.size(), longest_step);
  const std::size_t room = std::min(out.size(), longest_step);
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data()));
  stream.avail_in = static_cast<uInt>(given);
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(room);
  const int outcome = inflate(&stream, Z_NO_FLUSH);
  if (outcome == Z_MEM_ERROR) return make_error(Code::out_of_memory, "out of memory");
  if (outcome != Z_OK && outcome != Z_STREAM_END && outcome != Z_BUF_ERROR) {
    return make_error(Code::malformed_file, subject,
                      " is damaged: ", stream.msg != nullptr ? stream.msg : "no reason given");
  }
  return Step{given - stream.avail_in, room - stream.avail_out, outcome == Z_STREAM_END};
}

Result<std::size_t> InflatedRun::inflate(std::span<std::byte> out) {
  std::size_t filled = 0;
  while (filled < out.size() && !ended_) {
    const auto step = inflater_.step(left_, out.subspan(filled), concat(subject_, ": the deflated data"));
    if (!step) return step.error();
    left_ = left_.subspan(step->consumed);
    filled += step->produced;
    ended_ = step->ended;
    if (!ended_ && step->consumed == 0 && step->produced == 0) {
      return make_error(Code::malformed_file, subject_,
                        ": the deflated data is cut short: it ends inside its last block");
    }
  }
  return filled;
}

Result<std::size_t> InflatedRun::read(std::span<std::byte> out) {
  const auto wanted = out.first(std::min<std::uint64_t>(out.size(), claim_.bytes - produced_));
  const auto filled = inflate(wanted);
  if (!filled) return filled;
  produced_ += *filled;
  crc32_ = crc32_of(wanted.first(*filled), crc32_);
  if (*filled < wanted.size()) {
    return make_error(Code::malformed_file, subject_, " becomes ", produced_, " bytes, fewer than the ", claim_.bytes,
                      " that it claims");
  }
  if (produced_ < claim_.bytes) return filled;
  if (const auto good = check_end(); !good) return good.error();
  return filled;
}

Result<void> InflatedRun::check_end() {
  std::byte beyond = {};
  const auto more = inflate({&beyond, 1});
  if (!more) return more.error();
  if (*more > 0) {
    return make_error(Code::malformed_file, subject_, " becomes more than the ", claim_.bytes, " bytes that it claims");
  }
  if (!left_.empty()) {
    return make_error(Code::malformed_file, subject_, ": its deflated data ends ", left_.size(),
                      " bytes before its end");
  }
  if (crc32_ == claim_.crc32) return {};
  return make_error(Code::malformed_file, subject_, " has another CRC-32 than it claims: it is damaged");
}

std::uint32_t crc32_of(std::span<const std::byte> bytes, std::uint32_t before) noexcept {
  return static_cast<std::uint32_t>(crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace rowan::detail
