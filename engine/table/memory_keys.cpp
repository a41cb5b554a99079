#include "engine/table/memory_keys.hpp"

#include <algorithm>
#include <array>

namespace rowan::detail {
namespace {

constexpr std::size_t prefetched_slots = 64;  // slots that are fetched at a time

const std::byte* bytes_of(const std::vector<std::uint64_t>& words) noexcept {
  return reinterpret_cast<const std::byte*>(words.data());
}

}  // namespace

MemoryKeys::MemoryKeys(std::span<const std::string_view> keys) {
  std::size_t bytes = 0;
  for (const std::string_view key : keys) bytes += key.size();
  text_.reserve(bytes);
  ends_.reserve(keys.size());
  for (const std::string_view key : keys) {
    text_ += key;
    ends_.push_back(text_.size());
  }
  slots_.resize(index_capacity(keys.size()));
  IndexBuilder builder(reinterpret_cast<std::byte*>(slots_.data()), slots_.size());
  const KeyColumn column = index().keys;
  std::array<std::uint64_t, prefetched_slots> hashes;
  for (std::uint64_t row = 0; row < column.rows; ++row) {
    if (row % prefetched_slots == 0) {
      for (std::uint64_t i = row; i < std::min(column.rows, row + prefetched_slots); ++i) {
        hashes[i % prefetched_slots] = hash_of(column, i);
        builder.prefetch(hashes[i % prefetched_slots]);
      }
    }
    static_cast<void>(builder.insert(column, row, hashes[row % prefetched_slots]));
  }
}

KeyIndex MemoryKeys::index() const noexcept {
  return {.keys = {.kind = KeyKind::bytes,
                   .rows = ends_.size(),
                   .data = reinterpret_cast<const std::byte*>(text_.data()),
                   .data_bytes = text_.size(),
                   .ends = bytes_of(ends_)},
          .slots = bytes_of(slots_),
          .capacity = slots_.size()};
}

}  // namespace rowan::detail
