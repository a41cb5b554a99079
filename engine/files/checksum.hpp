// The one hash function of native files: XXH3, 64 bits, seed 0. For checksums of blocks and for keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace rowan::detail {

/// How much of the data one checksum stands for.
inline constexpr std::uint64_t checksum_block = std::uint64_t{1} << 20;

std::uint64_t hash_bytes(std::span<const std::byte> bytes) noexcept;

/// hash_bytes() of bytes that come in pieces.
class RunningHash {
 public:
  RunningHash();
  ~RunningHash();
  void add(std::span<const std::byte> bytes) noexcept;
  std::uint64_t value() const noexcept;
  /// Back to no bytes.
  void restart() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Hash of an id: that of its eight little-endian bytes.
std::uint64_t hash_id(std::uint64_t id) noexcept;

}  // namespace rowan::detail
