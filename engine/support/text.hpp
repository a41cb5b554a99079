// Pieces of text that several readers take apart in the same way.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace rowan::detail {

/// The decimal number that is all of `text`, without sign or spaces; empty for anything else or beyond 64 bits.
inline std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

/// A line of a table in text without what the formats ignore: CR at its end, then one space.
inline std::string_view trim_line(std::string_view line) noexcept {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.ends_with(' ')) line.remove_suffix(1);
  return line;
}

}  // namespace rowan::detail
