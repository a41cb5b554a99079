// Reading indices, offsets and lengths whatever their type.
#pragma once

#include <cstdint>
#include <cstring>

#include "rowan/view.hpp"

namespace rowan::detail {

// Outside the function that reads it: a local array would be built anew in every call.
inline constexpr std::uint8_t index_sizes[index_kind_count] = {4, 8, 4, 8, 2, 1};

constexpr std::size_t size_of(IndexKind kind) noexcept { return index_sizes[static_cast<int>(kind)]; }

constexpr bool is_signed(IndexKind kind) noexcept { return kind == IndexKind::i32 || kind == IndexKind::i64; }

inline const std::byte* bytes_at(const IndexSpan& span, std::size_t i) noexcept {
  return static_cast<const std::byte*>(span.data()) + i * size_of(span.kind());
}

/// Value i, widened to 64 bits: a negative one is beyond every size there can be.
inline std::uint64_t value_at(const IndexSpan& span, std::size_t i) noexcept {
  const std::byte* const at = bytes_at(span, i);
  const auto load = [at]<class T>(T value) noexcept {
    std::memcpy(&value, at, sizeof value);
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  };
  switch (span.kind()) {
    case IndexKind::i32:
      return load(std::int32_t{});
    case IndexKind::u32:
      return load(std::uint32_t{});
    case IndexKind::u16:
      return load(std::uint16_t{});
    case IndexKind::u8:
      return load(std::uint8_t{});
    case IndexKind::i64:
    case IndexKind::u64:
      break;
  }
  return load(std::uint64_t{});
}

/// Calls body(i, value) for i in [first, last) with value_at(), choosing the type once.
template <class Body>
void for_values(const IndexSpan& span, std::size_t first, std::size_t last, const Body& body) noexcept {
  const auto loop = [&]<class T>(T) noexcept {
    const T* const values = static_cast<const T*>(span.data());
    for (std::size_t i = first; i < last; ++i) {
      body(i, static_cast<std::uint64_t>(static_cast<std::int64_t>(values[i])));
    }
  };
  switch (span.kind()) {
    case IndexKind::i32:
      return loop(std::int32_t{});
    case IndexKind::u32:
      return loop(std::uint32_t{});
    case IndexKind::u16:
      return loop(std::uint16_t{});
    case IndexKind::u8:
      return loop(std::uint8_t{});
    case IndexKind::i64:
      return loop(std::int64_t{});
    case IndexKind::u64:
      return loop(std::uint64_t{});
  }
}

}  // namespace rowan::detail
