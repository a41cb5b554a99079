// Natural uses of the interface that ask whose memory it is: temporaries, moves, copies.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "rowan/rowan.hpp"
#include "tests/support/files.hpp"

using namespace rowan;

namespace {

Result<Table> small_table() { return Table::create({.rows = 4, .dim = 2, .init = Init::uniform(1.0F, 2.0F, 3)}); }

std::string two_tables(const test::TemporaryFolder& folder) {
  const std::string path = folder / "two";
  auto writer = TableWriter::create(path, {{.name = "a", .dim = 1}, {.name = "b", .dim = 2}});
  REQUIRE(writer.ok());
  REQUIRE(writer->append(0, std::vector<float>{1.0F}).ok());
  REQUIRE(writer->append(1, std::vector<float>{2.0F, 3.0F}).ok());
  REQUIRE(writer->publish().ok());
  return path;
}

template <class Key>
concept Findable = requires(const Vocabulary& vocabulary, Key key) {
  vocabulary.find(key);
};
static_assert(Findable<const char*> && Findable<std::string> && Findable<std::uint64_t> && Findable<unsigned>);
static_assert(!Findable<int> && !Findable<char> && !Findable<double> && !Findable<bool> && !Findable<std::nullptr_t>);

}  // namespace

TEST_CASE("what a temporary result held can be walked over and bound to") {
  const test::TemporaryFolder folder;
  const std::string path = two_tables(folder);
  std::vector<std::uint64_t> dims;
  for (const Table& table : *Table::open_all(path)) dims.push_back(table.dim());
  CHECK(dims == std::vector<std::uint64_t>{1, 2});
  const Table& bound = *Table::open(path, "b");
  CHECK(bound.rows() == 1);
  auto&& value = Table::open(path, "a").value();
  CHECK(value.dim() == 1);
  const Result<Table> constant = Table::open(path, "a");
  CHECK(constant.value().dim() == 1);
}

TEST_CASE("value() throws the error, and only where there is one") {
  const Result<Table> missing = Table::open("/no/such/file");
  CHECK_THROWS_AS(static_cast<void>(missing.value()), BadResult);
  try {
    static_cast<void>(missing.value());
  } catch (const BadResult& failure) {
    CHECK(failure.error().code == Code::not_found);
    CHECK(std::string(failure.what()) == missing.error().message);
  }
  CHECK_NOTHROW(static_cast<void>(small_table().value()));
  CHECK_THROWS_AS(Result<void>(Error{Code::io_error, "no"}).value(), BadResult);
}

TEST_CASE("a table that was moved from is empty and refuses lookups") {
  const Engine engine;
  const std::vector<std::int64_t> first = {0};
  std::vector<float> out(2);
  Table a = small_table().value();
  const Table copy = a;
  Table b = std::move(a);
  CHECK(a.rows() == 0);  // NOLINT(bugprone-use-after-move)
  CHECK(a.vocabulary().size() == 0);
  std::vector<float> nothing;
  CHECK(engine.embedding(a, first, nothing).code == Code::index_out_of_range);
  CHECK(engine.embedding(b, first, out).ok());
  b = small_table().value();
  CHECK(engine.embedding(b, first, out).ok());
  CHECK(engine.embedding(copy, first, out).ok());
  Table& same = b;
  b = std::move(same);
  CHECK(engine.embedding(copy, first, out).ok());
}

TEST_CASE("a writer that was moved from refuses every call") {
  const test::TemporaryFolder folder;
  auto made = TableWriter::create(folder / "file", {{.dim = 1}});
  REQUIRE(made.ok());
  TableWriter writer = *std::move(made);
  TableWriter moved = std::move(writer);
  const std::vector<float> row = {1.0F};
  CHECK(writer.append(0, row).error().message == "the writer was moved from");  // NOLINT(bugprone-use-after-move)
  CHECK(!writer.publish().ok());
  CHECK(writer.row_stride(0) == 0);
  CHECK(moved.append(0, row).ok());
  CHECK(moved.publish().ok());
}

TEST_CASE("rows of any stride are saved as they are") {
  const test::TemporaryFolder folder;
  for (const bool padded : {false, true}) {
    const auto table = Table::create({.rows = 5, .dim = 3, .init = Init::uniform(0.0F, 1.0F, 5), .pad_rows = padded});
    REQUIRE(table.ok());
    const std::string path = folder / (padded ? "padded" : "tight");
    REQUIRE(save_tables(path, std::span(&*table, 1)).ok());
    const auto saved = Table::open(path);
    REQUIRE(saved.ok());
    CHECK(saved->row_stride() == table->row_stride());
    const Engine engine;
    const std::vector<std::int32_t> all = {0, 1, 2, 3, 4};
    std::vector<float> before(15);
    std::vector<float> after(15);
    REQUIRE(engine.embedding(*table, all, before).ok());
    REQUIRE(engine.embedding(*saved, all, after).ok());
    CHECK(before == after);
  }
}

TEST_CASE("bags are made of ranges of any index type") {
  const std::vector<std::int32_t> indices = {0, 1, 2};
  const std::vector<std::int32_t> offsets = {0, 2};
  const std::vector<float> weights = {1.0F, 2.0F, 3.0F};
  static_assert(std::is_same_v<decltype(Bags{indices, offsets}), Bags>);
  static_assert(std::is_same_v<decltype(Bags{indices, offsets, weights}), Bags>);
  const Bags bags{indices, offsets, weights};
  std::vector<float> out(4);
  CHECK(Engine().embedding_bag(*small_table(), bags, out, {.pooling = Pooling::sum}).ok());
}

TEST_CASE("a table that could never be saved is not made") {
  CHECK(!Table::create({.rows = 1, .dim = 1, .name = ""}).ok());
  CHECK(!Table::create({.rows = 1, .dim = 1, .name = "a\nb"}).ok());
}
