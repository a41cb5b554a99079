// Memory that all sides of a comparison read: one block on huge pages, filled with rows of random values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "rowan/view.hpp"

namespace rowan::perf {

/// What pages the kernel gave for memory that has been written or read, from /proc/self/smaps: "2 MiB", "4 KiB", or
/// "73% 2 MiB".
std::string pages_of(std::span<const std::byte> memory);

/// Bytes that can be had without pushing anything out; 0 where the kernel does not say.
std::uint64_t available_memory();

/// Anonymous memory for which 2 MiB pages were asked. Ends the program where there is none.
class Block {
 public:
  explicit Block(std::size_t bytes);
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block();

  std::span<std::byte> bytes() const noexcept { return {data_, size_}; }
  std::string pages() const { return pages_of(bytes()); }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Writes random rows over `bytes`, on `threads` threads, and gives as many as fit as a table. Elements are finite, of
/// either sign, 0.5 to 2 in magnitude; a quantised row has random codes and a scale and bias of its own that give
/// values between about -2 and 2. Every byte is written.
TableView random_table(std::span<std::byte> bytes, std::uint64_t dim, DType dtype, std::uint64_t seed, int threads);

}  // namespace rowan::perf
