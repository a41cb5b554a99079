// Element types of tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "rowan/export.hpp"

namespace rowan {

/// How one element of a row is stored. Values are computed in f32 whatever the storage.
enum class DType : std::uint8_t {
  f32,   ///< IEEE binary32
  f16,   ///< IEEE binary16
  bf16,  ///< upper half of an f32 (bfloat16)
};

/// Bytes that one element takes.
constexpr std::size_t element_size(DType dtype) noexcept { return dtype == DType::f32 ? 4 : 2; }

/// "f32", "f16" or "bf16": the spelling of the command line. A static string.
ROWAN_API std::string_view to_string(DType dtype) noexcept;

/// The element type spelled `text` as to_string() spells it; empty for anything else.
ROWAN_API std::optional<DType> parse_dtype(std::string_view text) noexcept;

}  // namespace rowan
