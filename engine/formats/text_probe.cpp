#include "engine/formats/text_probe.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <vector>

#include "engine/support/text.hpp"

namespace rowan::detail {
namespace {

constexpr std::uint64_t no_count = ~std::uint64_t{0};

bool spells_number(std::string_view field) noexcept {
  if (field.starts_with('+')) field.remove_prefix(1);
  float value = 0;
  const char* end = field.data() + field.size();
  const auto [at, error] = std::from_chars(field.data(), end, value);
  return !field.empty() && error != std::errc::invalid_argument && at == end;
}

/// The count that more than half of them are, or 0.
std::uint64_t usual_count(const std::vector<std::uint64_t>& counts) {
  for (const std::uint64_t count : counts) {
    const auto same = std::count(counts.begin(), counts.end(), count);
    if (static_cast<std::size_t>(same) * 2 > counts.size()) return count;
  }
  return 0;
}

}  // namespace

bool looks_like_text(std::string_view bytes) noexcept {
  bool control = false;
  for (const char c : bytes) {  // all of them: a loop that does not stop takes less than one that looks whether to
    const auto byte = static_cast<unsigned char>(c);
    control |= (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F;
  }
  return !control;
}

std::uint64_t trailing_numbers(std::string_view line, std::uint64_t enough) noexcept {
  std::uint64_t numbers = 0;
  while (numbers < enough) {
    const std::size_t space = line.rfind(' ');
    if (space == std::string_view::npos || !spells_number(line.substr(space + 1))) break;
    ++numbers;
    line = line.substr(0, space);
  }
  return numbers;
}

std::uint64_t usual_numbers_in_lines(std::string_view start) {
  constexpr std::size_t lines_enough = 32;
  std::string_view head = start.substr(0, probed_bytes);
  if (!looks_like_text(head)) return 0;
  std::vector<std::uint64_t> counts;
  while (!head.empty() && counts.size() < lines_enough) {
    const std::size_t end = head.find('\n');
    // The last line may be cut by the end of the head; only the first may be judged all the same.
    if (end == std::string_view::npos && !counts.empty()) break;
    const std::string_view line = trim_line(head.substr(0, end));
    if (!line.empty()) counts.push_back(trailing_numbers(line, no_count));
    head = end == std::string_view::npos ? std::string_view() : head.substr(end + 1);
  }
  return usual_count(counts);
}

}  // namespace rowan::detail
