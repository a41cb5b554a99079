// The open-addressing index of a table's keys: its layout, building it and searching it. docs/file-format.md
// specifies it. Searches trust nothing that they read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "rowan/vocabulary.hpp"

namespace rowan::detail {

/// A slot is 0 when empty, else 24 bits of the key's hash above 40 bits of row + 1.
inline constexpr int slot_row_bits = 40;
inline constexpr std::uint64_t slot_row_mask = (std::uint64_t{1} << slot_row_bits) - 1;
inline constexpr std::uint64_t max_keyed_rows = slot_row_mask;

inline std::uint64_t make_slot(std::uint64_t hash, std::uint64_t row) noexcept {
  return (hash & ~slot_row_mask) | (row + 1);
}

/// Slots for `rows` keys: a power of two, at least 8 and at least 1.5 times as many. Requires rows <=
/// max_keyed_rows.
std::uint64_t index_capacity(std::uint64_t rows) noexcept;

/// The keys of `rows` rows, each checked when it is read.
struct KeyColumn {
  KeyKind kind = KeyKind::none;
  std::uint64_t rows = 0;
  const std::byte* data = nullptr;  ///< bytes of the keys, or ids
  std::uint64_t data_bytes = 0;
  const std::byte* ends = nullptr;  ///< byte keys: where each ends in data

  std::optional<std::string_view> key(std::uint64_t row) const noexcept;
  std::optional<std::uint64_t> id(std::uint64_t row) const noexcept;
};

/// Keys and the index over them.
struct KeyIndex {
  KeyColumn keys;
  const std::byte* slots = nullptr;
  std::uint64_t capacity = 0;  ///< a power of two, or 0 without keys

  std::int64_t find(std::string_view key) const noexcept;
  std::int64_t find(std::uint64_t id) const noexcept;
  /// One search per key, whose memory accesses overlap.
  void find(std::span<const std::string_view> wanted, std::int64_t* rows) const noexcept;
  void find(std::span<const std::uint64_t> ids, std::int64_t* rows) const noexcept;
};

/// Fills an index row after row. `slots` is `capacity` zeros.
class IndexBuilder {
 public:
  IndexBuilder(std::byte* slots, std::uint64_t capacity) noexcept : slots_(slots), mask_(capacity - 1) {}

  void prefetch(std::uint64_t hash) const noexcept;
  /// Adds the key of a row unless an earlier row of `keys` has the same one; that row, or -1 when it was added.
  std::int64_t insert(const KeyColumn& keys, std::uint64_t row, std::uint64_t hash) noexcept;

 private:
  std::byte* slots_;
  std::uint64_t mask_;
};

/// Hash of a row's key; 0 where it has none.
std::uint64_t hash_of(const KeyColumn& keys, std::uint64_t row) noexcept;

}  // namespace rowan::detail
