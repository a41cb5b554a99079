// The traps of word2vec binary files, one case each.
#include <doctest/doctest.h>

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/convert/conversion.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

const Rows three_rows = {.dim = 2, .tokens = {"a", "b\xFF", "word"}, .values = {0.5F, -1.25F, 3e-41F, 1e30F, 7, -0.0F}};

}  // namespace

TEST_CASE("with a line feed after each row, and without") {
  Conversion conversion;
  for (const bool newlines : {false, true}) {
    const auto report = conversion.run(word2vec_binary(three_rows, newlines));
    REQUIRE(report.ok());
    CHECK(report->from == SourceFormat::word2vec_binary);
    CHECK(report->invalid_utf8 == 1);
    const Rows rows = conversion.read_back();
    CHECK(rows.tokens == three_rows.tokens);
    CHECK(same_bits(rows.values, three_rows.values));
  }
}

TEST_CASE("the bits of every value are kept, NaN payloads included") {
  Conversion conversion;
  Rows rows{.dim = 3, .tokens = {"x", "y"}, .values = {}};
  for (const std::uint32_t bits :
       {0x7F80'0001U, 0xFFC0'1234U, 0x7FFF'FFFFU, 0x8000'0001U, 0xFF80'0000U, 0x0A0A'0A20U}) {
    rows.values.push_back(std::bit_cast<float>(bits));
  }
  CHECK(same_bits(conversion.rows(word2vec_binary(rows, true)).values, rows.values));
  CHECK(same_bits(conversion.rows(word2vec_binary(rows, false)).values, rows.values));
}

TEST_CASE("a file cut at any byte is refused, naming the row") {
  Conversion conversion;
  conversion.options.from = SourceFormat::word2vec_binary;
  for (const bool newlines : {false, true}) {
    const std::string whole = word2vec_binary(three_rows, newlines);
    const std::size_t last_row_end = whole.size() - (newlines ? 1 : 0);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(size);
      if (size == last_row_end) {  // the last line feed is not needed
        CHECK(same_bits(conversion.rows(whole.substr(0, size)).values, three_rows.values));
        continue;
      }
      const std::string message = conversion.refusal(whole.substr(0, size));
      CHECK(!message.empty());
      if (size > 34) CHECK(message.find("row 2 (counted from 0) of 3 is cut short") != std::string::npos);
    }
  }
}

TEST_CASE("bytes after the last row are refused, unless the limit came first") {
  Conversion conversion;
  for (const bool newlines : {false, true}) {
    const std::string bytes = word2vec_binary(three_rows, newlines) + "x";
    CHECK(conversion.refusal(bytes) == "FILE: the header promises 3 rows, but more bytes follow");
    conversion.options.limit = 3;
    CHECK(conversion.rows(bytes).tokens.size() == 3);
    conversion.options.limit = 0;
  }
}

TEST_CASE("line feeds in front of a token are no part of it, wherever they are") {
  Conversion conversion;
  for (const std::size_t batch : {std::size_t{1} << 20, std::size_t{1}}) {
    conversion.sizes.batch = batch;
    std::string bytes = word2vec_binary(three_rows, true);
    bytes.erase(4 + 11 + 11, 1);  // header; rows 0 and 1 without its line feed
    CHECK(conversion.rows(bytes).tokens == three_rows.tokens);
    CHECK(conversion.rows(bytes + "\n").values == three_rows.values);
    bytes.insert(4, "\n\n");
    CHECK(conversion.rows(bytes).tokens == three_rows.tokens);
    CHECK(conversion.rows(bytes).values == three_rows.values);
  }
  conversion.options.from = SourceFormat::word2vec_binary;
  std::string flood = word2vec_binary(three_rows, true);
  flood.insert(4, (1 << 20) + 1, '\n');
  CHECK(conversion.refusal(flood) ==
        "FILE: row 0 (counted from 0) has no space in its first 1048576 bytes, where a token ends");
}

TEST_CASE("tokens: empty, long, and too long") {
  Conversion conversion;
  conversion.sizes.batch = 64;
  Rows rows{.dim = 2, .tokens = {"a", "", std::string(1 << 20, 'x'), "b"}, .values = {1, 2, 3, 4, 5, 6, 7, 8}};
  CHECK(conversion.rows(word2vec_binary(rows, false)).tokens == rows.tokens);
  rows.tokens[2] += 'x';
  CHECK(conversion.refusal(word2vec_binary(rows, false)) ==
        "FILE: row 2 (counted from 0) has no space in its first 1048576 bytes, where a token ends");
}

TEST_CASE("one row, no rows, and a limit") {
  Conversion conversion;
  conversion.options.from = SourceFormat::word2vec_binary;
  const Rows one{.dim = 2, .tokens = {"only"}, .values = {1.5F, 2.5F}};
  CHECK(conversion.rows(word2vec_binary(one, false)).values == one.values);
  CHECK(conversion.rows(word2vec_binary(one, true)).values == one.values);
  CHECK(conversion.rows("0 2\n").tokens.empty());
  CHECK(conversion.refusal("0 2\nx") == "FILE: the header promises 0 rows, but more bytes follow");
  conversion.options.limit = 2;
  CHECK(conversion.rows(word2vec_binary(three_rows, true)).tokens.size() == 2);
}

TEST_CASE("floats whose bytes could be text") {
  Conversion conversion;
  Rows rows{.dim = 2, .tokens = {"a", "b"}, .values = {}};
  for (const char* bytes : {"0.10", " 0.5", "1e-5", "\n\n\n\n"}) {
    float value = 0;
    std::memcpy(&value, bytes, sizeof value);
    rows.values.push_back(value);
  }
  conversion.options.from = SourceFormat::word2vec_binary;
  CHECK(same_bits(conversion.rows(word2vec_binary(rows, true)).values, rows.values));
}

TEST_CASE("dim 1 needs a named format") {
  Conversion conversion;
  const Rows rows{.dim = 1, .tokens = {"a", "b"}, .values = {1e-30F, 2e-30F}};
  CHECK(conversion.refusal(word2vec_binary(rows, false), Code::format_unsupported).find("--from word2vec-binary") !=
        std::string::npos);
  conversion.options.from = SourceFormat::word2vec_binary;
  CHECK(conversion.rows(word2vec_binary(rows, false)).values == rows.values);
}
