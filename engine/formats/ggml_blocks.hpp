// Sizes of stored elements, and the values of ggml's quantised blocks.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/formats/found.hpp"

namespace rowan::detail {

/// A row is made of whole blocks, each of so many elements in so many bytes.
struct BlockSize {
  std::uint64_t elements = 0;
  std::uint64_t bytes = 0;

  friend bool operator==(BlockSize, BlockSize) = default;
};

/// {0, 0} where elements have no size of their own: Encoding::product and Encoding::other.
BlockSize block_size(Encoding encoding) noexcept;

/// Writes the `dim` values, whole blocks, of a row at any alignment; `encoding` is one of the q or u types. The values
/// of q types are those of ggml's reference, bit by bit.
void decode_blocks(Encoding encoding, const std::byte* row, std::uint64_t dim, float* out) noexcept;

}  // namespace rowan::detail
