// Known answers on the first 2,446 rows of GloVe 6B 50d.
#include <doctest/doctest.h>

#include <cmath>

#include "rowan/import.hpp"
#include "rowan/words.hpp"
#include "tests/support/files.hpp"

namespace {

using namespace rowan;

WordVectors glove(Threads threads) {
  const test::TemporaryFolder folder;
  const auto converted = convert(test::data_file("tables/glove.6B.50d.first2446.txt"), folder / "glove.safetensors");
  REQUIRE_MESSAGE(converted.ok(), converted.error().message);
  const auto table = Table::open(folder / "glove.safetensors");
  REQUIRE_MESSAGE(table.ok(), table.error().message);
  const auto words = WordVectors::create(*table, threads);
  REQUIRE_MESSAGE(words.ok(), words.error().message);
  return *words;
}

}  // namespace

TEST_CASE("king - man + woman is queen, at cosine 0.8524") {
  const WordVectors words = glove(Threads::caller());
  const auto found = words.analogy("king", "man", "woman", 1);
  REQUIRE(found.ok());
  CHECK(words.table().vocabulary().key(found->front().row) == "queen");
  CHECK(std::abs(found->front().cosine - 0.8524F) < 0.00005F);
}

TEST_CASE("646 of the 961 questions that can be answered are right") {
  for (const int threads : {1, 2}) {
    const auto report =
        glove(Threads::own(threads)).evaluate(test::read_file(test::data_file("eval/questions-words.txt")));
    REQUIRE(report.ok());
    CHECK(report->total.correct == 646);
    CHECK(report->total.answered == 961);
    CHECK(report->total.answered + report->total.skipped == 19544);
    CHECK(report->sections.size() == 14);
  }
}
