// The window slides over one buffer, which grows to the largest request.
#include "engine/import/batch.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

namespace rowan::detail {

Result<std::string_view> BatchReader::peek(std::size_t wanted) {
  if (end_ - begin_ < wanted && !ended_) {
    if (begin_ != 0) std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    // One byte more than the file can hold shows its end; a small file needs no large buffer, unless it has grown.
    const std::uint64_t limit = source_.content_limit();
    const std::size_t useful = limit < wanted && end_ <= limit ? static_cast<std::size_t>(limit) + 1 : wanted;
    if (buffer_.size() < useful) buffer_.resize(useful);
    auto got = source_.read(std::span(buffer_).subspan(end_));
    if (!got) return got.error();
    ended_ = *got < buffer_.size() - end_;
    end_ += *got;
  }
  at_end_ = ended_ && end_ - begin_ <= wanted;
  return std::string_view(buffer_.data() + begin_, std::min(wanted, end_ - begin_));
}

}  // namespace rowan::detail
