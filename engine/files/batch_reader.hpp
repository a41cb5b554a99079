// A window onto a source: the bytes that come next, as many as a parser asks for, and those behind them read ahead.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/files/byte_source.hpp"

namespace rowan::detail {

/// Three buffers take turns: bytes of one batch stay where they are while the next is parsed and the one after it read.
class BatchReader {
 public:
  explicit BatchReader(ByteSource& source) noexcept : source_(source) {}

  /// The bytes after those consumed: `wanted` of them, fewer only at the end of the source. What was consumed of them
  /// stays valid until the second peek() after that; the others until the next.
  Result<std::string_view> peek(std::size_t wanted);
  void consume(std::size_t bytes) noexcept {
    window_->begin += bytes;
    consumed_ = consumed_ || bytes != 0;
  }
  /// Whether the source has no bytes beyond those that the last peek() returned.
  bool at_end() const noexcept { return at_end_; }

  /// Reads what a peek() of so many bytes will lack. Others may go on with bytes that were returned. An error is
  /// kept for that peek().
  void read_ahead(std::size_t wanted) noexcept;

  const ByteSource& source() const noexcept { return source_; }
  const std::string& path() const noexcept { return source_.path(); }

 private:
  /// Bytes [begin, end) of the memory are there to be parsed.
  struct Buffer {
    std::vector<char> memory;
    std::size_t begin = 0;
    std::size_t end = 0;

    std::size_t size() const noexcept { return end - begin; }
  };

  Result<void> fill(Buffer& buffer, std::size_t wanted);
  void advance();

  ByteSource& source_;
  std::array<Buffer, 3> buffers_;
  Buffer* past_ = &buffers_[0];  ///< what was consumed before the window
  Buffer* window_ = &buffers_[1];
  Buffer* ahead_ = &buffers_[2];  ///< what follows the window, behind room for what will be left of that
  std::uint64_t read_ = 0;        ///< bytes, of what the source holds
  bool consumed_ = false;         ///< some of the window
  bool ended_ = false;            ///< the source has no more
  bool at_end_ = false;           ///< and the last peek() returned all of what is left
  Result<void> read_ahead_;       ///< what came of it
};

}  // namespace rowan::detail
