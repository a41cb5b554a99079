// The bytes of a source file from first to last, decompressed where they are gzip.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/files/file_run.hpp"
#include "engine/files/opened_file.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Reads a file, or what is in it, once and in order. Anything that can be opened and read serves: a pipe too.
class ByteSource {
 public:
  /// Of a regular file from its first byte; of any other from where it stands.
  static Result<ByteSource> of(std::shared_ptr<const OpenedFile> file);
  /// A run of a file that is mapped. Its CRC-32 is compared at its end.
  static ByteSource of(MappedFile file, const FileRun& run);
  ByteSource(ByteSource&&) noexcept;
  ByteSource& operator=(ByteSource&&) noexcept;
  ~ByteSource();

  /// Fills the buffer and returns how many bytes it got: fewer than it holds only at the end. A gzip stream
  /// that is damaged, cut short or followed by other bytes is an error.
  Result<std::size_t> read(std::span<char> buffer);

  const std::string& path() const noexcept;
  /// The name of a run of a file; else empty.
  std::string_view member() const noexcept;
  bool compressed() const noexcept;
  std::uint64_t bytes_read() const noexcept;   ///< of the file as it lies on disk
  std::uint64_t bytes_total() const noexcept;  ///< its size; 0 where it is unknown
  /// What the file can hold at most, decompressed.
  std::uint64_t content_limit() const noexcept;

 private:
  struct State;
  explicit ByteSource(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace rowan::detail
