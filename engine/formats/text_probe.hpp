// Telling tables in text by the shape of their lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rowan::detail {

/// How much of a file's start its lines are looked at in.
inline constexpr std::size_t probed_bytes = std::size_t{64} << 10;

/// Text has none of the control characters that a float's bytes abound in.
bool looks_like_text(std::string_view bytes) noexcept;

/// Numbers that a line ends in, the field before the first of them being its token; at most `enough`.
std::uint64_t trailing_numbers(std::string_view line, std::uint64_t enough) noexcept;

/// How many numbers most of the first lines of a file end in; 0 where no count is that of most, or it is no text.
std::uint64_t usual_numbers_in_lines(std::string_view start);

}  // namespace rowan::detail
