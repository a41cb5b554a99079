// Word queries on small tables made by hand: tokens, errors, and the question format.
#include "rowan/words.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "rowan/file.hpp"
#include "tests/support/files.hpp"

namespace {

using namespace rowan;

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

/// Rows of `dim` values and their tokens, written and opened again.
Table table_of(const std::vector<std::string_view>& tokens, const std::vector<float>& values, std::size_t dim) {
  const test::TemporaryFolder folder;
  auto writer = TableWriter::create(folder / "t.safetensors", {{.dim = dim, .keys = KeyKind::bytes}});
  REQUIRE_MESSAGE(writer.ok(), writer.error().message);
  REQUIRE(writer->append(0, values, tokens).ok());
  REQUIRE(writer->publish().ok());
  auto table = Table::open(folder / "t.safetensors");
  REQUIRE_MESSAGE(table.ok(), table.error().message);
  return *table;
}

WordVectors words_of(const std::vector<std::string_view>& tokens, const std::vector<float>& values, std::size_t dim) {
  auto words = WordVectors::create(table_of(tokens, values, dim));
  REQUIRE_MESSAGE(words.ok(), words.error().message);
  return *words;
}

/// Capital = country + (0, 0, 1); countries are unit vectors of a plane.
WordVectors capitals() {
  return words_of({"italy", "rome", "france", "paris", "spain", "madrid", "zero", "broken"},
                  {3, 0, 0, 2, 0, 2, 0, 1, 0, 0, 4, 4, -1, 0, 0, -3, 0, 3, 0, 0, 0, not_a_number, 1, 1}, 3);
}

std::string failure_of(const Result<EvaluateReport>& result) {
  REQUIRE(!result.ok());
  return result.error().message;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("nearest leaves the token itself out") {
  const WordVectors words = capitals();
  const auto found = words.nearest("italy", 3);
  REQUIRE(found.ok());
  REQUIRE(found->size() == 3);
  CHECK(words.table().vocabulary().key((*found)[0].row) == "rome");
  CHECK((*found)[0].cosine == doctest::Approx(std::sqrt(0.5)));
  CHECK((*found)[1].row == 2);  // france and paris are both at a right angle
  CHECK((*found)[2].row == 3);
}

TEST_CASE("analogy is a - b + c over unit rows, the three left out") {
  const WordVectors words = capitals();
  const auto found = words.analogy("rome", "italy", "france", 2);
  REQUIRE(found.ok());
  REQUIRE(found->size() == 2);
  CHECK(words.table().vocabulary().key((*found)[0].row) == "paris");
  // rome/|rome| - italy/|italy| + france/|france| = (r - 1, 1, r) with r = sqrt(1/2); paris is (0, r, r).
  const double r = std::sqrt(0.5);
  const double length = std::sqrt((r - 1) * (r - 1) + 1 + r * r);
  CHECK((*found)[0].cosine == doctest::Approx((r + 0.5) / length).epsilon(1e-6));
}

TEST_CASE("what cannot be asked is refused by a sentence that names the token") {
  const WordVectors words = capitals();
  CHECK(words.nearest("atlantis", 1).error().code == Code::not_found);
  CHECK(contains(words.nearest("atlantis", 1).error().message, "\"atlantis\""));
  CHECK(contains(words.nearest("zero", 1).error().message, "\"zero\" has no direction"));
  CHECK(contains(words.nearest("broken", 1).error().message, "\"broken\" has no direction"));
  CHECK(contains(words.analogy("rome", "zero", "paris", 1).error().message, "\"zero\" has no direction"));
  CHECK(contains(words.analogy("rome", "italy", "", 1).error().message, "no token \"\""));
}

TEST_CASE("unit rows that cancel have no nearest") {
  const WordVectors words = words_of({"a", "b", "c"}, {1, 1, 1, 1, 3, 0, 0, 0, 2, -2, -2, -2}, 4);
  const auto found = words.analogy("a", "b", "c", 1);
  REQUIRE(!found.ok());
  CHECK(contains(found.error().message, "cancel out"));
}

TEST_CASE("a token may be asked about twice") {
  const WordVectors words = capitals();
  const auto same = words.analogy("italy", "italy", "france", 1);  // france alone, and neither of the two
  REQUIRE(same.ok());
  CHECK(words.table().vocabulary().key(same->front().row) == "paris");
}

TEST_CASE("a table without tokens has no word vectors") {
  const auto numbered = Table::create({.rows = 4, .dim = 2});
  REQUIRE(numbered.ok());
  const auto words = WordVectors::create(*numbered);
  REQUIRE(!words.ok());
  CHECK(words.error().code == Code::keys_kind);
  CHECK(contains(words.error().message, "no keys"));
}

TEST_CASE("question sets are scored by section and in all") {
  const WordVectors words = capitals();
  const auto report = words.evaluate(
      ": capitals\r\n"
      "Italy ROME france\tparis\r\n"
      "\n"
      "italy rome spain madrid\n"
      "italy rome atlantis paris\n"
      ":wrong and odd\n"
      "  italy rome france madrid  \n"
      "italy rome france rome\n"
      "italy rome zero paris\n"
      ": nothing");
  REQUIRE_MESSAGE(report.ok(), report.error().message);
  REQUIRE(report->sections.size() == 3);
  const SectionScore& first = report->sections[0];
  const SectionScore& second = report->sections[1];
  const SectionScore& third = report->sections[2];
  CHECK(first.name == "capitals");
  CHECK(first.correct == 2);
  CHECK(first.answered == 2);
  CHECK(first.skipped == 1);
  CHECK(second.name == "wrong and odd");
  CHECK(second.correct == 0);
  CHECK(second.answered == 3);  // an input is no answer; a word without direction answers nothing
  CHECK(second.skipped == 0);
  CHECK(third.name == "nothing");
  CHECK(third.answered == 0);
  CHECK(report->total.correct == 2);
  CHECK(report->total.answered == 5);
  CHECK(report->total.skipped == 1);
}

TEST_CASE("questions keep their case on request, and need no section") {
  const WordVectors words = capitals();
  const auto folded = words.evaluate("Italy rome france paris");
  REQUIRE(folded.ok());
  CHECK(folded->total.correct == 1);
  const auto kept = words.evaluate("Italy rome france paris", {.lower_case = false});
  REQUIRE(kept.ok());
  CHECK(kept->total.answered == 0);
  CHECK(kept->total.skipped == 1);
  CHECK(words.evaluate("")->sections.empty());
}

TEST_CASE("lines of another form are refused by their number") {
  const WordVectors words = capitals();
  CHECK(contains(failure_of(words.evaluate(": s\n\nitaly rome france\n")), "line 3 of the questions has 3 words"));
  CHECK(contains(failure_of(words.evaluate("italy rome france paris spain")), "line 1 of the questions has 5 words"));
  CHECK(contains(failure_of(words.evaluate("a b c d\nx")), "line 2 of the questions has 1 word where"));
}

TEST_CASE("more questions than a batch") {
  const WordVectors words = capitals();
  std::string text = ": many\n";
  for (int i = 0; i < 1000; ++i) text += i % 4 == 0 ? "italy rome france madrid\n" : "italy rome france paris\n";
  const auto report = words.evaluate(text);
  REQUIRE(report.ok());
  CHECK(report->total.answered == 1000);
  CHECK(report->total.correct == 750);
}
