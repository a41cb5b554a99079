// Buffering, writing and checksumming of blocks.
#include "engine/files/block_stream.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace rowan::detail {
namespace {

/// Pieces of this size and more are not worth another copy.
constexpr std::size_t buffer_bytes = std::size_t{64} << 10;

}  // namespace

BlockStream::BlockStream(const Descriptor& file, const std::string& path, std::uint64_t data_begin)
    : file_(file),
      path_(path),
      data_begin_(data_begin),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(buffer_bytes)) {}

Result<void> BlockStream::append(std::span<const std::byte> bytes) {
  if (buffered_ + bytes.size() > buffer_bytes) {
    if (const auto good = flush(); !good) return good;
  }
  add_to_checksums(bytes);
  if (bytes.size() >= buffer_bytes) {
    const std::uint64_t at = data_begin_ + written_;
    written_ += bytes.size();
    return write_all(file_, bytes, at, path_);
  }
  if (!bytes.empty()) std::memcpy(buffer_.get() + buffered_, bytes.data(), bytes.size());
  buffered_ += bytes.size();
  return {};
}

void BlockStream::add_to_checksums(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::uint64_t lacking = checksum_block - hashed_ % checksum_block;
    const auto piece = bytes.first(std::min<std::uint64_t>(bytes.size(), lacking));
    block_.add(piece);
    hashed_ += piece.size();
    bytes = bytes.subspan(piece.size());
    if (piece.size() < lacking) return;
    checksums_.push_back(block_.value());
    block_.restart();
  }
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
  const auto good = write_all(file_, {buffer_.get(), buffered_}, data_begin_ + written_, path_);
  written_ += buffered_;
  buffered_ = 0;
  return good;
}

Result<void> BlockStream::rewind(std::uint64_t position) {
  if (const auto good = flush(); !good) return good;
  written_ = position;
  hashed_ = position / checksum_block * checksum_block;
  checksums_.resize(hashed_ / checksum_block);
  block_.restart();
  std::array<std::byte, 16384> part;
  while (hashed_ < position) {
    const auto bytes = std::span(part).first(std::min<std::uint64_t>(part.size(), position - hashed_));
    if (const auto good = read(hashed_, bytes); !good) return good;
    add_to_checksums(bytes);
  }
  return {};
}

Result<void> BlockStream::read(std::uint64_t position, std::span<std::byte> bytes) const {
  return read_all(file_, bytes, data_begin_ + position, path_);
}

std::vector<std::uint64_t> BlockStream::checksums() const {
  std::vector<std::uint64_t> sums = checksums_;
  if (hashed_ % checksum_block != 0) sums.push_back(block_.value());
  return sums;
}

}  // namespace rowan::detail
