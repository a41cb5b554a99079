// The window moves from buffer to buffer; what is left of it is copied in front of what was read ahead.
#include "engine/files/batch_reader.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "engine/support/error.hpp"

namespace rowan::detail {

/// Reads until the buffer has `wanted` bytes or the source ends.
Result<void> BatchReader::fill(Buffer& buffer, std::size_t wanted) {
  if (buffer.size() >= wanted || ended_) return {};
  // One byte more than the file can hold shows its end; a small file needs no large buffer, unless it has grown.
  const std::uint64_t limit = source_.content_limit();
  const std::size_t missing = wanted - buffer.size();
  const bool small = limit >= read_ && limit - read_ < missing;
  const std::size_t size = small ? static_cast<std::size_t>(limit - read_) + 1 : missing;
  if (buffer.memory.size() < buffer.end + size) buffer.memory.resize(buffer.end + size);
  const auto room = std::span(buffer.memory).subspan(buffer.end, size);
  const auto got = source_.read(room);
  if (!got) return got.error();
  ended_ = *got < room.size();
  buffer.end += *got;
  read_ += *got;
  return {};
}

/// Makes the buffer ahead the window. It has room in front for what is left of the window, which only shrinks.
void BatchReader::advance() {
  const std::size_t rest = window_->size();
  if (ahead_->size() == 0) {  // nothing was read ahead
    if (ahead_->memory.size() < rest) ahead_->memory.resize(rest);
    ahead_->begin = ahead_->end = rest;
  }
  ahead_->begin -= rest;
  if (rest != 0) std::memcpy(ahead_->memory.data() + ahead_->begin, window_->memory.data() + window_->begin, rest);
  Buffer* const next = std::exchange(ahead_, past_);
  past_ = std::exchange(window_, next);
  ahead_->begin = ahead_->end = 0;
  consumed_ = false;
}

Result<std::string_view> BatchReader::peek(std::size_t wanted) {
  if (window_->size() < wanted) {
    if (!read_ahead_) return read_ahead_.error();
    if (consumed_) advance();
    if (const auto good = fill(*window_, wanted); !good) return good.error();
  }
  at_end_ = ended_ && ahead_->size() == 0 && window_->size() <= wanted;
  return std::string_view(window_->memory.data() + window_->begin, std::min(wanted, window_->size()));
}

void BatchReader::read_ahead(std::size_t wanted) noexcept {
  const std::size_t rest = window_->size();
  if (!consumed_ || rest >= wanted || ahead_->size() != 0 || ended_ || !read_ahead_) return;
  ahead_->begin = ahead_->end = rest;
  read_ahead_ = guarded([&] { return fill(*ahead_, wanted - rest); });
}

}  // namespace rowan::detail
