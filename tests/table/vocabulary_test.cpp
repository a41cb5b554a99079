// Searches agree one by one and in batches, and a damaged vocabulary gives "not found", never a wild read.
#include "rowan/vocabulary.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "engine/support/error.hpp"
#include "engine/table/key_index.hpp"
#include "rowan/table.hpp"
#include "tests/native/samples.hpp"
#include "tests/support/files.hpp"

using namespace rowan;

namespace {

/// Writes `rows` rows of dim 1 with keys "k0", "k1", ... or ids 0, 3, 6, ...
std::string keyed_file(const test::TemporaryFolder& folder, KeyKind kind, std::size_t rows) {
  const std::string path = folder / (kind == KeyKind::bytes ? "bytes.safetensors" : "ids.safetensors");
  auto writer = TableWriter::create(path, {{.dim = 1, .keys = kind}}, {.overwrite = true});
  REQUIRE(writer.ok());
  const std::vector<float> values(rows, 1.0F);
  std::vector<std::string> text;
  std::vector<std::uint64_t> ids;
  for (std::size_t row = 0; row < rows; ++row) {
    text.push_back(detail::concat("k", row));
    ids.push_back(3 * row);
  }
  const std::vector<std::string_view> keys(text.begin(), text.end());
  const Result<void> appended =
      kind == KeyKind::bytes ? writer->append(0, values, keys) : writer->append(0, values, ids);
  REQUIRE(appended.ok());
  REQUIRE(writer->publish().ok());
  return path;
}

const TensorInfo& tensor(const FileInfo& info, const std::string& name) {
  for (const TensorInfo& one : info.tensors) {
    if (one.name == "embedding." + name) return one;
  }
  FAIL("no tensor " << name);
  return info.tensors.front();
}

/// Uses every way into a vocabulary; each answer is a row of the table, or none.
void use(const Table& table) {
  const Vocabulary& keys = table.vocabulary();
  const auto rows = static_cast<std::int64_t>(table.rows());
  std::vector<std::string> text;
  std::vector<std::uint64_t> ids;
  for (std::int64_t i = -5; i < rows + 5; ++i) {
    text.push_back(detail::concat("k", i));
    ids.push_back(static_cast<std::uint64_t>(i));
  }
  const std::vector<std::string_view> views(text.begin(), text.end());
  std::vector<std::int64_t> found(views.size());
  std::size_t wrong = 0;
  if (keys.kind() == KeyKind::bytes) {
    REQUIRE(keys.find(views, found).ok());
    for (std::size_t i = 0; i < found.size(); ++i) {
      wrong += found[i] != keys.find(views[i]);
      wrong += found[i] < -1 || found[i] >= rows;
      wrong += found[i] >= 0 && keys.key(static_cast<std::uint64_t>(found[i])) != views[i];
    }
  } else {
    REQUIRE(keys.find(ids, found).ok());
    for (std::size_t i = 0; i < found.size(); ++i) {
      wrong += found[i] != keys.find(ids[i]);
      wrong += found[i] < -1 || found[i] >= rows;
      wrong += found[i] >= 0 && keys.id(static_cast<std::uint64_t>(found[i])) != ids[i];
    }
  }
  for (std::int64_t row = -1; row <= rows; ++row) {
    const auto key = keys.key(static_cast<std::uint64_t>(row));
    wrong += key && key->size() > 100'000;
    if (key) wrong += std::count(key->begin(), key->end(), '\x01') > 1'000'000;  // reads all of it
    wrong += keys.id(static_cast<std::uint64_t>(row)).has_value() && (row < 0 || row >= rows);
  }
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("batches of any size find what single searches find") {
  const test::TemporaryFolder folder;
  for (const KeyKind kind : {KeyKind::bytes, KeyKind::u64}) {
    for (const std::size_t rows : {0U, 1U, 5U, 6U, 63U, 64U, 65U, 1000U}) {
      CAPTURE(rows);
      const auto table = Table::open(keyed_file(folder, kind, rows));
      REQUIRE(table.ok());
      REQUIRE(table->vocabulary().size() == rows);
      use(*table);
      for (std::size_t row = 0; row < rows; ++row) {
        const std::string key = detail::concat("k", row);
        const std::int64_t found =
            kind == KeyKind::bytes ? table->vocabulary().find(key) : table->vocabulary().find(std::uint64_t{3 * row});
        CHECK(found == static_cast<std::int64_t>(row));
      }
    }
  }
}

TEST_CASE("spans of unequal length and keys of the other kind are refused and nothing is written") {
  const test::TemporaryFolder folder;
  const auto table = Table::open(keyed_file(folder, KeyKind::bytes, 10));
  REQUIRE(table.ok());
  const std::vector<std::string_view> keys = {"k1", "k2"};
  const std::vector<std::uint64_t> ids = {1, 2};
  std::vector<std::int64_t> rows = {77, 77, 77};
  const Status sizes = table->vocabulary().find(keys, rows);
  CHECK(sizes.code == Code::keys_size);
  CHECK(sizes.position == 2);
  CHECK(sizes.value == 3);
  CHECK(table->vocabulary().find(ids, std::span(rows).first(2)).code == Code::keys_kind);
  CHECK(Vocabulary().find(keys, std::span(rows).first(2)).code == Code::keys_kind);
  CHECK(Vocabulary().find("x") == -1);
  CHECK(Vocabulary().find(std::uint64_t{0}) == -1);
  CHECK(!Vocabulary().key(0));
  CHECK(!Vocabulary().id(0));
  CHECK(rows == std::vector<std::int64_t>{77, 77, 77});
  CHECK(table->vocabulary().find(std::span(keys).first(0), std::span(rows).first(0)).ok());
}

TEST_CASE("damaged slots, ends and bytes are survived") {
  const test::TemporaryFolder folder;
  std::mt19937_64 random(11);
  for (const KeyKind kind : {KeyKind::bytes, KeyKind::u64}) {
    const std::string path = keyed_file(folder, kind, 200);
    const std::string whole = test::read_file(path);
    const auto info = inspect(path);
    REQUIRE(info.ok());
    const bool bytes = kind == KeyKind::bytes;
    const TensorInfo& slots = tensor(*info, "keys.index");
    const TensorInfo& words = tensor(*info, bytes ? "keys.ends" : "keys.ids");
    for (int round = 0; round < 300; ++round) {
      CAPTURE(round);
      std::string damaged = whole;
      for (const TensorInfo* at : {&slots, &words}) {
        if (random() % 4 == 0) continue;
        for (std::uint64_t i = 0; i < at->bytes; i += 8) {
          if (round % 3 == 0 && random() % 8 != 0) continue;  // some only
          std::uint64_t value = random() >> (random() % 64);
          if (random() % 4 == 0) value = UINT64_MAX;
          if (random() % 4 == 0) {  // a slot whose tag may be right and whose row is wild
            std::memcpy(&value, damaged.data() + at->offset + i, 8);
            value ^= random() % 1024;
          }
          std::memcpy(damaged.data() + at->offset + i, &value, 8);
        }
      }
      test::write_file(path, damaged);
      const auto table = Table::open(path);
      REQUIRE(table.ok());
      use(*table);
      (void)verify(path);
    }
  }
}

TEST_CASE("a search of a full index ends") {
  // No slot is empty, every tag fits and no row has the key.
  std::vector<std::uint64_t> slots(8);
  std::vector<std::uint64_t> ids(5, 1);
  const std::uint64_t wanted = 2;
  const std::uint64_t hash = detail::hash_id(wanted);
  for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = detail::make_slot(hash, i % 5);
  const detail::KeyIndex index{
      .keys = {.kind = KeyKind::u64, .rows = 5, .data = std::as_bytes(std::span(ids)).data(), .data_bytes = 40},
      .slots = std::as_bytes(std::span(slots)).data(),
      .capacity = 8};
  CHECK(index.find(wanted) == -1);
  ids[3] = wanted;
  CHECK(index.find(wanted) == 3);
}

TEST_CASE("the index has room for half as many again") {
  CHECK(detail::index_capacity(0) == 8);
  CHECK(detail::index_capacity(5) == 8);
  CHECK(detail::index_capacity(6) == 16);
  CHECK(detail::index_capacity(10) == 16);
  CHECK(detail::index_capacity(11) == 32);
  CHECK(detail::index_capacity(detail::max_keyed_rows) == std::uint64_t{1} << 41);
}
