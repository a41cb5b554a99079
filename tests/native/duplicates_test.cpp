// The first row of a key stays, later ones are left out or stay without being found, and every row that stays keeps its
// values and its key.
#include <doctest/doctest.h>

#include <map>
#include <random>

#include "rowan/import.hpp"
#include "rowan/table.hpp"
#include "tests/native/samples.hpp"
#include "tests/support/files.hpp"

using namespace rowan;

namespace {

float first_value(const Table& table, std::uint64_t row) {
  float value = 0;
  std::memcpy(&value, table.view().data() + row * table.row_stride(), sizeof value);
  return value;
}

/// Rows of floats whose first element is the number that they were appended with.
std::vector<float> numbered_rows(std::size_t rows, std::size_t dim) {
  std::vector<float> values(rows * dim, -1.0F);
  for (std::size_t row = 0; row < rows; ++row) values[row * dim] = static_cast<float>(row);
  return values;
}

}  // namespace

TEST_CASE("duplicates are dropped over many blocks and in every table, first wins") {
  constexpr std::size_t rows = 40'000;
  constexpr std::size_t dim = 30;  // 4.6 MiB a table
  std::mt19937_64 random(5);
  const test::TemporaryFolder folder;
  const std::string path = folder / "t.safetensors";
  auto writer = TableWriter::create(path, {{.name = "before", .dim = dim, .keys = KeyKind::u64},
                                           {.name = "bytes", .dim = dim, .keys = KeyKind::bytes},
                                           {.name = "plain", .dim = dim},
                                           {.name = "ids", .dim = dim, .keys = KeyKind::u64, .pad_rows = true}});
  REQUIRE(writer.ok());
  const std::vector<float> values = numbered_rows(rows, dim);
  std::vector<std::uint64_t> unique(rows);
  for (std::size_t row = 0; row < rows; ++row) unique[row] = row;
  REQUIRE(writer->append(0, values, unique).ok());

  // Few duplicates in one table, starting in its second block; most rows in the other.
  std::vector<std::string> text(rows);
  std::vector<std::uint64_t> ids(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t other = row > 20'000 && random() % 100 == 0 ? random() % row : row;
    text[row] = other == row ? "token " + std::to_string(row) : text[other];
    ids[row] = random() % 1'000;
  }
  const std::vector<std::string_view> keys(text.begin(), text.end());
  for (std::size_t begin = 0; begin < rows; begin += 10'000) {
    REQUIRE(
        writer->append(1, std::span(values).subspan(begin * dim, 10'000 * dim), std::span(keys).subspan(begin, 10'000))
            .ok());
  }
  REQUIRE(writer->append(2, values).ok());
  REQUIRE(writer->append(3, values, ids).ok());
  const auto report = writer->publish();
  REQUIRE_MESSAGE(report.ok(), report.error().message);

  // What should have come of it, the plain way.
  std::map<std::string, std::size_t> first_of_text;
  std::map<std::uint64_t, std::size_t> first_of_id;
  std::vector<std::size_t> kept_text;
  std::vector<std::size_t> kept_ids;
  std::vector<DuplicateKey> dropped;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto [at, added] = first_of_text.emplace(text[row], row);
    if (added) kept_text.push_back(row);
    if (!added) dropped.push_back({text[row], at->second, row});
  }
  for (std::size_t row = 0; row < rows; ++row) {
    if (first_of_id.emplace(ids[row], row).second) kept_ids.push_back(row);
  }
  CHECK(kept_text.size() > 39'000);
  CHECK(kept_text.size() < rows);
  CHECK(kept_ids.size() == 1'000);
  CHECK(report->rows == 2 * rows + kept_text.size() + kept_ids.size());
  CHECK(report->duplicates == 2 * rows - kept_text.size() - kept_ids.size());
  REQUIRE(report->first_duplicates.size() == 10);
  for (std::size_t i = 0; i < 10; ++i) {
    CHECK(report->first_duplicates[i].key == dropped[i].key);
    CHECK(report->first_duplicates[i].kept == dropped[i].kept);
    CHECK(report->first_duplicates[i].dropped == dropped[i].dropped);
  }

  const auto verified = verify(path, Threads::own(3));
  REQUIRE_MESSAGE(verified.ok(), verified.error().message);
  const auto tables = Table::open_all(path);
  REQUIRE(tables.ok());
  REQUIRE(tables->at(0).rows() == rows);
  REQUIRE(tables->at(1).rows() == kept_text.size());
  REQUIRE(tables->at(2).rows() == rows);
  REQUIRE(tables->at(3).rows() == kept_ids.size());
  std::size_t wrong = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    wrong += first_value(tables->at(0), row) != static_cast<float>(row);
    wrong += first_value(tables->at(2), row) != static_cast<float>(row);
  }
  for (std::size_t row = 0; row < kept_text.size(); ++row) {
    wrong += first_value(tables->at(1), row) != static_cast<float>(kept_text[row]);
    wrong += tables->at(1).vocabulary().key(row) != text[kept_text[row]];
  }
  for (std::size_t row = 0; row < kept_ids.size(); ++row) {
    wrong += first_value(tables->at(3), row) != static_cast<float>(kept_ids[row]);
    wrong += tables->at(3).vocabulary().id(row) != ids[kept_ids[row]];
  }
  CHECK(wrong == 0);
}

TEST_CASE("a table of one key many times has one row") {
  const test::TemporaryFolder folder;
  auto writer = TableWriter::create(folder / "t.safetensors", {{.dim = 2, .keys = KeyKind::bytes}});
  REQUIRE(writer.ok());
  const std::vector<std::string_view> keys(1000, "");
  REQUIRE(writer->append(0, numbered_rows(1000, 2), keys).ok());
  const auto report = writer->publish();
  REQUIRE(report.ok());
  CHECK(report->rows == 1);
  CHECK(report->duplicates == 999);
  CHECK(report->first_duplicates.back().dropped == 10);
  const auto table = Table::open(folder / "t.safetensors");
  REQUIRE(table.ok());
  CHECK(table->vocabulary().find("") == 0);
  CHECK(first_value(*table, 0) == 0.0F);
  CHECK(verify(folder / "t.safetensors").ok());
}

TEST_CASE("rows that are numbered by others stay where they are, and keys find the first of theirs") {
  const test::TemporaryFolder folder;
  constexpr std::size_t rows = 5000;
  std::vector<std::string> texts;
  std::vector<std::uint64_t> ids;
  for (std::size_t row = 0; row < rows; ++row) {
    texts.push_back("key" + std::to_string(row % 3000));
    ids.push_back(row % 3000);
  }
  const std::vector<std::string_view> keys(texts.begin(), texts.end());
  auto writer = TableWriter::create(folder / "t.safetensors",
                                    {{.name = "a", .dim = 2, .keys = KeyKind::bytes, .keep_duplicates = true},
                                     {.name = "b", .dim = 2, .keys = KeyKind::u64, .keep_duplicates = true},
                                     {.name = "c", .dim = 2, .keys = KeyKind::u64}});
  REQUIRE(writer.ok());
  REQUIRE(writer->append(0, numbered_rows(rows, 2), keys).ok());
  REQUIRE(writer->append(1, numbered_rows(rows, 2), ids).ok());
  REQUIRE(writer->append(2, numbered_rows(rows, 2), ids).ok());
  const auto report = writer->publish();
  REQUIRE_MESSAGE(report.ok(), report.error().message);
  CHECK(report->rows == 2 * rows + 3000);
  CHECK(report->duplicates == 3 * 2000);
  CHECK(report->first_duplicates.front().kept == 0);
  CHECK(report->first_duplicates.front().dropped == 3000);
  CHECK(verify(folder / "t.safetensors").ok());
  // Written again from what was opened, they stay too.
  const auto tables = Table::open_all(folder / "t.safetensors");
  REQUIRE(tables.ok());
  REQUIRE(save_tables(folder / "again.safetensors", *tables).ok());
  REQUIRE(convert(folder / "again.safetensors", folder / "third.safetensors").ok());
  for (const char* const name : {"t.safetensors", "again.safetensors", "third.safetensors"}) {
    CHECK(verify(folder / name).ok());
    const auto opened = Table::open_all(folder / name);
    REQUIRE(opened.ok());
    for (const Table& table : {opened->at(0), opened->at(1)}) {
      REQUIRE(table.rows() == rows);
      for (const std::uint64_t row : {0, 17, 2999, 3000, 3017, 4999}) {
        CHECK(first_value(table, row) == static_cast<float>(row));
        const auto first = static_cast<std::int64_t>(row % 3000);
        if (table.name() == "a") {
          CHECK(table.vocabulary().key(row) == keys[row]);
          CHECK(table.vocabulary().find(keys[row]) == first);
        } else {
          CHECK(table.vocabulary().id(row) == ids[row]);
          CHECK(table.vocabulary().find(ids[row]) == first);
        }
      }
    }
    CHECK(opened->at(2).rows() == 3000);
  }
}
