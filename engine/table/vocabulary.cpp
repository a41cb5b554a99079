// Keys of rows, straight from the mapping.
#include "rowan/vocabulary.hpp"

#include "engine/table/key_index.hpp"

namespace rowan {
namespace {

Status check(KeyKind kind, KeyKind wanted, std::size_t keys, std::size_t rows) noexcept {
  if (kind != wanted) return {.code = Code::keys_kind};
  if (keys != rows) {
    return {.code = Code::keys_size, .position = keys, .value = static_cast<std::int64_t>(rows)};
  }
  return {};
}

}  // namespace

Vocabulary::Vocabulary(const detail::KeyIndex& index) noexcept
    : kind_(index.keys.kind),
      rows_(index.keys.rows),
      data_(index.keys.data),
      data_bytes_(index.keys.data_bytes),
      ends_(index.keys.ends),
      slots_(index.slots),
      slot_count_(index.capacity) {}

detail::KeyIndex Vocabulary::index() const noexcept {
  return {.keys = {.kind = kind_, .rows = rows_, .data = data_, .data_bytes = data_bytes_, .ends = ends_},
          .slots = slots_,
          .capacity = slot_count_};
}

std::int64_t Vocabulary::find(std::string_view key) const noexcept { return index().find(key); }
std::int64_t Vocabulary::find(std::uint64_t id) const noexcept { return index().find(id); }

Status Vocabulary::find(std::span<const std::string_view> keys, std::span<std::int64_t> rows) const noexcept {
  const Status status = check(kind_, KeyKind::bytes, keys.size(), rows.size());
  if (status.ok()) index().find(keys, rows.data());
  return status;
}

Status Vocabulary::find(std::span<const std::uint64_t> ids, std::span<std::int64_t> rows) const noexcept {
  const Status status = check(kind_, KeyKind::u64, ids.size(), rows.size());
  if (status.ok()) index().find(ids, rows.data());
  return status;
}

std::optional<std::string_view> Vocabulary::key(std::uint64_t row) const noexcept { return index().keys.key(row); }
std::optional<std::uint64_t> Vocabulary::id(std::uint64_t row) const noexcept { return index().keys.id(row); }

}  // namespace rowan
