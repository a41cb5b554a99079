// Telling tables in text by their first lines, which are looked at as a whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/formats/text_layout.hpp"

namespace rowan::detail {

/// How much of a file's start its lines are looked at in; more where two lines are longer.
inline constexpr std::size_t probed_bytes = std::size_t{64} << 10;

/// What whoever reads a text knows of it.
struct TextRequest {
  enum class FirstLine : std::uint8_t { unknown, counts, row };  ///< "ROWS DIM", or none

  std::uint64_t dim = 0;                    ///< numbers in a row; 0: not known
  std::optional<Separator> separator = {};  ///< of all fields
  bool ids = false;                         ///< the first field is one, in decimal
  bool keyless = false;                     ///< no row's key is wanted, so that lines may be of numbers alone
  FirstLine first_line = FirstLine::unknown;
};

/// The first line of a file that says how many rows follow, of how many numbers.
struct CountsLine {
  std::uint64_t rows = 0;
  std::uint64_t dim = 0;
};
std::optional<CountsLine> counts_in(std::string_view line) noexcept;

/// What the first lines of a file are.
struct TextLook {
  enum class Kind : std::uint8_t {
    no_table,    ///< `why` is a sentence, where it is text at all
    one_number,  ///< a token and one number each
    rows,        ///< of `dim` numbers
    refused,     ///< rows of numbers, but `why` is what keeps them from being read
  };
  Kind kind = Kind::no_table;
  TextLayout layout = {};
  std::uint64_t dim = 0;
  std::optional<CountsLine> counts = {};  ///< that the first line says
  bool column_names = false;              ///< the first line is of names of columns
  std::string why = {};                   ///< what a file's name begins: ": line 1 ..."; FILE stands for it
};

/// Looks at the start of a file. `complete` says whether that is all of it.
TextLook look_at_text(std::string_view start, bool complete, const TextRequest& asked);

/// Bytes that text has none of: control characters, and what is not UTF-8.
std::uint64_t strange_bytes(std::string_view bytes) noexcept;

}  // namespace rowan::detail
