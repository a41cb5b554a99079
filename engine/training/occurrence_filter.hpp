// Which rows occur once, found without sorting: a row that shares its place in a small table with no other occurrence
// does. Rows that share one only by chance are taken for repeated ones, which costs time alone.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace rowan::detail {

class OccurrenceFilter {
 public:
  /// Of so many occurrences of that many rows; `words` has room for words_for().
  OccurrenceFilter(std::size_t occurrences, std::uint64_t rows, std::uint64_t* words) noexcept
      : bits_(bits_for(occurrences)), exact_(rows <= std::uint64_t{1} << bits_), words_(words) {}

  static std::size_t words_for(std::size_t occurrences) noexcept {
    return (std::size_t{1} << bits_for(occurrences)) / places_per_word;
  }
  /// Whether enough rows can be expected to occur once: of uniform ones one in seven does at the limit.
  static bool pays(std::size_t occurrences, std::uint64_t rows) noexcept { return rows >= occurrences / 2; }

  void add(std::uint64_t row) const noexcept {
    const std::size_t place = place_of(row);
    std::uint64_t& word = words_[place / places_per_word];
    const std::size_t shift = place % places_per_word * 2;
    const std::uint64_t seen = word >> shift & 1;
    word |= (1 | seen << 1) << shift;
  }
  bool occurs_once(std::uint64_t row) const noexcept {
    const std::size_t place = place_of(row);
    return (words_[place / places_per_word] >> place % places_per_word * 2 & 2) == 0;
  }
  /// What two filters have seen together.
  static std::uint64_t merged(std::uint64_t a, std::uint64_t b) noexcept {
    constexpr std::uint64_t seen = 0x5555'5555'5555'5555;
    return a | b | (a & b & seen) << 1;
  }

 private:
  static constexpr std::size_t places_per_word = 32;  // of two bits: seen, and seen again

  static unsigned bits_for(std::size_t occurrences) noexcept {
    constexpr std::size_t places_each = 8;  // so that one row in eight at most is mistaken
    return std::max(5U, static_cast<unsigned>(std::bit_width(occurrences * places_each)));
  }
  std::size_t place_of(std::uint64_t row) const noexcept {
    return static_cast<std::size_t>(exact_ ? row : row * 0x9E37'79B9'7F4A'7C15 >> (64 - bits_));
  }

  unsigned bits_;
  bool exact_;
  std::uint64_t* words_;
};

}  // namespace rowan::detail
