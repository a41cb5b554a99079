// Decimal numbers in text, rounded once to the nearest f32 (ties to even) whatever the locale.
#pragma once

#include <cstdint>

namespace rowan::detail {

enum class NumberFault : std::uint8_t {
  none,
  empty,         ///< no character at all before the space or the end
  malformed,     ///< not a decimal number, "inf" or "nan"
  out_of_range,  ///< rounds to no finite f32
};

struct ParsedNumber {
  const char* end = nullptr;  ///< where the field ends: at a space or at `last`
  NumberFault fault = NumberFault::none;
};

/// Parses the field that starts at `first` and ends before the next 0x20 or at `last`. The whole field must be
/// a number: decimal, with an exponent or without, "inf", "infinity" or "nan" in any case, with a sign or
/// without. What is too small for a denormal f32 becomes a zero of its sign. Requires rounding to nearest.
ParsedNumber parse_number(const char* first, const char* last, float& value) noexcept;

}  // namespace rowan::detail
