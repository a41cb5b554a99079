// The bytes of a source file from first to last, decompressed where they are gzip.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "engine/formats/zip.hpp"
#include "engine/table/file_map.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Reads a file, or what is in it, once and in order. Anything that can be opened and read serves: a pipe too.
class ByteSource {
 public:
  static Result<ByteSource> open(const std::string& path);
  /// A member of a zip archive that is mapped. Its CRC-32 is compared at its end.
  static ByteSource over(Mapping archive, const ZipMember& member, const std::string& path);
  ByteSource(ByteSource&&) noexcept;
  ByteSource& operator=(ByteSource&&) noexcept;
  ~ByteSource();

  /// Fills the buffer and returns how many bytes it got: fewer than it holds only at the end. A gzip stream
  /// that is damaged, cut short or followed by other bytes is an error.
  Result<std::size_t> read(std::span<char> buffer);

  const std::string& path() const noexcept;
  bool compressed() const noexcept;
  std::uint64_t bytes_read() const noexcept;   ///< of the file as it lies on disk
  std::uint64_t bytes_total() const noexcept;  ///< its size; 0 where it is unknown
  /// What the file can hold at most, decompressed.
  std::uint64_t content_limit() const noexcept;
  /// Whether `other` is the same file under whatever name.
  bool is_file(const std::string& other) const noexcept;

 private:
  struct State;
  explicit ByteSource(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace rowan::detail
