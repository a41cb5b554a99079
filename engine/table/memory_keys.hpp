// Keys in memory with their index, for tables whose file has none that can be searched.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/table/key_index.hpp"

namespace rowan::detail {

/// Copies of keys. Where a key occurs twice, its first row has it. Throws std::bad_alloc.
class MemoryKeys {
 public:
  explicit MemoryKeys(std::span<const std::string_view> keys);

  KeyIndex index() const noexcept;

 private:
  std::string text_;
  std::vector<std::uint64_t> ends_;
  std::vector<std::uint64_t> slots_;
};

}  // namespace rowan::detail
