// What the first lines are, once they have elected a layout: what their tokens are, what the first of them is.
#include "engine/formats/text_probe.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "engine/formats/text_vote.hpp"
#include "engine/support/error.hpp"
#include "engine/support/text.hpp"
#include "engine/support/utf8.hpp"

namespace rowan::detail {
namespace {

using Kind = TextLook::Kind;
using FirstLine = TextRequest::FirstLine;

bool is_control(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F;
}

bool has_fraction(std::string_view field) noexcept {
  const std::size_t digit = field.find_first_of("0123456789");
  return digit != std::string_view::npos && field.find_first_of(".,eE") != std::string_view::npos;
}

/// Whether some of the first fields, all of which are numbers, are fractions: then they are no keys.
bool without_words(const Lines& tokens) { return std::any_of(tokens.begin(), tokens.end(), has_fraction); }

/// How tokens end in a separator that is not the one between numbers.
struct Joined {
  Separator separator = Separator::space;
  std::size_t bare = 0;       ///< tokens that end in it
  std::size_t numbers = 0;    ///< that end in it and a number
  std::size_t fractions = 0;  ///< which is a fraction
};

Joined joined_by(const Lines& tokens, Separator separator, const TextLayout& layout) {
  Joined joined{.separator = separator};
  for (std::string_view token : tokens) {
    const auto field = take_last_field(token, separator);
    if (!field) continue;
    const std::string_view number = trim_blanks(*field);
    joined.bare += number.empty() ? 1 : 0;
    if (!spells_number(number, layout)) continue;
    ++joined.numbers;
    joined.fractions += has_fraction(number) ? 1 : 0;
  }
  return joined;
}

/// The numbers 0, 1, 2, ... or 1, 2, 3, ... that name columns, or names none of which is a number.
bool are_column_names(std::string_view line, const TextLook& look) {
  const TextLayout& layout = look.layout;
  std::vector<std::string_view> fields;
  std::string_view left = trim_blanks(trim_line(line, layout));
  while (fields.size() <= look.dim) {
    const auto field = take_last_field(left, layout.between);
    if (!field) break;
    fields.push_back(without_quotes(trim_blanks(*field)));
  }
  std::string_view first = without_quotes(trim_blanks(left));
  const bool corner = fields.size() == look.dim;  // a name, or none, above the tokens
  if (!corner) {
    if (fields.size() + 1 != look.dim) return false;
    fields.push_back(first);
    first = {};
  }
  const auto is_number = [&](std::string_view field) { return field.empty() || spells_number(field, layout); };
  if (std::none_of(fields.begin(), fields.end(), is_number)) return true;
  constexpr std::array<std::string_view, 14> usual = {"",   "word", "words", "token", "tokens",     "key",   "keys",
                                                      "id", "ids",  "index", "term",  "Unnamed: 0", "label", "name"};
  if (layout.between == Separator::space && !first.empty() && look.dim < 3) return false;  // a row, for all one knows
  if (!layout.words || look.dim < 2 || std::find(usual.begin(), usual.end(), first) == usual.end()) return false;
  const auto begin = parse_decimal(fields.back());
  for (std::uint64_t i = 0; i < look.dim; ++i) {
    if (!begin || *begin > 1 || parse_decimal(fields[look.dim - 1 - i]) != *begin + i) return false;
  }
  return true;
}

class Probe {
 public:
  Probe(FirstLines first, bool complete, const TextRequest& asked)
      : all_(std::move(first.lines)), cut_(first.cut), complete_(complete), asked_(asked) {}

  TextLook look() {
    const auto counts = all_.empty() ? std::nullopt : counts_in(all_.front());
    if (counts && counts->dim != 0 && asked_.first_line != FirstLine::row) {
      const TextLook behind = look_behind(*counts);
      if (behind.counts || asked_.first_line == FirstLine::counts) return behind;
      if (all_.size() == 1 && !complete_) return {};
      if (behind.kind == Kind::no_table && all_.size() > 1) {
        TextLook none = look_at(all_, asked_.dim);
        if (none.kind == Kind::no_table) none.why = why_not_behind(*counts);
        return none;
      }
    }
    return look_at(all_, asked_.dim);
  }

 private:
  std::uint64_t line_of(const Lines& lines, std::size_t line) const { return all_.size() - lines.size() + line + 1; }

  /// Where the first line may say how many rows follow: those, of as many numbers as it says.
  TextLook look_behind(const CountsLine& counts) {
    const Lines rows(all_.begin() + 1, all_.end());
    TextLook look;
    if (rows.empty()) {
      if (counts.rows != 0 && asked_.first_line != FirstLine::counts) return look;
      look = {.kind = Kind::rows, .dim = counts.dim, .counts = counts};
      return look;
    }
    behind_ = true;
    look = look_at(rows, counts.dim);
    behind_ = false;
    // A row that the end of the head cuts has fewer.
    const bool fits = look.dim == counts.dim || (cut_ && rows.size() == 1 && look.dim != 0 && look.dim < counts.dim);
    if (look.kind == Kind::refused || (fits && look.kind != Kind::no_table)) look.counts = counts;
    if (fits) look.dim = counts.dim;
    return look;
  }

  TextLook look_at(const Lines& lines, std::uint64_t dim) {
    const auto begins_blank = [](std::string_view line) { return line.front() == ' ' || line.front() == '\t'; };
    const bool indented =
        !lines.empty() && asked_.separator != Separator::space && std::all_of(lines.begin(), lines.end(), begins_blank);
    Vote best = elect_layout(lines, dim, indented, asked_);
    TextLook look;
    if (!best.carried() && lines.size() > 1) {  // names of columns, and one row
      const Lines rows(lines.begin() + 1, lines.end());
      const Vote behind = elect_layout(rows, dim, indented, asked_);
      const TextLook named{.kind = Kind::rows, .layout = behind.layout, .dim = behind.numbers};
      const bool names = behind.carried() && are_column_names(lines.front(), named);
      if (names && behind.agreeing == rows.size()) best = behind;
    }
    if (!best.carried()) {
      look.why = why_none(lines, best);
      return look;
    }
    look.kind = Kind::rows;
    look.layout = best.layout;
    look.dim = best.numbers;
    const Lines tokens = tokens_of(lines, best);
    judge_tokens(look, lines, tokens, best, dim);
    const auto stands_in_quotes = [](std::string_view token) {
      return without_quotes(trim_blanks(token)) != trim_blanks(token);
    };
    if (!asked_.separator) {
      look.layout.quoted = look.layout.quoted || std::all_of(tokens.begin(), tokens.end(), stands_in_quotes);
    }
    if (look.kind != Kind::rows) return look;
    if (best.layout.decimal_commas && is_space(best.layout.between)) {
      refuse_decimal_commas(look, lines);
      return look;
    }
    if (best.layout.between == Separator::comma && !asked_.separator && halves_of_fractions(lines, look)) {
      refuse_halves(look, lines);
      return look;
    }
    if (!lines.empty() && line_of(lines, 0) == 1) judge_first_line(look, lines);
    if (look.dim == 1 && look.kind == Kind::rows) {
      const bool counts = is_space(best.layout.between) || best.layout.between == Separator::tab;
      look.kind = counts ? Kind::one_number : Kind::no_table;
    }
    return look;
  }

  /// Whether what stands before the numbers is a token, a number, or a token and a number.
  void judge_tokens(TextLook& look, const Lines& lines, const Lines& tokens, const Vote& vote, std::uint64_t dim) {
    const bool one_less = dim != 0 && vote.numbers + 1 == dim;
    const auto numeric = [&](std::string_view token) { return spells_number(trim_blanks(token), vote.layout); };
    const bool numbers = std::all_of(tokens.begin(), tokens.end(), numeric);
    if (numbers && !asked_.ids && dim != vote.numbers &&
        (without_words(tokens) || (one_less && asked_.keyless && dim == asked_.dim && !behind_))) {
      if (!asked_.keyless) {
        look.kind = Kind::refused;
        look.why =
            concat(": each of its first lines begins with a number, ", in_double_quotes(trim_blanks(tokens.front())),
                   " in the first, so it has no words: say --keys none to read rows of ", vote.numbers + 1,
                   " numbers, or --dim ", vote.numbers, " where the first field is a key");
        return;
      }
      look.layout.words = false;
      look.dim = vote.numbers + 1;
      return;
    }
    if (asked_.separator || dim == vote.numbers) {
      if (dim == vote.numbers && !asked_.separator) judge_bare(look, tokens);
      return;
    }
    for (int i = 0; i < separator_count; ++i) {
      const auto separator = static_cast<Separator>(i);
      if (separator == vote.layout.between || separator == Separator::spaces) continue;
      const Joined joined = joined_by(tokens, separator, vote.layout);
      if (2 * joined.numbers <= tokens.size()) continue;
      if (joined.fractions != 0 || one_less) {
        look.layout.before = separator;
        look.dim = vote.numbers + 1;
        return;
      }
      const auto fractions = [&](std::string_view line) { return fraction_behind(line, vote); };
      if (joined.numbers != tokens.size() || std::any_of(lines.begin(), lines.end(), fractions)) {
        return;  // a part of the token, as in "user:7"
      }
      look.kind = Kind::refused;
      look.why =
          concat(": each of its first lines has a number behind ", in_words(separator), " and ", vote.numbers,
                 " behind ", in_words(vote.layout.between), ": say --dim ", vote.numbers + 1,
                 " if all are numbers of its row, or --dim ", vote.numbers, " if the first is a part of its token");
      return;
    }
    judge_bare(look, tokens);
  }

  /// A separator that all tokens end in is none of theirs.
  void judge_bare(TextLook& look, const Lines& tokens) {
    const auto bare = [](std::string_view token) { return trim_blanks(token).size() < 2; };  // a word by itself
    if (tokens.size() < 2 || std::any_of(tokens.begin(), tokens.end(), bare)) return;
    for (int i = 0; i < separator_count; ++i) {
      const auto separator = static_cast<Separator>(i);
      if (separator == look.layout.between || separator == Separator::spaces || separator == Separator::space) continue;
      if (joined_by(tokens, separator, look.layout).bare == tokens.size()) look.layout.before = separator;
    }
  }

  static bool fraction_behind(std::string_view line, const Vote& vote) {
    std::string_view left = trim_line(line, vote.layout);
    for (std::uint64_t i = 0; i < vote.numbers; ++i) {
      const auto field = take_last_field(left, vote.layout.between);
      if (!field) return false;
      if (has_fraction(*field)) return true;
    }
    return false;
  }

  /// The first line: a row as the others, or names of columns, or numbers that are no row.
  void judge_first_line(TextLook& look, const Lines& lines) {
    if (lines.size() < 2) return;
    const std::string_view first = lines.front();
    if (is_conflict_marker(first)) return;
    look.column_names = are_column_names(first, look) || (first.starts_with("# ") && !look.layout.words);
    if (look.column_names && look.layout.between == Separator::tab) look.layout.quoted = true;  // as CSV has it
    if (look.column_names || asked_.first_line == FirstLine::row || look.layout.between != Separator::space) return;
    // "ROWS DIM and more", of whole numbers among fractions.
    std::string_view left = first;
    bool whole =
        trailing_numbers(first, look.layout, first.size(), &left) == look.dim && parse_decimal(left).has_value();
    std::string_view rest = first.substr(std::min(left.size() + 1, first.size()));
    const auto second = parse_decimal(rest.substr(0, rest.find(' ')));
    whole = whole && !has_fraction(first) && second == look.dim;
    const Vote behind{.layout = look.layout, .numbers = look.dim};
    if (!whole || !std::all_of(lines.begin() + 1, lines.end(),
                               [&](std::string_view line) { return fraction_behind(line, behind); })) {
      return;
    }
    look.kind = Kind::refused;
    look.why =
        concat(": line 1, ", in_double_quotes(first),
               ", may be a header or a row: say --from glove if it is a row, or ", "remove it with: tail -n +2 FILE");
  }

  /// A decimal comma between spaces: the first field that has one.
  void refuse_decimal_commas(TextLook& look, const Lines& lines) const {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      std::string_view left = trim_line(lines[i], look.layout);
      std::string_view found;
      for (std::string_view rest = left; const auto field = take_last_field(rest, look.layout.between);) {
        if (field->find(',') != std::string_view::npos && spells_number(*field, look.layout)) found = *field;
      }
      if (found.empty()) continue;
      look.kind = Kind::refused;
      look.why = concat(": line ", line_of(lines, i), " has ", in_double_quotes(found), " where one of its ", look.dim,
                        " numbers is expected: commas are decimal points here. Write it with points, as this does: ",
                        "sed -E 's/( [-+]?[0-9]+),([0-9])/\\1.\\2/g' FILE");
      return;
    }
  }

  /// Whether whole numbers between commas look as if two by two they were one number with a decimal comma.
  bool halves_of_fractions(const Lines& lines, const TextLook& look) const {
    if (look.dim % 2 != 0 || look.dim < 4) return false;
    std::size_t pairs = 0;
    std::size_t zeros = 0;
    bool told = false;
    for (const std::string_view line : lines) {
      std::string_view left = trim_line(line, look.layout);
      if (trailing_numbers(left, look.layout, look.dim) != look.dim) continue;
      for (std::uint64_t i = 0; i < look.dim; i += 2) {
        const std::string_view fraction = trim_blanks(*take_last_field(left, look.layout.between));
        const std::string_view whole = trim_blanks(*take_last_field(left, look.layout.between));
        const bool digits = fraction.find_first_not_of("0123456789") == std::string_view::npos &&
                            whole.find_first_not_of("-+0123456789") == std::string_view::npos;
        if (!digits) return false;
        ++pairs;
        zeros += whole == "0" || whole == "-0" ? 1 : 0;
        told = told || whole == "-0" || (fraction.size() > 1 && fraction.front() == '0');
      }
    }
    return pairs != 0 && (told || 2 * zeros > pairs);
  }

  void refuse_halves(TextLook& look, const Lines& lines) const {
    look.kind = Kind::refused;
    look.why = concat(": line ", line_of(lines, 0), " has ", look.dim, " whole numbers between commas, or ",
                      look.dim / 2, " with decimal commas, which cannot be told: say --separator comma if they are ",
                      look.dim, ", else write it with semicolons or tabs between its fields");
  }

  /// The end of a line that ends in no number.
  static std::string last_field(std::string_view line) {
    std::string_view left = line;
    const auto field = take_last_field(left, Separator::spaces);
    return in_double_quotes(field.value_or(line));
  }

  /// Why what is behind a first line of counts is no table.
  std::string why_not_behind(const CountsLine& counts) const {
    for (std::size_t i = 1; i < all_.size(); ++i) {
      if (numbers_in(all_[i], {}) != 0) continue;
      return concat(": line 1 promises ", counted(counts.rows, "row"), " of ", counted(counts.dim, "number"),
                    ", but line ", i + 1, " ends in ", last_field(all_[i]), " where a number is expected");
    }
    return concat(": line 1 promises ", counted(counts.rows, "row"), " of ", counted(counts.dim, "number"),
                  ", but the lines behind it do not end in so many");
  }

  /// Why lines are not those of a table.
  std::string why_none(const Lines& lines, const Vote& best) const {
    if (lines.empty()) return {};
    for (std::size_t i = 0; best.numbers == 0 && i < lines.size(); ++i) {
      if (numbers_in(lines[i], {}) != 0) continue;
      return concat(
          ": line ", line_of(lines, i), " ends in ", last_field(lines[i]), " where a number is expected; ",
          "lines of a table are a token and its numbers, between spaces, tabs, commas, semicolons, '|' or ':'");
    }
    const std::uint64_t first = numbers_in(lines.front(), best.layout);
    for (std::size_t i = 1; i < lines.size(); ++i) {
      const std::uint64_t numbers = numbers_in(lines[i], best.layout);
      if (numbers == first) continue;
      return concat(": its lines do not agree: with ", in_words(best.layout.between), " between fields, line ",
                    line_of(lines, 0), " ends in ", counted(first, "number"), " and line ", line_of(lines, i), " in ",
                    numbers);
    }
    return {};
  }

  Lines all_;
  bool cut_;
  bool complete_;
  bool behind_ = false;  ///< a line that may say how many rows follow
  TextRequest asked_;
};

}  // namespace

std::optional<CountsLine> counts_in(std::string_view line) noexcept {
  line = trim_blanks(line);
  const std::size_t first = line.find_first_not_of("0123456789");
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = line.find_first_of("0123456789", first);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view between = line.substr(first, second - first);
  if (trim_blanks(between).size() != 0 && !parse_separator(trim_blanks(between))) return std::nullopt;
  const auto rows = parse_decimal(line.substr(0, first));
  const auto dim = parse_decimal(line.substr(second));
  if (!rows || !dim) return std::nullopt;
  return CountsLine{*rows, *dim};
}

TextLook look_at_text(std::string_view start, bool complete, const TextRequest& asked) {
  return Probe(first_lines(start, complete), complete, asked).look();
}

std::uint64_t strange_bytes(std::string_view bytes) noexcept {
  std::uint64_t strange = 0;
  while (!bytes.empty()) {
    const auto lead = static_cast<unsigned char>(bytes.front());
    const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    const std::string_view character = bytes.substr(0, length);
    const bool text = !is_control(bytes.front()) && is_utf8(character);
    strange += text ? 0 : 1;
    bytes.remove_prefix(text ? character.size() : 1);
  }
  return strange;
}

}  // namespace rowan::detail
