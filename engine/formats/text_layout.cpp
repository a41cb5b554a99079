#include "engine/formats/text_layout.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

struct Spelling {
  std::string_view characters;
  std::string_view name;
  std::string_view words;
};

/// In the order of the enumeration.
constexpr std::array<Spelling, separator_count> spellings = {{
    {" ", "space", "single spaces"},
    {"  ", "spaces", "spaces"},
    {"\t", "tab", "tabs"},
    {",", "comma", "commas"},
    {";", "semicolon", "semicolons"},
    {"|", "bar", "bars ('|')"},
    {":", "colon", "colons"},
    {"\xC2\xA0", "no-break-space", "no-break spaces"},
}};

const Spelling& spelling_of(Separator separator) noexcept { return spellings[static_cast<std::size_t>(separator)]; }

/// The last place of some characters that end in one that few texts have.
std::size_t find_last(std::string_view text, std::string_view characters) noexcept {
  while (text.size() >= characters.size()) {
    const std::size_t last = find_back(text, characters.back());
    if (last == std::string_view::npos || last + 1 < characters.size()) break;
    const std::size_t at = last + 1 - characters.size();
    if (text.substr(at, characters.size()) == characters) return at;
    text = text.substr(0, last);
  }
  return std::string_view::npos;
}

std::string_view without_blanks_behind(std::string_view text) noexcept {
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

}  // namespace

std::size_t find_back(std::string_view text, char c) noexcept {
  const void* const at = ::memrchr(text.data(), c, text.size());
  return at != nullptr ? static_cast<std::size_t>(static_cast<const char*>(at) - text.data()) : std::string_view::npos;
}

std::string in_double_quotes(std::string_view field) {
  constexpr std::size_t most = 40;
  return concat("\"", field.substr(0, most), field.size() > most ? "…\"" : "\"");
}

std::string_view in_words(Separator separator) noexcept { return spelling_of(separator).words; }

std::optional<Separator> parse_separator(std::string_view text) noexcept {
  for (std::size_t i = 0; i < spellings.size(); ++i) {
    if (text == spellings[i].name || text == spellings[i].characters) return static_cast<Separator>(i);
  }
  return std::nullopt;
}

std::string_view separator_names() noexcept {
  return "'space', 'spaces' (any number of them), 'tab', 'comma', 'semicolon', 'bar', 'colon' and 'no-break-space'";
}

std::string_view trim_blanks(std::string_view text) noexcept {
  return without_blanks_behind(text.substr(std::min(text.find_first_not_of(" \t"), text.size())));
}

std::string_view trim_line(std::string_view line, const TextLayout& layout) noexcept {
  if (layout.indented) line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  const std::string_view characters = spelling_of(layout.between).characters;
  if (layout.between == Separator::spaces) return without_blanks_behind(line);
  if (layout.between != Separator::space && line.ends_with(characters)) line.remove_suffix(characters.size());
  return line;
}

std::optional<std::string_view> take_last_field(std::string_view& line, Separator separator) noexcept {
  std::string_view characters = spelling_of(separator).characters;
  std::size_t at = 0;
  if (separator == Separator::spaces) {
    line = without_blanks_behind(line);
    const std::size_t space = find_back(line, ' ');
    const std::size_t tab = find_back(line, '\t');
    at = space == std::string_view::npos || (tab != std::string_view::npos && tab > space) ? tab : space;
    characters = characters.substr(0, 1);
  } else {
    at = find_last(line, characters);
  }
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view field = line.substr(at + characters.size());
  line = line.substr(0, at);
  if (separator == Separator::spaces) line = without_blanks_behind(line);
  return field;
}

std::string_view without_quotes(std::string_view field) noexcept {
  if (field.size() < 2 || field.front() != '"' || field.back() != '"') return field;
  return field.substr(1, field.size() - 2);
}

NumberFault read_number(std::string_view field, const TextLayout& layout, float& value) noexcept {
  if (layout.between != Separator::space) field = trim_blanks(field);
  if (layout.quoted) field = without_quotes(field);
  std::array<char, 64> points = {};
  const std::size_t comma = layout.decimal_commas ? field.find(',') : std::string_view::npos;
  if (comma != std::string_view::npos) {
    const bool digit = comma + 1 < field.size() && field[comma + 1] >= '0' && field[comma + 1] <= '9';
    if (!digit || field.size() > points.size() || field.find('.') != std::string_view::npos) {
      return NumberFault::malformed;
    }
    std::replace_copy(field.begin(), field.end(), points.begin(), ',', '.');
    field = {points.data(), field.size()};
  }
  const char* const last = field.data() + field.size();
  const auto [end, fault] = parse_number(field.data(), last, value);
  return fault == NumberFault::none && end != last ? NumberFault::malformed : fault;
}

bool spells_number(std::string_view field, const TextLayout& layout) noexcept {
  float ignored = 0;
  const NumberFault fault = read_number(field, layout, ignored);
  return fault == NumberFault::none || fault == NumberFault::out_of_range;
}

std::uint64_t trailing_numbers(std::string_view line, const TextLayout& layout, std::uint64_t enough,
                               std::string_view* rest) noexcept {
  std::uint64_t numbers = 0;
  for (std::string_view left = line; numbers < enough; ++numbers) {
    const auto field = take_last_field(left, layout.between);
    if (!field || !spells_number(*field, layout)) break;
    line = left;
  }
  if (rest != nullptr) *rest = line;
  return numbers;
}

}  // namespace rowan::detail
