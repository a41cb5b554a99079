// Lines of the formats' own tools are parsed from front to back; all others are taken apart from the back, where the
// numbers are.
#include "engine/formats/text_line.hpp"

#include <algorithm>
#include <cstddef>

namespace rowan::detail {
namespace {

using Kind = LineFault::Kind;

/// A token without spaces and `dim` numbers, nothing else.
bool parse_regular(std::string_view line, std::size_t dim, float* values, std::string_view& token) noexcept {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return false;
  token = line.substr(0, space);
  const char* p = line.data() + space;
  const char* const last = line.data() + line.size();
  for (std::size_t c = 0; c < dim; ++c) {
    if (p == last) return false;
    const auto [end, fault] = parse_number(p + 1, last, values[c]);
    if (fault != NumberFault::none) return false;
    p = end;
  }
  return p == last;
}

/// Start of the last `count` fields: just behind the space before them. There are enough.
std::size_t last_fields(std::string_view line, std::size_t count) noexcept {
  std::size_t end = line.size();
  for (std::size_t i = 0; i < count; ++i) end = find_back(line.substr(0, end), ' ');
  return end + 1;
}

LineFault few_numbers(std::string_view line, const TextLayout& layout, std::size_t dim) noexcept {
  return {.kind = Kind::few_numbers, .numbers = trailing_numbers(line, layout, dim)};
}

/// Of the usual layout: numbers between single spaces, all before which is the token.
std::optional<LineFault> parse_usual(std::string_view line, const TextLayout& layout, std::size_t dim, bool dim_given,
                                     float* values, std::string_view& token) {
  const bool fits = line.size() >= 2 * dim;
  if (fits && parse_regular(line, dim, values, token)) return std::nullopt;

  const auto spaces = static_cast<std::uint64_t>(std::count(line.begin(), line.end(), ' '));
  if (spaces < dim) return few_numbers(line, layout, dim);
  const std::size_t numbers = last_fields(line, dim);
  const char* p = line.data() + numbers;
  const char* const last = line.data() + line.size();
  for (std::size_t c = 0; c < dim; ++c, ++p) {
    float value = 0;
    const auto [end, fault] = parse_number(p, last, value);
    if (fault != NumberFault::none) {
      return LineFault{.kind = Kind::bad_number, .number = fault, .field = {p, static_cast<std::size_t>(end - p)}};
    }
    if (fits) values[c] = value;
    p = end;
  }
  token = line.substr(0, numbers - 1);
  const std::size_t word = token.rfind(' ');
  if (dim_given || word == std::string_view::npos || !spells_number(token.substr(word + 1), layout)) {
    return std::nullopt;
  }
  return LineFault{.kind = Kind::many_numbers, .numbers = trailing_numbers(line, layout, line.size())};
}

/// Takes the first of a line's numbers, when those behind it have been taken.
std::optional<std::string_view> take_first_number(std::string_view& line, const TextLayout& layout) noexcept {
  if (layout.words) {
    const auto field = take_last_field(line, layout.before.value_or(layout.between));
    return field && layout.before ? trim_blanks(*field) : field;
  }
  const std::string_view field = trim_blanks(line);
  line = {};
  return field;
}

}  // namespace

std::optional<LineFault> parse_line(std::string_view line, const TextLayout& layout, std::size_t dim, bool dim_given,
                                    float* values, std::string_view& token) {
  if (layout.usual()) return parse_usual(line, layout, dim, dim_given, values, token);
  line = trim_line(line, layout);
  const bool fits = line.size() + 1 >= 2 * dim;
  std::string_view left = line;
  for (std::size_t c = dim; c-- > 0;) {
    const auto field = c == 0 ? take_first_number(left, layout) : take_last_field(left, layout.between);
    if (!field) return few_numbers(line, layout, dim);
    float value = 0;
    const NumberFault fault = read_number(*field, layout, value);
    if (fault != NumberFault::none) return LineFault{.kind = Kind::bad_number, .number = fault, .field = *field};
    if (fits) values[c] = value;
  }
  token = left;
  if (!layout.words) return std::nullopt;
  if (layout.between != Separator::space || layout.before) token = trim_blanks(token);
  const bool quoted = layout.quoted && without_quotes(token).size() != token.size();
  if (dim_given || quoted) return std::nullopt;
  const auto more = layout.before ? std::nullopt : take_last_field(left, layout.between);
  if (!more || !spells_number(*more, layout)) return std::nullopt;
  return LineFault{.kind = Kind::many_numbers, .numbers = trailing_numbers(line, layout, line.size())};
}

}  // namespace rowan::detail
