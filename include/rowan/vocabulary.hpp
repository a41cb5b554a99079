// Keys of a table's rows: token or id to row, and back, straight from the mapping.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "rowan/export.hpp"
#include "rowan/status.hpp"

namespace rowan {

namespace detail {
struct KeyIndex;
class TableMaker;
}  // namespace detail

/// What names the rows of a table.
enum class KeyKind : std::uint8_t {
  none,   ///< rows have numbers only
  bytes,  ///< byte strings, kept as they came (UTF-8 or not)
  u64,    ///< ids, such as the hashed ids of recommenders
};

/// The keys of one table. A view into the table's mapping: it is valid as long as some copy of the Table that
/// it came from lives. Copying is cheap, any number of threads may read, nothing allocates or throws.
///
/// Nothing is parsed or validated at open; each slot, row and string is checked when it is used, so a damaged
/// file gives "not found", never a wild read. A search ends after as many steps as the index has slots.
/// Where a key was given twice, the first row has it.
class Vocabulary {
 public:
  Vocabulary() = default;  ///< no keys

  KeyKind kind() const noexcept { return kind_; }
  /// Rows that have a key: the table's rows, or 0 without keys.
  std::uint64_t size() const noexcept { return rows_; }

  /// The row of a key, or -1 (which every lookup refuses as a bad index).
  ROWAN_API std::int64_t find(std::string_view key) const noexcept;
  ROWAN_API std::int64_t find(std::uint64_t id) const noexcept;
  /// Ids are unsigned: -1, 'a' and 1.5 are none.
  template <class Other>
  requires(std::is_arithmetic_v<Other> && (!std::unsigned_integral<Other> || std::same_as<Other, bool>)) std::int64_t
      find(Other)
  const = delete;
  std::int64_t find(std::nullptr_t) const = delete;

  /// Rows of many keys at once: rows[i] = find(keys[i]). The memory accesses of different keys overlap, which
  /// is several times faster than one find() each when the index is out of cache. Refuses, writing nothing,
  /// spans of unequal length (keys_size) and keys of the other kind (keys_kind).
  ROWAN_API Status find(std::span<const std::string_view> keys, std::span<std::int64_t> rows) const noexcept;
  ROWAN_API Status find(std::span<const std::uint64_t> ids, std::span<std::int64_t> rows) const noexcept;

  /// The key of a row, empty optional where there is none: no such row, other kind, or a damaged entry.
  ROWAN_API std::optional<std::string_view> key(std::uint64_t row) const noexcept;
  ROWAN_API std::optional<std::uint64_t> id(std::uint64_t row) const noexcept;

 private:
  friend class detail::TableMaker;
  explicit Vocabulary(const detail::KeyIndex& index) noexcept;
  detail::KeyIndex index() const noexcept;

  KeyKind kind_ = KeyKind::none;
  std::uint64_t rows_ = 0;
  const std::byte* data_ = nullptr;  ///< key bytes, or ids as little-endian u64
  std::uint64_t data_bytes_ = 0;
  const std::byte* ends_ = nullptr;   ///< byte keys: end of each key, u64 [rows]
  const std::byte* slots_ = nullptr;  ///< open addressing index, u64 [slot_count]
  std::uint64_t slot_count_ = 0;      ///< a power of two
};

}  // namespace rowan
