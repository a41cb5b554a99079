// Foreign files as tables: names, keys, and what tables whose rows have not all a key may be used for.
#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/file.hpp"
#include "rowan/import.hpp"
#include "rowan/table.hpp"
#include "rowan/words.hpp"
#include "tests/formats/small_files.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

Table opened(const TemporaryFolder& folder, std::string_view name) {
  for (const SmallFile& file : small_files()) {
    if (file.name != name) continue;
    auto table = Table::open(put_into(folder, file));
    REQUIRE_MESSAGE(table.ok(), table.error().message);
    return *table;
  }
  FAIL("no such file");
  return Table::create({.rows = 0, .dim = 1}).value();
}

}  // namespace

TEST_CASE("keys find their rows and rows their keys") {
  const TemporaryFolder folder;
  for (const std::string_view name : {"model.gguf", "words.fifu", "model2vec.safetensors"}) {
    CAPTURE(name);
    const Table table = opened(folder, name);
    const Vocabulary& keys = table.vocabulary();
    CHECK(keys.kind() == KeyKind::bytes);
    CHECK(keys.size() == 2);
    CHECK(keys.find("king") == 0);
    CHECK(keys.find("queen") == 1);
    CHECK(keys.find("kin") == -1);
    CHECK(keys.key(1) == "queen");
    CHECK(!keys.key(2));
  }
  CHECK(opened(folder, "array.npy").vocabulary().kind() == KeyKind::none);
}

TEST_CASE("of a token that is there twice the first row has it") {
  const TemporaryFolder folder;
  write_file(folder / "twice.gguf", small_gguf(0, 256, "king"));
  const auto table = Table::open(folder / "twice.gguf");
  REQUIRE_MESSAGE(table.ok(), table.error().message);
  CHECK(table->vocabulary().find("king") == 0);
  CHECK(table->vocabulary().key(1) == "king");
}

TEST_CASE("rows that are ids stay where they are through a conversion, whatever their tokens") {
  const TemporaryFolder folder;
  const std::string model =
      safetensors_file(R"({"embeddings":{"dtype":"F32","shape":[4,2],"data_offsets":[0,32]}})", floats(8));
  const std::string tokens = R"({"model":{"type":"Unigram","vocab":[["a",0],["b",0],["a",0],["c",0]]}})";
  const SmallFile files[] = {{.name = "model.gguf", .bytes = small_gguf(0, 256, "king")},
                             {.name = "m2v.safetensors", .bytes = model, .tokenizer = tokens}};
  for (const SmallFile& file : files) {
    CAPTURE(file.name);
    const std::string path = put_into(folder, file);
    const auto mapped = Table::open(path);
    REQUIRE_MESSAGE(mapped.ok(), mapped.error().message);
    const auto report = convert(path, folder / "converted", {.overwrite = true});
    REQUIRE_MESSAGE(report.ok(), report.error().message);
    CHECK(report->duplicates == 1);
    CHECK(report->duplicates_kept);
    CHECK(verify(folder / "converted").ok());
    const auto converted = Table::open(folder / "converted");
    REQUIRE(converted.ok());
    REQUIRE(converted->rows() == mapped->rows());
    for (std::uint64_t row = 0; row < mapped->rows(); ++row) {
      CHECK(converted->vocabulary().key(row) == mapped->vocabulary().key(row));
      CHECK(converted->vocabulary().find(*mapped->vocabulary().key(row)) ==
            mapped->vocabulary().find(*mapped->vocabulary().key(row)));
      CHECK(std::memcmp(converted->view().data() + row * converted->row_stride(),
                        mapped->view().data() + row * mapped->row_stride(), mapped->dim() * sizeof(float)) == 0);
    }
  }
}

TEST_CASE("names of tables are those of tensors without their ending") {
  const TemporaryFolder folder;
  CHECK(opened(folder, "tensors.safetensors").name() == "w");
  CHECK(opened(folder, "checkpoint.pt").name() == "embedding");
  CHECK(opened(folder, "array.npy").name() == "embedding");
  CHECK(Table::open(folder / "tensors.safetensors", "w").ok());
  CHECK(Table::open(folder / "tensors.safetensors", "w.weight").ok());
  CHECK(Table::open(folder / "tensors.safetensors", "v").error().code == Code::not_found);
  CHECK(Table::open_all(folder / "tensors.safetensors")->size() == 1);
}

TEST_CASE("a table with fewer keys than rows is looked up, and neither saved nor asked for neighbours") {
  const TemporaryFolder folder;
  const Table table = opened(folder, "model.bin");  // rows behind the words are n-grams
  REQUIRE(table.vocabulary().size() == 3);
  REQUIRE(table.rows() > 3);
  CHECK(table.vocabulary().find("ab") == 1);
  const auto saved = save_tables(folder / "saved", std::span(&table, 1));
  REQUIRE(!saved.ok());
  CHECK(saved.error().message.find("and 3 keys") != std::string::npos);
  CHECK(!std::filesystem::exists(folder / "saved"));
  const auto words = WordVectors::create(table);
  REQUIRE(!words.ok());
  CHECK(words.error().code == Code::keys_size);
}

TEST_CASE("foreign files are not written in place; a private copy is written to, and saved") {
  const TemporaryFolder folder;
  static_cast<void>(opened(folder, "words.fifu"));
  CHECK(Table::open(folder / "words.fifu", {.mode = OpenMode::read_write}).error().code == Code::format_unsupported);
  CHECK(!Table::open(folder / "words.fifu")->mutable_view().ok());
  auto copy = Table::open(folder / "words.fifu", {.mode = OpenMode::copy_on_write});
  REQUIRE(copy.ok());
  const std::string before = read_file(folder / "words.fifu");
  const float changed = 42;
  std::memcpy(copy->mutable_view()->mutable_data(), &changed, sizeof changed);
  REQUIRE(save_tables(folder / "saved", std::span(&*copy, 1)).ok());
  CHECK(read_file(folder / "words.fifu") == before);
  const auto saved = Table::open(folder / "saved");
  CHECK(saved->vocabulary().find("queen") == 1);
  CHECK(std::memcmp(saved->view().data(), &changed, sizeof changed) == 0);
}
