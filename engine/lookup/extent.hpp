// The memory that calls read, as far as it must not be written.
#pragma once

#include <cstdint>

#include "engine/lookup/integers.hpp"
#include "rowan/view.hpp"

namespace rowan::detail {

/// Memory from `data` on.
struct Extent {
  const void* data;
  std::uint64_t bytes;

  /// Whether one ends before the other begins. Nothing at all, in the midst of the other, does not.
  bool apart_from(const Extent& other) const noexcept {
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    const auto other_begin = reinterpret_cast<std::uintptr_t>(other.data);
    return begin + bytes <= other_begin || other_begin + other.bytes <= begin;
  }
  bool overlaps(const Extent& other) const noexcept { return bytes != 0 && other.bytes != 0 && !apart_from(other); }
};

inline Extent extent_of(const TableView& table) noexcept {
  return {table.data(), table.rows() == 0 ? 0 : (table.rows() - 1) * table.row_stride() + table.row_bytes()};
}
inline Extent extent_of(const IndexSpan& span) noexcept { return {span.data(), span.size() * size_of(span.kind())}; }
inline Extent extent_of(const Bags::Weights& weights) noexcept {
  if (!weights) return {nullptr, 0};
  return {weights->data(), weights->size() * sizeof(float)};
}

}  // namespace rowan::detail
