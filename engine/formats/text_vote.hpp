// How the first lines of a text are divided, by a vote of theirs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/formats/text_layout.hpp"
#include "engine/formats/text_probe.hpp"

namespace rowan::detail {

using Lines = std::vector<std::string_view>;

/// The whole lines that a file starts with, without those that are empty: all of its first bytes, and of longer ones
/// three. Where there is none but a cut one, that without its last field.
struct FirstLines {
  Lines lines;
  bool cut = false;  ///< the last of them is
};
FirstLines first_lines(std::string_view start, bool complete);

/// Whether a line is one that version control leaves in a file of which it has two versions.
bool is_conflict_marker(std::string_view line) noexcept;

/// A layout, and how many lines end in so many numbers under it.
struct Vote {
  TextLayout layout = {};
  std::uint64_t numbers = 0;
  std::size_t agreeing = 0;
  std::size_t lines = 0;
  std::uint64_t dim = 0;  ///< that was known beforehand: then half of the lines are enough

  bool carried() const noexcept {
    return numbers != 0 && (2 * agreeing > lines || (numbers == dim && 2 * agreeing == lines));
  }
  bool beats(const Vote& other) const noexcept {
    if (carried() != other.carried()) return carried();
    return numbers != other.numbers ? numbers > other.numbers : agreeing > other.agreeing;
  }
};

/// The layout under which most lines end in most numbers; a dim of 0 is not known. `indented`: all begin with blanks.
Vote elect_layout(const Lines& lines, std::uint64_t dim, bool indented, const TextRequest& asked);

/// Numbers that a line ends in under a layout.
std::uint64_t numbers_in(std::string_view line, const TextLayout& layout);

/// What stands before the numbers of those lines that have as many as most.
Lines tokens_of(const Lines& lines, const Vote& vote);

}  // namespace rowan::detail
