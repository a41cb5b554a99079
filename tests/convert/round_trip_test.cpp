// Random tables written as text and binary come back to the bit, however the batches cut them.
#include <doctest/doctest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/convert/conversion.hpp"
#include "tests/support/effort.hpp"
#include "tests/support/random_tables.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

/// Tokens with spaces, controls, bytes that are not UTF-8, and numbers as words; all different. A token that ends
/// in a space and a number is left out: text cannot carry it unless the dim is given.
std::string any_token(Random& random, std::uint64_t row) {
  static const std::vector<std::string> pieces = {"a",        "é",    "\xFF", "\xC2\xA0", "\t",  ".",
                                                  "at x@y.z", " ",    "-",    "nan",      "0.5", "\xE2\x80\x89",
                                                  "inf",      "word", "\"",   "#",        "\\n", "\r-"};
  std::string token;
  const std::uint64_t count = below(random, 4);
  for (std::uint64_t i = 0; i < count; ++i) token += pieces[below(random, pieces.size())];
  return token.append("_").append(std::to_string(row));
}

Rows random_rows(Random& random, bool finite) {
  Rows rows{.dim = 2 + below(random, 9), .tokens = {}, .values = {}};
  const std::uint64_t count = 1 + below(random, 60);
  for (std::uint64_t row = 0; row < count; ++row) rows.tokens.push_back(any_token(random, row));
  while (rows.values.size() < count * rows.dim) {
    const float value = any_float(random);
    if (!finite || !std::isnan(value)) rows.values.push_back(value);
  }
  return rows;
}

void append_shortest(std::string& text, float value) {
  char digits[64];
  text.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_nine_digits(std::string& text, float value) {
  char digits[64];
  text.append(digits,
              static_cast<std::size_t>(std::snprintf(digits, sizeof digits, "%.9g", static_cast<double>(value))));
}

std::string as_text(const Rows& rows, bool header, bool shortest, std::string_view line_end) {
  std::string text;
  if (header)
    text.append(std::to_string(rows.tokens.size())).append(" ").append(std::to_string(rows.dim)).append(line_end);
  for (std::size_t row = 0; row < rows.tokens.size(); ++row) {
    text += rows.tokens[row];
    for (std::size_t c = 0; c < rows.dim; ++c) {
      text += ' ';
      (shortest ? append_shortest : append_nine_digits)(text, rows.values[row * rows.dim + c]);
    }
    text += line_end;
  }
  return text;
}

detail::BatchSizes any_sizes(Random& random) {
  const std::size_t tiny = 1 + below(random, 200);
  return {.batch = tiny, .head = 1 + below(random, 300), .row = 1 << 16, .chunk = 1 + below(random, 100)};
}

}  // namespace

TEST_CASE("text") {
  Random random(31337);
  for (int i = 0; i < cases(60); ++i) {
    CAPTURE(i);
    const Rows rows = random_rows(random, true);
    Conversion conversion;
    const bool header = below(random, 2) == 0;
    conversion.options.from = header ? SourceFormat::word2vec_text : SourceFormat::glove_text;
    constexpr std::string_view line_ends[] = {"\n", "\r\n", " \n", " \r\n"};
    const std::string text = as_text(rows, header, below(random, 2) == 0, line_ends[below(random, 4)]);
    conversion.options.separator = "space";  // a head that a batch cuts may have but lines that begin with a space
    // The dim of a head that a batch cuts may be guessed wrong from one line; here it is known.
    if (!header) conversion.options.dim = rows.dim;
    for (const int threads : {1, 2, 3}) {
      conversion.sizes = any_sizes(random);
      conversion.options.threads = Threads::own(threads);
      const Rows found = conversion.rows(text);
      CHECK(found.tokens == rows.tokens);
      CHECK(same_bits(found.values, rows.values));
    }
  }
}

TEST_CASE("binary") {
  Random random(4711);
  for (int i = 0; i < cases(60); ++i) {
    CAPTURE(i);
    Rows rows = random_rows(random, false);
    for (std::string& token : rows.tokens) std::erase(token, ' ');
    Conversion conversion;
    conversion.options.from = SourceFormat::word2vec_binary;
    const std::string bytes = word2vec_binary(rows, below(random, 2) == 0);
    for (const int threads : {1, 2, 3}) {
      conversion.sizes = any_sizes(random);
      conversion.options.threads = Threads::own(threads);
      const Rows found = conversion.rows(bytes);
      CHECK(found.tokens == rows.tokens);
      CHECK(same_bits(found.values, rows.values));
    }
  }
}

TEST_CASE("every batch size gives the same file") {
  Random random(99);
  const Rows rows = random_rows(random, true);
  const std::string text = as_text(rows, true, true, "\n");
  const std::string bytes = gzip(text);
  Conversion conversion;
  conversion.options.from = SourceFormat::word2vec_text;
  REQUIRE(conversion.run(text).ok());
  const std::string expected = read_file(conversion.target());
  for (std::size_t batch = 1; batch < 300; batch += 7) {
    conversion.sizes = {.batch = batch, .head = batch, .row = 1 << 16, .chunk = batch / 3 + 1};
    REQUIRE(conversion.run(batch % 2 == 0 ? text : bytes).ok());
    CHECK(read_file(conversion.target()) == expected);
  }
}

TEST_CASE("text with a header, cut at any byte") {
  Random random(5);
  const Rows rows{.dim = 2, .tokens = {"a", "b c", "d"}, .values = {0.5F, -1.25F, 12.75F, 4e-5F, 7.125F, -0.625F}};
  const std::string whole = as_text(rows, true, true, "\n");
  Conversion conversion;
  conversion.options.from = SourceFormat::word2vec_text;
  // What no reader can tell from a whole file: the cut took the final line feed, or the last digits of the very
  // last number and left a number.
  const std::size_t last_number = whole.rfind(' ') + 1;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    const std::string_view last = std::string_view(whole).substr(0, size).substr(std::min(last_number, size));
    const bool number_left = size > last_number && last != "-";
    if (number_left) {
      const Rows found = conversion.rows(whole.substr(0, size));
      CHECK(found.tokens == rows.tokens);
    } else {
      CHECK_FALSE(conversion.refusal(whole.substr(0, size)).empty());
    }
  }
}

TEST_CASE("the caller's floating-point mode changes nothing") {
  Conversion conversion;
  const std::string text = "a 0.1 1e-40\nb 16777217.5 1.1754942e-38\n";
  const Rows expected = conversion.rows(text);
  const std::vector<float> exact = {0.1F, 1e-40F, 16777218, 1.1754942e-38F};
  CHECK(same_bits(expected.values, exact));
  const unsigned before = __builtin_ia32_stmxcsr();
  for (const unsigned mode : {0x8040U, 0x2000U, 0x4000U, 0x6000U, 0xE040U}) {  // FTZ and DAZ; down, up, to zero; all
    __builtin_ia32_ldmxcsr(before | mode);
    const auto report = conversion.run(text);
    const unsigned after = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(before);
    REQUIRE(report.ok());
    CHECK((after & 0xFFC0U) == ((before | mode) & 0xFFC0U));
    CHECK(same_bits(conversion.read_back().values, exact));
  }
}
