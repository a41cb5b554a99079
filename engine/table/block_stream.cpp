// Buffering, writing and checksumming of blocks.
#include "engine/table/block_stream.hpp"

#include <algorithm>
#include <cstring>

#include "engine/table/checksum.hpp"

namespace rowan::detail {

BlockStream::BlockStream(const Descriptor& file, const std::string& path, std::uint64_t data_begin)
    : file_(file),
      path_(path),
      data_begin_(data_begin),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(checksum_block)) {}

Result<void> BlockStream::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::size_t taken = std::min<std::size_t>(bytes.size(), checksum_block - filled_);
    std::memcpy(buffer_.get() + filled_, bytes.data(), taken);
    filled_ += taken;
    bytes = bytes.subspan(taken);
    if (filled_ < checksum_block) continue;
    if (const auto good = write_block(); !good) return good;
    written_ += checksum_block;
    filled_ = 0;
  }
  return {};
}

Result<void> BlockStream::append_zeros(std::uint64_t count) {
  static constexpr std::byte zeros[4096] = {};
  while (count > 0) {
    const std::uint64_t taken = std::min<std::uint64_t>(count, sizeof zeros);
    if (const auto good = append({zeros, taken}); !good) return good;
    count -= taken;
  }
  return {};
}

Result<void> BlockStream::flush() {
  checksums_.resize(written_ / checksum_block);  // a short block that was flushed earlier has grown
  return filled_ > 0 ? write_block() : Result<void>();
}

Result<void> BlockStream::write_block() {
  const std::span<const std::byte> block(buffer_.get(), filled_);
  checksums_.resize(written_ / checksum_block);
  checksums_.push_back(hash_bytes(block));
  return write_all(file_, block, data_begin_ + written_, path_);
}

Result<void> BlockStream::rewind(std::uint64_t position) {
  if (const auto good = flush(); !good) return good;
  written_ = position / checksum_block * checksum_block;
  filled_ = position % checksum_block;
  checksums_.resize(written_ / checksum_block);
  return read(written_, {buffer_.get(), filled_});
}

Result<void> BlockStream::read(std::uint64_t position, std::span<std::byte> bytes) const {
  return read_all(file_, bytes, data_begin_ + position, path_);
}

}  // namespace rowan::detail
