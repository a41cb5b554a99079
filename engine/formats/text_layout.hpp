// How the lines of a text are divided into a token and numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/formats/number.hpp"

namespace rowan::detail {

/// What stands between two fields.
enum class Separator : std::uint8_t {
  space,   ///< one, each time: two have an empty field between them
  spaces,  ///< as many as there are, or tabs
  tab,
  comma,
  semicolon,
  bar,
  colon,
  no_break_space,  ///< U+00A0
};
inline constexpr int separator_count = 8;

/// "commas", "single spaces": for sentences. Static.
std::string_view in_words(Separator separator) noexcept;
/// By its name, "comma", or as it is, ",".
std::optional<Separator> parse_separator(std::string_view text) noexcept;
/// "'space', 'spaces', 'tab', ...": the names that are taken.
std::string_view separator_names() noexcept;

inline bool is_space(Separator separator) noexcept {
  return separator == Separator::space || separator == Separator::spaces;
}

struct TextLayout {
  Separator between = Separator::space;  ///< numbers
  std::optional<Separator> before = {};  ///< the first number, where it is another than between two
  bool words = true;                     ///< a token stands before the numbers
  bool indented = false;                 ///< lines begin with spaces or tabs, which are no part of a token
  bool quoted = false;                   ///< fields may stand in double quotes, which are doubled inside of them
  bool decimal_commas = false;           ///< and not points

  /// Whether lines are those of the formats' own tools, for which there is a short way.
  bool usual() const noexcept {
    return between == Separator::space && !before && words && !indented && !quoted && !decimal_commas;
  }
};

/// The last place of a character; npos where there is none.
std::size_t find_back(std::string_view text, char c) noexcept;

/// A field for a sentence, in double quotes and short enough.
std::string in_double_quotes(std::string_view field);

/// Without spaces and tabs at its ends.
std::string_view trim_blanks(std::string_view text) noexcept;

/// A line without what is no part of its fields: blanks that lines begin with, and one separator at its end.
std::string_view trim_line(std::string_view line, const TextLayout& layout) noexcept;

/// Takes the last field off a line and returns it; empty where no separator stands before it.
std::optional<std::string_view> take_last_field(std::string_view& line, Separator separator) noexcept;

/// What is inside of the quotes of a field that stands in them; else the field.
std::string_view without_quotes(std::string_view field) noexcept;

/// The number that a field of such a layout spells.
NumberFault read_number(std::string_view field, const TextLayout& layout, float& value) noexcept;

/// Whether a field is a number, which may be one beyond f32.
bool spells_number(std::string_view field, const TextLayout& layout) noexcept;

/// Numbers that a line ends in, where the first field is never one of them. Stops at `enough`; `rest` is what is before
/// them.
std::uint64_t trailing_numbers(std::string_view line, const TextLayout& layout, std::uint64_t enough,
                               std::string_view* rest = nullptr) noexcept;

}  // namespace rowan::detail
