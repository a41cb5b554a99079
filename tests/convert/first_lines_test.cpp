// Text as people have it: what its first lines say of separators, headers and words, case by case, and what is refused
// of it. Each refusal's advice is followed in the same case.
#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/convert/conversion.hpp"

using namespace rowan;
using namespace rowan::test;
using Tokens = std::vector<std::string>;
using Values = std::vector<float>;

namespace {

struct Read {
  std::string_view what;
  std::string text;
  Tokens tokens;
  Values values;
  std::string separator = {};
};

const Tokens two = {"king", "queen"};
const Values six = {0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F};

/// Two rows of three numbers: `token` stands behind the tokens and `between` between the numbers.
std::string rows_with(std::string_view token, std::string_view between, std::string_view first = "king",
                      std::string_view second = "queen") {
  const auto row = [&](std::string_view word, std::string_view digits) {
    std::string line(word);
    line.append(token);
    for (std::size_t i = 0; i < digits.size(); ++i) {
      line.append(i == 0 ? "" : between).append("0.").append(1, digits[i]);
    }
    return line + "\n";
  };
  return row(first, "123") + row(second, "456");
}

void check_read(const Read& read) {
  CAPTURE(read.what);
  CAPTURE(read.text);
  for (const bool cut : {false, true}) {  // a head that ends somewhere in the file sees the same
    Conversion conversion;
    conversion.options.separator = read.separator;
    if (cut) conversion.sizes = {.batch = 7, .head = read.text.size() - 3, .row = 1 << 20, .chunk = 5};
    const Rows rows = conversion.rows(read.text);
    CHECK(rows.tokens == read.tokens);
    CHECK(same_bits(rows.values, read.values));
  }
}

}  // namespace

TEST_CASE("separators are told from the lines") {
  for (const std::string_view between : {" ", "\t", ",", ";", "|", ":", "\xC2\xA0", "  ", " \t ", ", ", "; "}) {
    check_read({"one for all", rows_with(between, between), two, six});
    check_read({"a header of counts", "2 3\n" + rows_with(between, between), two, six});
    const std::string spaced = rows_with(between, between, "new york", "rio de janeiro");
    check_read({"words with spaces", spaced, {"new york", "rio de janeiro"}, six});
  }
  for (const std::string_view token : {"\t", ",", ";", "|", ":", "\xC2\xA0", ", ", ": ", "\t "}) {
    check_read({"another behind the token", rows_with(token, " "), two, six});
    check_read({"and a header of counts", "2 3\n" + rows_with(token, " "), two, six});
  }
  check_read({"a space, then commas", rows_with(" ", ","), two, six});
  check_read({"a space, then tabs", rows_with(" ", "\t"), two, six});
  check_read({"counts with a tab", "2\t3\n" + rows_with(" ", " "), two, six});
  check_read(
      {"a separator at the end of lines", "king\t0.1\t0.2\t\nqueen\t0.4\t0.5\t\n", two, {0.1F, 0.2F, 0.4F, 0.5F}});
}

TEST_CASE("columns that are aligned by spaces") {
  check_read({"numbers", "king    0.1   0.2\nqueen  -0.4   0.5\n", two, {0.1F, 0.2F, -0.4F, 0.5F}});
  check_read({"tokens alone",
              "king  0.1 0.2\nqueen 0.4 0.5\nno    0.7 0.8\n",
              {"king", "queen", "no"},
              {0.1F, 0.2F, 0.4F, 0.5F, 0.7F, 0.8F}});
  check_read({"one row", "king  0.1 0.2\n", {"king"}, {0.1F, 0.2F}});
  check_read(
      {"with names above", "         0    1\nking   0.1  0.2\nqueen  0.4  0.5\n", two, {0.1F, 0.2F, 0.4F, 0.5F}});
}

TEST_CASE("what belongs to a token stays with it") {
  check_read({"a no-break space inside",
              rows_with(" ", " ", "new\xC2\xA0york",
                        "a\xC2\xA0"
                        "b"),
              {"new\xC2\xA0york",
               "a\xC2\xA0"
               "b"},
              six});
  check_read({"separators inside", rows_with(" ", " ", "a,b", "c;d|e:f\tg"), {"a,b", "c;d|e:f\tg"}, six});
  check_read({"a whole number behind a colon", rows_with(" ", " ", "user:17", "user:4"), {"user:17", "user:4"}, six});
  check_read(
      {"control characters", rows_with(" ", " ", "a\x01\x02", "\x1B[0m\x7F"), {"a\x01\x02", "\x1B[0m\x7F"}, six});
  check_read({"and with a header", "2 3\n" + rows_with(" ", " ", "a\x01\x02", "b"), {"a\x01\x02", "b"}, six});
  check_read({"a space at the end of a few",
              "a 1 2\nb  3 4\nc 5 6\nd 7 8\n",
              {"a", "b ", "c", "d"},
              {1, 2, 3, 4, 5, 6, 7, 8}});
  const std::string long_word(70'000, 'x');
  check_read({"70 kB", long_word + " 1 2\nb 3 4\n", {long_word, "b"}, {1, 2, 3, 4}});
  check_read({"70 kB behind a header", "2 2\n" + long_word + " 1 2\nb 3 4\n", {long_word, "b"}, {1, 2, 3, 4}});
}

TEST_CASE("spaces that all lines begin with are no token's, unless --separator says so") {
  check_read({"spaces", " king 0.1 0.2 0.3\n queen 0.4 0.5 0.6\n", two, six});
  check_read({"one row", " king 0.1 0.2 0.3\n", {"king"}, {0.1F, 0.2F, 0.3F}});
  check_read({"words that are a separator", "2 2\n, 1 2\nb, 3 4\n", {",", "b,"}, {1, 2, 3, 4}});
  check_read({"behind a header", "2 3\n king 0.1 0.2 0.3\n queen 0.4 0.5 0.6\n", two, six});
  check_read({"as they are", " king 0.1 0.2 0.3\n queen 0.4 0.5 0.6\n", {" king", " queen"}, six, "space"});
}

TEST_CASE("CSV: names of columns, quotes, decimal commas") {
  check_read({"as pandas has it", ",0,1,2\nking,0.1,0.2,0.3\nqueen,0.4,0.5,0.6\n", two, six});
  check_read({"a named index", "word,0,1,2\nking,0.1,0.2,0.3\nqueen,0.4,0.5,0.6\n", two, six});
  check_read({"named columns", "word,d0,d1,d2\nking,0.1,0.2,0.3\nqueen,0.4,0.5,0.6\n", two, six});
  check_read({"one row", "word,d0,d1,d2\nking,0.1,0.2,0.3\n", {"king"}, {0.1F, 0.2F, 0.3F}});
  check_read({"as R has it", "\"V1\";\"V2\"\n\"king\";0.1;0.2\n\"queen\";0.4;0.5\n", two, {0.1F, 0.2F, 0.4F, 0.5F}});
  check_read({"as R has it, between spaces",
              "\"V1\" \"V2\"\n\"king\" 0.1 0.2\n\"queen\" 0.4 0.5\n",
              two,
              {0.1F, 0.2F, 0.4F, 0.5F}});
  check_read({"quotes between tabs",
              "w\tx\ty\n\"a\tb\"\t0.1\t0.2\nqueen\t0.4\t0.5\n",
              {"a\tb", "queen"},
              {0.1F, 0.2F, 0.4F, 0.5F}});
  check_read(
      {"words in quotes among others", "\"a\" 0.1 0.2\nqueen 0.4 0.5\n", {"\"a\"", "queen"}, {0.1F, 0.2F, 0.4F, 0.5F}});
  check_read({"numbers from 1 on", "id\t1\t2\nking\t0.1\t0.2\nqueen\t0.4\t0.5\n", two, {0.1F, 0.2F, 0.4F, 0.5F}});
  check_read({"quotes",
              "\"a,b\",0.1,0.2\n\"say \"\"no\"\"\",0.3,0.4\n\"\"\"\",0.5,0.6\nc,0.7,0.8\n",
              {"a,b", "say \"no\"", "\"", "c"},
              {0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F, 0.7F, 0.8F}});
  check_read({"quotes inside of none are themselves",
              "a\"\"b,0.1,0.2\nc,0.3,0.4\n",
              {"a\"\"b", "c"},
              {0.1F, 0.2F, 0.3F, 0.4F}});
  check_read({"a lone quote is itself", "\",0.1,0.2\nb,0.3,0.4\n", {"\"", "b"}, {0.1F, 0.2F, 0.3F, 0.4F}});
  check_read({"no names: a row of whole numbers", "king,0,1\nqueen,2,3\n", two, {0, 1, 2, 3}});
  for (const std::string_view between : {";", "\t", "|"}) {
    const std::string b(between);
    check_read({"decimal commas",
                "king" + b + "0,1" + b + "-0,2\nqueen" + b + "1" + b + "1,5e-1\n",
                two,
                {0.1F, -0.2F, 1, 0.15F}});
  }
}

TEST_CASE("what was taken for what is in the report") {
  Conversion conversion;
  const auto notes = [&](std::string_view text) {
    const auto report = conversion.run(text);
    REQUIRE_MESSAGE(report.ok(), report.error().message);
    return report->notes;
  };
  using Notes = std::vector<std::string>;
  CHECK(notes("a 1 2\nb 3 4\n").empty());
  CHECK(notes("a 1 2").empty());
  CHECK(notes("a 1 2\nb 3 4") ==
        Notes{"line 2, the last, has no line end and the others have: is the file truncated?"});
  CHECK(notes("2 2\na 1 2\nb 1.5e-05 2.5e-0") ==
        Notes{"line 3, the last, has no line end and the others have: is the file truncated?"});
  CHECK(notes("a\t1\t2\nb\t3\t4\n") == Notes{"fields were taken to be separated by tabs"});
  CHECK(notes("a,1.5 2\nb,3.5 4\n") ==
        Notes{"fields were taken to be separated by single spaces, and the token from them by commas"});
  CHECK(notes("w;x;y\na;1,5;2\nb;3;4\n") ==
        Notes{"line 1, 'w;x;y', was taken for names of columns",
              "fields were taken to be separated by semicolons, with decimal commas"});
  CHECK(notes(" a 1 2\n b 3 4\n").front().find("--separator space keeps them") != std::string::npos);
  conversion.options.limit = 1;  // then the last line was not looked at
  CHECK(notes("a 1 2\nb 3 4").empty());
}

namespace {

/// A text that is refused, and what its advice leads to.
struct Refused {
  std::string text;
  std::string_view piece;
  void (*follow)(ConvertOptions& options) = nullptr;
  Tokens tokens = {};
  Values values = {};
  Code code = Code::malformed_file;
};

}  // namespace

TEST_CASE("refused with the line and the field, and with advice that is true when followed") {
  const auto keys_none = [](ConvertOptions& options) { options.keys = KeyKind::none; };
  const auto dim_2 = [](ConvertOptions& options) { options.dim = 2; };
  const auto dim_3 = [](ConvertOptions& options) { options.dim = 3; };
  const auto dim_4 = [](ConvertOptions& options) { options.dim = 4; };
  const auto comma = [](ConvertOptions& options) { options.separator = "comma"; };
  const auto space = [](ConvertOptions& options) { options.separator = "space"; };
  const auto glove = [](ConvertOptions& options) { options.from = SourceFormat::glove_text; };
  const auto word2vec = [](ConvertOptions& options) { options.from = SourceFormat::word2vec_text; };
  const std::string alone = "0.1 0.2 0.3\n-0.4 5 6e-1\n";
  const std::string whole = "king:1 2 3 4\nqueen:5 6 7 8\n";
  const std::string halves = "king,0,1,0,2\nqueen,-0,3,0,4\n";
  const Refused cases[] = {
      {alone,
       "\"0.1\" in the first, so it has no words: say --keys none to read rows of 3 numbers, or --dim 2",
       keys_none,
       {},
       {0.1F, 0.2F, 0.3F, -0.4F, 5, 0.6F}},
      {alone, "or --dim 2 where the first field is a key", dim_2, {"0.1", "-0.4"}, {0.2F, 0.3F, 5, 0.6F}},
      {"2 3\n" + alone, "say --keys none", keys_none, {}, {0.1F, 0.2F, 0.3F, -0.4F, 5, 0.6F}},
      {whole, "say --dim 4 if all are numbers of its row", dim_4, {"king", "queen"}, {1, 2, 3, 4, 5, 6, 7, 8}},
      {whole, "or --dim 3 if the first is a part of its token", dim_3, {"king:1", "queen:5"}, {2, 3, 4, 6, 7, 8}},
      {halves,
       "has 4 whole numbers between commas, or 2 with decimal commas, which cannot be told: say --separator comma",
       comma,
       {"king", "queen"},
       {0, 1, 0, 2, -0.0F, 3, 0, 4}},
      {"2 3\nking 0,1 0,2 0,3\nqueen 0,4 0,5 0,6\n",
       "line 2 has \"0,1\" where one of its 3 numbers is expected: commas"},
      {"king 0,1 0,2\nqueen 0,4 0,5\n", "line 1 has \"0,1\" where one of its 2 numbers is expected"},
      {"3 2 1\nking 0.1 0.2\nqueen 0.4 0.5\n",
       "may be a header or a row: say --from glove if it is a row",
       glove,
       {"3", "king", "queen"},
       {2, 1, 0.1F, 0.2F, 0.4F, 0.5F}},
      {"3 7 1\nking 0.1 0.2 0.3\nqueen 0.4 0.5 0.6\n", "line 1 has 2 numbers where 3 are expected; if it is a header"},
      {"word dims\nking 0.1 0.2 0.3\nqueen 0.4 0.5 0.6\n",
       "line 1 has no numbers where 3 are expected; if it is a header"},
      {"5 9\nking 0.1 0.2\nqueen 0.4 0.5\n", "line 1 has 1 number where 2 are expected; if it is a header, remove it"},
      {"king 0.1 0.2\nqueen 0.4 0.5\n>>>>>>> 1a2b\nrook 1 2\n",
       "line 3 has no numbers where 2 are expected; \">>>>>>> 1a2b\""},
      {"<<<<<<< HEAD\nking 0.1 0.2\n=======\nqueen 0.4 0.5\n>>>>>>> 1a2b\n", "marks a conflict of two versions"},
      {"w0 0.1 0.2\nw1 0.1 0.2\nw2 0.", "line 3 has 1 number where 2 are expected; it is the last and has no line end"},
      {"w0 0.1 0.2\nw1 0.1 0.2\nw2 0.1 -", "line 3 has \"-\" where one of its 2 numbers is expected; it is the last"},
      {"a,1,2\nb,3,4\nc 5 6\n", "line 3 has no numbers where 2 are expected, with commas between them"},
      {"3 3\nking [0.1, 0.2, 0.3]\nqueen [0.1, 0.2, 0.3]\n",
       "line 1 promises 3 rows of 3 numbers, but line 2 ends in \"0.3]\"",
       nullptr,
       {},
       {},
       Code::format_unsupported},
      {"12 4\nIt was the best of times\nIt was the worst\n",
       "but line 2 ends in \"times\" where a number is expected",
       nullptr,
       {},
       {},
       Code::format_unsupported},
      {"king,0.1,0.2\nqueen;0.4;0.5\n",
       "its lines do not agree: with commas between fields, line 1 ends in 2 numbers and "
       "line 2 in 0",
       nullptr,
       {},
       {},
       Code::format_unsupported},
      {"king 1\nqueen 2\n", "say --from glove", glove, {"king", "queen"}, {1, 2}, Code::format_unsupported},
      {"2 1\nking 1\nqueen 2\n", "say --from word2vec", word2vec, {"king", "queen"}, {1, 2}, Code::format_unsupported},
  };
  for (const Refused& refused : cases) {
    CAPTURE(refused.text);
    Conversion conversion;
    const std::string message = conversion.refusal(refused.text, refused.code);
    CAPTURE(message);
    CHECK(message.starts_with("FILE"));
    CHECK(message.find(refused.piece) != std::string::npos);
    // What the file is asked for says the same.
    const auto info = inspect(conversion.source());
    if (!info.ok()) CHECK(info.error().message.find(refused.piece) != std::string::npos);
    if (refused.follow == nullptr) continue;
    refused.follow(conversion.options);
    const Rows rows = conversion.rows(refused.text);
    CHECK(rows.tokens == refused.tokens);
    CHECK(same_bits(rows.values, refused.values));
  }
  Conversion conversion;
  space(conversion.options);
  CHECK(conversion.rows("king,0.1 0.2 0.3\nqueen,0.4 0.5 0.6\n").tokens == Tokens{"king,0.1", "queen,0.4"});
  conversion.options.separator = "dots";
  CHECK(conversion.refusal("a 1 2\n", Code::invalid_argument).find("there is no separator 'dots'; there are 'space'") ==
        0);
}

TEST_CASE("text without words: columns are counted, ids are keys") {
  Conversion conversion;
  conversion.options.keys = KeyKind::none;
  CHECK(conversion.rows("0.1\t0.2\n0.3\t0.4\n").values == Values{0.1F, 0.2F, 0.3F, 0.4F});
  conversion.options.dim = 2;
  CHECK(conversion.rows("1 2\n3 4\n").values == Values{1, 2, 3, 4});
  CHECK(conversion.rows("word 1 2\nother 3 4\n").values == Values{1, 2, 3, 4});
  conversion.options = {};
  const Rows rows = conversion.rows("17 0.1 0.2\n4 0.3 0.4\n");  // node2vec
  CHECK(rows.tokens == Tokens{"17", "4"});
  conversion.options.keys = KeyKind::u64;
  REQUIRE(conversion.run("17 0.1 0.2\n4 0.3 0.4\n").ok());
  CHECK(Table::open(conversion.target())->vocabulary().find(std::uint64_t{4}) == 1);
}

TEST_CASE("text with a header is never binary, and binary never text") {
  Conversion conversion;
  const Rows rows{.dim = 4, .tokens = {"a", "b", "c"}, .values = {0.1F, -2, 1e-20F, 3, 1, 2, 3, 4, 0, 0, 0, 0.5F}};
  CHECK(conversion.rows(word2vec_binary(rows, false)).values == rows.values);
  CHECK(conversion.rows(word2vec_binary(rows, true)).tokens == rows.tokens);
  // Floats whose bytes are all text: only whoever says so has them read as floats.
  std::string letters = "2 2\na abcdefgh\nb ijklmnop\n";
  CHECK(conversion.refusal(letters, Code::format_unsupported).find("line 2 ends in \"abcdefgh\"") != std::string::npos);
  conversion.options.from = SourceFormat::word2vec_binary;
  CHECK(conversion.rows(letters).tokens == Tokens{"a", "b"});
}
