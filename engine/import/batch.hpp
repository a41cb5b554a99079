// A window onto a source: the bytes that come next, as many as a parser asks for.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/import/source.hpp"

namespace rowan::detail {

/// How much is read and held at a time. Tests make it small, so that rows straddle every border.
struct BatchSizes {
  std::size_t batch = std::size_t{4} << 20;   ///< bytes of source parsed at a time; more leave the cache
  std::size_t head = std::size_t{1} << 20;    ///< bytes looked at to tell the format and the dim
  std::size_t row = std::size_t{64} << 20;    ///< a longer row is refused
  std::size_t chunk = std::size_t{64} << 10;  ///< bytes parsed by one tile, at least
};

class BatchReader {
 public:
  explicit BatchReader(ByteSource& source) noexcept : source_(source) {}

  /// The bytes after those consumed: `wanted` of them, fewer only at the end of the source. Valid until the
  /// next call.
  Result<std::string_view> peek(std::size_t wanted);
  void consume(std::size_t bytes) noexcept { begin_ += bytes; }
  /// Whether the source has no bytes beyond those that the last peek() returned.
  bool at_end() const noexcept { return at_end_; }

  const ByteSource& source() const noexcept { return source_; }
  const std::string& path() const noexcept { return source_.path(); }

 private:
  ByteSource& source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool ended_ = false;   // the source has no more
  bool at_end_ = false;  // and the last peek() returned all of what is left
};

}  // namespace rowan::detail
