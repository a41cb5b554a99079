// Every separator is tried on all lines, and the one that most of them end in most numbers with is theirs.
#include "engine/formats/text_vote.hpp"

#include <algorithm>
#include <map>

#include "engine/support/text.hpp"

namespace rowan::detail {
namespace {

constexpr std::size_t lines_enough = 1000;
constexpr std::size_t longest_lines = std::size_t{64} << 20;
constexpr std::uint64_t no_limit = ~std::uint64_t{0};

/// What most lines end in, and the greater of two numbers that are as frequent; where the caller gave the dim, lines
/// may have more.
Vote vote(const Lines& lines, const TextLayout& layout, std::uint64_t dim, bool given) {
  std::map<std::uint64_t, std::size_t> lines_with;
  Vote vote{.layout = layout, .dim = dim};
  for (const std::string_view line : lines) {
    if (is_conflict_marker(line)) continue;
    ++vote.lines;
    const std::uint64_t numbers = numbers_in(line, layout);
    ++lines_with[given ? std::min(numbers, dim) : numbers];
  }
  for (const auto& [numbers, count] : lines_with) {
    if (count < vote.agreeing) continue;
    vote.numbers = numbers;
    vote.agreeing = count;
  }
  return vote;
}

/// Layouts to try, those that win where two do as well first.
std::vector<TextLayout> candidates(const TextRequest& asked, bool indented) {
  std::vector<TextLayout> layouts;
  for (const bool decimal_commas : {false, true}) {
    for (const Separator separator : {Separator::space, Separator::tab, Separator::comma, Separator::semicolon,
                                      Separator::bar, Separator::colon, Separator::no_break_space, Separator::spaces}) {
      if (asked.separator && *asked.separator != separator) continue;
      if (decimal_commas && separator == Separator::comma) continue;
      const bool quoted = separator == Separator::comma || separator == Separator::semicolon;
      layouts.push_back(
          {.between = separator, .indented = indented, .quoted = quoted, .decimal_commas = decimal_commas});
    }
  }
  return layouts;
}

}  // namespace

FirstLines first_lines(std::string_view start, bool complete) {
  constexpr std::size_t least = 3;
  FirstLines first;
  Lines& lines = first.lines;
  for (std::size_t at = 0; at < start.size() && lines.size() < lines_enough;) {
    if (at >= longest_lines || (at >= probed_bytes && lines.size() >= least)) break;
    const std::size_t end = std::min(start.find('\n', at), start.size());
    const bool cut = end == start.size() && !complete;
    if ((cut || end > probed_bytes) && lines.size() >= least) break;
    std::string_view line = trim_line(start.substr(at, end - at));
    if (cut) line = line.substr(0, std::min(line.find_last_of(" \t,;|:"), line.size()));
    const bool only = lines.empty() || (lines.size() == 1 && counts_in(lines.front()));
    if (!line.empty() && (!cut || only)) {
      lines.push_back(line);
      first.cut = cut;
    }
    at = end + 1;
  }
  return first;
}

bool is_conflict_marker(std::string_view line) noexcept {
  return line.starts_with("<<<<<<<") || line.starts_with("=======") || line.starts_with(">>>>>>>");
}

std::uint64_t numbers_in(std::string_view line, const TextLayout& layout) {
  return trailing_numbers(trim_line(line, layout), layout, no_limit);
}

Vote elect_layout(const Lines& lines, std::uint64_t dim, bool indented, const TextRequest& asked) {
  Vote best;
  best.lines = lines.size();
  for (const TextLayout& layout : candidates(asked, indented)) {
    const Vote one = vote(lines, layout, dim, asked.dim != 0);
    // Of commas between spaces there is only something to say.
    const bool refused = layout.decimal_commas && is_space(layout.between) && best.carried();
    if (one.beats(best) && !(refused && best.numbers >= one.numbers)) best = one;
  }
  if (best.layout.between != Separator::space || asked.separator) return best;
  // Spaces that are no part of words, though most lines have one between numbers.
  const Lines tokens = tokens_of(lines, best);
  const auto padded = [](std::string_view token) { return token.size() > 1 && token.ends_with(' '); };
  const auto count = static_cast<std::size_t>(std::count_if(tokens.begin(), tokens.end(), padded));
  if (2 * count > tokens.size()) best.layout.between = Separator::spaces;
  return best;
}

Lines tokens_of(const Lines& lines, const Vote& vote) {
  Lines tokens;
  for (const std::string_view line : lines) {
    const std::string_view whole = trim_line(line, vote.layout);
    std::string_view rest;
    if (trailing_numbers(whole, vote.layout, vote.numbers, &rest) == vote.numbers) tokens.push_back(rest);
  }
  return tokens;
}

}  // namespace rowan::detail
