// One line of a table in text.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/formats/number.hpp"
#include "engine/formats/text_layout.hpp"
#include "simd/scalar.hpp"

namespace rowan::detail {

/// What is wrong with a line.
struct LineFault {
  enum class Kind : std::uint8_t {
    empty_line,
    few_numbers,   ///< `numbers` of them
    many_numbers,  ///< `numbers` of them
    bad_number,    ///< `field`, because of `number`
    unquantized,   ///< its row cannot be quantised, because of `encoded`
  };
  Kind kind = Kind::empty_line;
  std::uint64_t numbers = 0;
  NumberFault number = NumberFault::none;
  std::string_view field = {};
  std::string_view line = {};  ///< all of it, where whoever parses says so
  simd::Encoded encoded = simd::Encoded::ok;
};

/// Parses one line without its line end: `dim` numbers into `values`, all before them is the token, with the quotes
/// that it may stand in. A line shorter than 2 * dim bytes, or 2 * dim - 1 without
/// words, is always at fault and writes nothing.
std::optional<LineFault> parse_line(std::string_view line, const TextLayout& layout, std::size_t dim, bool dim_given,
                                    float* values, std::string_view& token);

}  // namespace rowan::detail
