// The traps of GloVe and word2vec text, one case each.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/convert/conversion.hpp"

using namespace rowan;
using namespace rowan::test;
using Tokens = std::vector<std::string>;
using Values = std::vector<float>;

TEST_CASE("GloVe text: a token and its numbers a line") {
  Conversion conversion;
  const Rows rows = conversion.rows("the 0.5 -1.25\nof 3 1e-5\n");
  CHECK(rows.dim == 2);
  CHECK(rows.tokens == Tokens{"the", "of"});
  CHECK(rows.values == Values{0.5F, -1.25F, 3.0F, 1e-5F});
}

TEST_CASE("no final newline") {
  Conversion conversion;
  CHECK(conversion.rows("a 1 2\nb 3 4").values == Values{1, 2, 3, 4});
}

TEST_CASE("CRLF, one space at the end of a line, and both") {
  Conversion conversion;
  for (const std::string_view text :
       {"a 1 2\r\nb 3 4\r\n", "a 1 2 \nb 3 4 \n", "a 1 2 \r\nb 3 4 \r\n", "a 1 2\r\nb 3 4\r"}) {
    const Rows rows = conversion.rows(text);
    CHECK(rows.tokens == Tokens{"a", "b"});
    CHECK(rows.values == Values{1, 2, 3, 4});
  }
  CHECK(conversion.rows("2 2 \r\na 1 2 \r\nb 3 4 \r\n").values == Values{1, 2, 3, 4});
}

TEST_CASE("two spaces at the end of a line are an empty number, unless the first lines have them") {
  Conversion conversion;
  std::string text;
  for (int row = 0; row < 1500; ++row) text += "x" + std::to_string(row) + " 1 2\n";
  CHECK(conversion.refusal(text + "b 3 4  \nc 5 6\n") ==
        "FILE: line 1501 has an empty field where a number is expected: single spaces stand between the 2 numbers; "
        "--separator spaces takes any number of them");
  conversion.options.separator = "spaces";
  CHECK(conversion.rows(text + "b 3 4  \nc 5 6\n").tokens.size() == 1502);
  conversion.options.separator.clear();
  CHECK(conversion.rows("a 1 2\nb 3 4  \nc 5 6\n").values == Values{1, 2, 3, 4, 5, 6});
}

TEST_CASE("tokens with spaces: the last numbers are the row") {
  Conversion conversion;
  const Rows rows = conversion.rows("a 1 2\n. . . 3 4\nat name@domain.com 5 6\nb 7 8\n");
  CHECK(rows.tokens == Tokens{"a", ". . .", "at name@domain.com", "b"});
  CHECK(rows.values == Values{1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("a token that is a space, and one that is empty") {
  Conversion conversion;
  const Rows rows = conversion.rows("a 1 2\n  3 4\n 5 6\nb 7 8\n");
  CHECK(rows.tokens == Tokens{"a", " ", "", "b"});
  CHECK(rows.values == Values{1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("NBSP, thin spaces and tabs belong to the token") {
  Conversion conversion;
  const Rows rows = conversion.rows("a\xC2\xA0z 1 2\nb\xE2\x80\x89z 3 4\nc\tz 5 6\n");
  CHECK(rows.tokens == Tokens{"a\xC2\xA0z", "b\xE2\x80\x89z", "c\tz"});
}

TEST_CASE("a tab between numbers is no separator") {
  Conversion conversion;
  CHECK(conversion.refusal("a 1 2\nb 3\t4 5\nc 6 7\n") ==
        "FILE: line 2 has \"3\\x094\" where one of its 2 numbers is expected");
}

TEST_CASE("bytes that are not UTF-8 stay, and are counted") {
  Conversion conversion;
  const std::string text = "a 1 2\n\xFF\xFE 3 4\ncut\xE2\x82 5 6\n\xC3\xA9 7 8\n\xED\xA0\x80 9 10\n\xC0\x80 1 1\n";
  const auto report = conversion.run(text);
  REQUIRE(report.ok());
  CHECK(report->invalid_utf8 == 4);
  CHECK(conversion.read_back().tokens ==
        Tokens{"a", "\xFF\xFE", "cut\xE2\x82", "\xC3\xA9", "\xED\xA0\x80", "\xC0\x80"});
}

TEST_CASE("duplicates: the first wins, and they are reported") {
  Conversion conversion;
  const auto report = conversion.run("a 1 2\nb 3 4\na 5 6\nb 7 8\n");
  REQUIRE(report.ok());
  CHECK(report->rows == 2);
  CHECK(report->duplicates == 2);
  REQUIRE(report->first_duplicates.size() == 2);
  CHECK(report->first_duplicates[0].key == "a");
  CHECK(report->first_duplicates[0].kept == 0);
  CHECK(report->first_duplicates[0].dropped == 2);
  CHECK(conversion.read_back().values == Values{1, 2, 3, 4});
}

TEST_CASE("nan, inf and exponents") {
  Conversion conversion;
  const float inf = std::numeric_limits<float>::infinity();
  const Rows rows = conversion.rows("a nan NaN inf -inf\nb Infinity 1e-5 +2E+3 -1.5e2\n");
  CHECK(std::isnan(rows.values[0]));
  CHECK(std::isnan(rows.values[1]));
  CHECK(Values(rows.values.begin() + 2, rows.values.end()) == Values{inf, -inf, inf, 1e-5F, 2000, -150});
}

TEST_CASE("numbers beyond f32 are refused, numbers below it become zeros") {
  Conversion conversion;
  CHECK(conversion.refusal("a 1 2\nb 1e39 2\nc 1 2\n") ==
        "FILE: line 2 has the number \"1e39\", which is beyond the range of f32");
  CHECK(conversion.refusal("a 1 2\nb 1 -1e999999999999999999999999\nc 1 2\n").find("beyond the range") !=
        std::string::npos);
  const Rows rows = conversion.rows("a 1e-60 -1e-999 \nb 1e-45 -1e-40\n");
  CHECK(same_bits(rows.values, {0.0F, -0.0F, 1e-45F, -1e-40F}));
}

TEST_CASE("what is not a decimal number is refused") {
  Conversion conversion;
  for (const std::string bad : {"0x10", "1,5", "1.5f", "--1", "+-1", "+", "1e", "1e+", ".", "1_000", "1.2.3", "−1"}) {
    CAPTURE(bad);
    const std::string message = conversion.refusal("a 1 2\nb 1 2\nc " + bad + " 2\nd 1 2\n");
    CHECK(message == "FILE: line 3 has \"" + bad + "\" where one of its 2 numbers is expected");
  }
}

TEST_CASE("ragged rows: too few numbers") {
  Conversion conversion;
  CHECK(conversion.refusal("a 1 2 3\nb 1 2\nc 1 2 3\n") == "FILE: line 2 has 2 numbers where 3 are expected");
  CHECK(conversion.refusal("a 1 2 3\nb 1 2 3\nc\n") == "FILE: line 3 has no numbers where 3 are expected");
}

TEST_CASE("ragged rows: too many numbers, unless the dim was given") {
  Conversion conversion;
  const std::string text = "a 1 2\nb 1 2 3\nc 1 2\n";
  CHECK(conversion.refusal(text) ==
        "FILE: line 2 has 3 numbers where 2 are expected; if the token really ends in a "
        "number, say --dim 2");
  conversion.options.dim = 2;
  CHECK(conversion.rows(text).tokens == Tokens{"a", "b 1", "c"});
}

TEST_CASE("one ragged row among the first does not decide the dim") {
  Conversion conversion;
  CHECK(conversion.refusal("a 1\nb 1 2\nc 1 2\n").starts_with("FILE: line 1 has 1 number"));
}

TEST_CASE("empty lines: at the end only") {
  Conversion conversion;
  for (const std::size_t size : {std::size_t{1} << 20, std::size_t{1}}) {  // one batch, and a batch a line
    conversion.sizes = {.batch = size, .head = 100, .row = 100, .chunk = size};
    CHECK(conversion.rows("a 1 2\nb 3 4\n\n\r\n \n").values == Values{1, 2, 3, 4});
    CHECK(conversion.rows("2 2\na 1 2\nb 3 4\n\n\n").values == Values{1, 2, 3, 4});
    CHECK(conversion.refusal("a 1 2\n\n\nb 3 4\n") ==
          "FILE: line 2 is empty and others follow; a token and 2 numbers are expected");
    CHECK(conversion.refusal("\na 1 2\nb 3 4\n").starts_with("FILE: line 1 is empty"));
    CHECK(conversion.refusal("a 1 2\n\nrubbish\na 1 2\n").starts_with("FILE: line 2 is empty"));
  }
}

TEST_CASE("word2vec text: a header, then the same") {
  Conversion conversion;
  const auto report = conversion.run("2 3\na 1 2 3\nb 4 5 6\n");
  REQUIRE(report.ok());
  CHECK(report->from == SourceFormat::word2vec_text);
  CHECK(conversion.read_back().values == Values{1, 2, 3, 4, 5, 6});
}

TEST_CASE("header count wrong") {
  Conversion conversion;
  CHECK(conversion.refusal("3 2\na 1.25 2.5\nb 3.25 4.5\n") ==
        "FILE: the header promises 3 rows, the file has 2: is it truncated?");
  CHECK(conversion.refusal("1 2\na 1 2\nb 3 4\n") == "FILE: the header promises 1 row, but line 3 is one more");
  CHECK(conversion.refusal("1 2\na 1 2\nrubbish\n") == "FILE: the header promises 1 row, but line 3 is one more");
  conversion.options.limit = 1;
  CHECK(conversion.rows("1 2\na 1 2\nb 3 4\n").values == Values{1, 2});
}

TEST_CASE("a header's dim that the rows do not have") {
  Conversion conversion;
  conversion.options.from = SourceFormat::word2vec_text;
  CHECK(conversion.refusal("2 3\na 1.25 2.5\nb 3.25 4.5\n") == "FILE: line 2 has 2 numbers where 3 are expected");
}

TEST_CASE("a header taken for a row, and a row for a header") {
  Conversion conversion;
  conversion.options.from = SourceFormat::glove_text;
  CHECK(conversion.refusal("2 3\na 1 2 3\nb 4 5 6\n") ==
        "FILE: line 1 has 1 number where 3 are expected; if it is a header \"ROWS DIM\", say --from word2vec");
  conversion.options.from = SourceFormat::word2vec_text;
  CHECK(conversion.refusal("a 1 2 3\nb 4 5 6\n") ==
        "FILE: the first line, \"a 1 2 3\", is no word2vec header; \"ROWS DIM\" is expected");
}

TEST_CASE("a word that is a number, as the first of a GloVe file") {
  Conversion conversion;
  const Rows rows = conversion.rows("2010 2 3\n7 4 5\n");
  CHECK(rows.tokens == Tokens{"2010", "7"});
}

TEST_CASE("no rows at all") {
  Conversion conversion;
  CHECK(conversion.rows("0 3\n").dim == 3);
  CHECK(conversion.refusal("").find("is empty") != std::string::npos);
  conversion.options.from = SourceFormat::glove_text;
  CHECK(conversion.refusal("").find("is empty") != std::string::npos);
  CHECK(conversion.refusal("\n\n").find("do not end in numbers") != std::string::npos);
}

TEST_CASE("sizes that wrap or that the file cannot hold are refused at once") {
  Conversion conversion;
  for (const auto from : {SourceFormat::word2vec_text, SourceFormat::word2vec_binary}) {
    conversion.options.from = from;
    for (const std::string header :
         {"18446744073709551615 2", "2 18446744073709551615", "4294967296 4294967296", "9223372036854775808 1",
          "1 9223372036854775807", "1 4611686018427387904", "8589934592 1", "3 300", "100 1"}) {
      CAPTURE(header);
      const std::string message = conversion.refusal(header + "\na 1 2\n");
      CHECK(message.starts_with("FILE: the header promises "));
      CHECK(message.ends_with(" bytes can hold: is it truncated?"));
    }
    CHECK(conversion.refusal("18446744073709551616 2\na 1 2\n").find("no word2vec header") != std::string::npos);
    CHECK(conversion.refusal("2 0\na\nb\n") == "FILE: the header promises rows of 0 numbers");
  }
}

TEST_CASE("dim 1 needs a named format") {
  Conversion conversion;
  CHECK(conversion.refusal("the 1061396\nof 593677\n", Code::format_unsupported).find("list of word counts") !=
        std::string::npos);
  CHECK(conversion.refusal("2 1\nthe 3\nof 4\n", Code::format_unsupported).find("--from word2vec") !=
        std::string::npos);
  conversion.options.from = SourceFormat::glove_text;
  CHECK(conversion.rows("the 5\nof 6\n").values == Values{5, 6});
  conversion.options.from = SourceFormat::word2vec_text;
  CHECK(conversion.rows("2 1\nthe 3\nof 4\n").values == Values{3, 4});
}

TEST_CASE("a given dim that contradicts the header, or that no row can have") {
  Conversion conversion;
  conversion.options.dim = 4;
  CHECK(conversion.refusal("2 3\na 1 2 3\nb 4 5 6\n", Code::invalid_argument) ==
        "FILE: the header says 3 numbers in a row, --dim says 4");
  conversion.options.dim = ~std::uint64_t{0};
  CHECK(conversion.refusal("a 1 2\nb 3 4\n").find("longer than") != std::string::npos);
  conversion.options.dim = 1'000'000;
  CHECK(conversion.refusal("a 1 2\nb 3 4\n") == "FILE: line 1 has 2 numbers where 1000000 are expected");
}

TEST_CASE("limit: the first rows, and nothing after them is looked at") {
  Conversion conversion;
  conversion.options.limit = 2;
  CHECK(conversion.rows("a 1 2\nb 3 4\nrubbish\n").values == Values{1, 2, 3, 4});
  CHECK(conversion.rows("9 2\na 1 2\nb 3 4\nc 5 6\n").values == Values{1, 2, 3, 4});
  CHECK(conversion.rows("a 1 2\n").values == Values{1, 2});
  CHECK(conversion.refusal("a 1 2\nrubbish\nb 1 2\nc 1 2\n").starts_with("FILE: line 2 "));
}

TEST_CASE("keys: u64 and none") {
  Conversion conversion;
  conversion.options.keys = KeyKind::u64;
  REQUIRE(conversion.run("18446744073709551615 1 2\n0 3 4\n").ok());
  const auto table = Table::open(conversion.target());
  REQUIRE(table.ok());
  CHECK(table->vocabulary().find(~std::uint64_t{0}) == 0);
  CHECK(table->vocabulary().find(std::uint64_t{0}) == 1);
  for (const std::string bad : {"18446744073709551616", "-1", "+1", "1.0", "0x1", "word", ""}) {
    CHECK(conversion.refusal("7 1 2\n" + bad + " 3 4\n9 5 6\n") ==
          "FILE: line 2 does not begin with a decimal u64, which is asked for as its key");
  }
  conversion.options.keys = KeyKind::none;
  REQUIRE(conversion.run("a 1 2\na 3 4\n").ok());
  CHECK(Table::open(conversion.target())->vocabulary().kind() == KeyKind::none);
  CHECK(conversion.read_back().values == Values{1, 2, 3, 4});
}

TEST_CASE("16-bit types are rounded from f32, and rows may be padded") {
  Conversion conversion;
  const std::string text = "a 0.1 65504 3\nb 1e-8 70000 -0\nc nan 1.0009765 2\n";
  for (const bool pad : {false, true}) {
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
      conversion.options.dtype = dtype;
      conversion.options.pad_rows = pad;
      const Rows rows = conversion.rows(text);
      const Values exact = {0.1F, 65504, 3, 1e-8F, 70000, -0.0F, std::nanf(""), 1.0009765F, 2};
      for (std::size_t i = 0; i < exact.size(); ++i) {
        const float expected = dtype == DType::f32   ? exact[i]
                               : dtype == DType::f16 ? simd::decode_f16(simd::encode_f16(exact[i]))
                                                     : simd::decode_bf16(simd::encode_bf16(exact[i]));
        CHECK(std::bit_cast<std::uint32_t>(rows.values[i]) == std::bit_cast<std::uint32_t>(expected));
      }
      const auto table = Table::open(conversion.target());
      CHECK((table->row_stride() == 64) == pad);
      CHECK(verify(conversion.target()).ok());
    }
  }
}

TEST_CASE("the first fault in the file is reported at any number of threads") {
  Conversion conversion;
  std::string text;
  for (int row = 0; row < 4000; ++row) text += row == 1234 || row == 1300 || row == 3999 ? "x 1\n" : "x 1 2 3\n";
  conversion.options.keys = KeyKind::none;
  conversion.sizes.chunk = 64;
  for (const int threads : {1, 2, 3, 8}) {
    conversion.options.threads = Threads::own(threads);
    CHECK(conversion.refusal(text) == "FILE: line 1235 has 1 number where 3 are expected");
  }
}

TEST_CASE("a line longer than a line may be") {
  Conversion conversion;
  conversion.sizes = {.batch = 64, .head = 64, .row = 1024, .chunk = 64};
  CHECK(conversion.rows("a 1 2\n" + std::string(900, 'x') + " 3 4\n").tokens[1].size() == 900);
  CHECK(conversion.refusal("a 1 2\nb 1 2\n" + std::string(1100, 'x') + " 3 4\nc 5 6\n") ==
        "FILE: line 3 is longer than the 1024 bytes that a line may have");
}

TEST_CASE("encodings that are not read as they are") {
  Conversion conversion;
  const Rows rows = conversion.rows(
      "\xEF\xBB\xBF"
      "a 1 2\nb 3 4\nc 5 6\n");  // a byte order mark is no part of a token
  CHECK(rows.tokens.front() == "a");
  CHECK(conversion
            .rows("\xEF\xBB\xBF"
                  "2 2\na 1 2\nb 3 4\n")
            .tokens.size() == 2);
  CHECK(conversion.refusal("a 1 2\rb 3 4\rc 5 6\r", Code::format_unsupported).find("carriage returns alone") !=
        std::string::npos);
  CHECK(conversion
            .refusal(std::string_view("\xFF\xFE"
                                      "a\0 \0"
                                      "1\0",
                                      8),
                     Code::format_unsupported)
            .find("UTF-16") != std::string::npos);
}
