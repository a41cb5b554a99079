// The data of a file as it is written: one byte behind the other, in blocks whose checksums come for free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/files/checksum.hpp"
#include "engine/files/file_map.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Appends to a file from a fixed place on: small pieces through a buffer, large ones from where they are.
class BlockStream {
 public:
  /// `file` and `path`, which is for messages, outlive the stream.
  BlockStream(const Descriptor& file, const std::string& path, std::uint64_t data_begin);

  /// Bytes appended so far: the position in the data at which the next one goes.
  std::uint64_t position() const noexcept { return written_ + buffered_; }
  Result<void> append(std::span<const std::byte> bytes);
  Result<void> append_zeros(std::uint64_t count);
  /// Writes what is left in the buffer.
  Result<void> flush();

  /// Takes back everything from `position` on, so that other bytes can follow there.
  Result<void> rewind(std::uint64_t position);
  /// Reads bytes appended and flushed earlier, also those that rewind() took back and nothing has replaced.
  Result<void> read(std::uint64_t position, std::span<std::byte> bytes) const;

  /// Of all blocks, a short last one included.
  std::vector<std::uint64_t> checksums() const;

 private:
  void add_to_checksums(std::span<const std::byte> bytes);

  const Descriptor& file_;
  const std::string& path_;
  std::uint64_t data_begin_;
  std::uint64_t written_ = 0;  ///< bytes in front of the buffer
  std::size_t buffered_ = 0;
  std::unique_ptr<std::byte[]> buffer_;
  std::uint64_t hashed_ = 0;              ///< bytes in checksums_ and block_
  RunningHash block_;                     ///< of the bytes behind the last whole block
  std::vector<std::uint64_t> checksums_;  ///< of whole blocks
};

}  // namespace rowan::detail
