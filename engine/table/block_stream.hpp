// The data of a file as it is written: one byte behind the other, in blocks whose checksums come for free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/table/file_map.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Appends to a file from a fixed place on, through a buffer of one checksum block.
class BlockStream {
 public:
  /// `file` and `path`, which is for messages, outlive the stream.
  BlockStream(const Descriptor& file, const std::string& path, std::uint64_t data_begin);

  /// Bytes appended so far: the position in the data at which the next one goes.
  std::uint64_t position() const noexcept { return written_ + filled_; }
  Result<void> append(std::span<const std::byte> bytes);
  Result<void> append_zeros(std::uint64_t count);
  /// Writes what is left in the buffer, as a short last block where it is one.
  Result<void> flush();

  /// Takes back everything from `position` on, so that other bytes can follow there.
  Result<void> rewind(std::uint64_t position);
  /// Reads bytes appended and flushed earlier, also those that rewind() took back and nothing has replaced.
  Result<void> read(std::uint64_t position, std::span<std::byte> bytes) const;

  /// Of all blocks, after flush().
  const std::vector<std::uint64_t>& checksums() const noexcept { return checksums_; }

 private:
  Result<void> write_block();

  const Descriptor& file_;
  const std::string& path_;
  std::uint64_t data_begin_;
  std::uint64_t written_ = 0;  ///< bytes in front of the buffer: a multiple of the block
  std::size_t filled_ = 0;     ///< bytes in the buffer
  std::unique_ptr<std::byte[]> buffer_;
  std::vector<std::uint64_t> checksums_;
};

}  // namespace rowan::detail
