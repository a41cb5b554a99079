// Files that map, opened through the sidecar that keeps their keys: what is then read of them, and when it is made
// anew.
#include <doctest/doctest.h>

#include <sys/stat.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <string>

#include "engine/native/save.hpp"
#include "rowan/file.hpp"
#include "rowan/table.hpp"
#include "tests/formats/fasttext_bytes.hpp"
#include "tests/formats/small_files.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr OpenOptions with_sidecar{.sidecar = true};

struct Model {
  TemporaryFolder folder;
  std::string path = folder / "model.bin";
  std::string sidecar = path + ".rowan.safetensors";
  FastTextFile file;

  Model() {
    file.build();
    write();
  }
  void write() const { write_file(path, file.bytes); }
  void touch(int seconds) const {
    std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + std::chrono::seconds(seconds));
  }
  std::uint64_t identity() const {
    struct stat status = {};
    REQUIRE(::stat(sidecar.c_str(), &status) == 0);
    return status.st_ino;
  }
  Table open(const OpenOptions& options = with_sidecar) const {
    auto table = Table::open(path, options);
    REQUIRE_MESSAGE(table.ok(), (table.ok() ? "" : table.error().message));
    return *table;
  }
};

float value_of(const Table& table, std::uint64_t row, std::uint64_t column) {
  float value = 0;
  std::memcpy(&value, table.view().data() + row * table.row_stride() + 4 * column, sizeof value);
  return value;
}

/// The same table, whether its keys were read from it or not.
void check_same(const Table& table, const Table& plain) {
  CHECK(table.name() == plain.name());
  REQUIRE(table.rows() == plain.rows());
  REQUIRE(table.dim() == plain.dim());
  CHECK(table.dtype() == plain.dtype());
  CHECK(table.row_stride() == plain.row_stride());
  REQUIRE(table.vocabulary().kind() == plain.vocabulary().kind());
  REQUIRE(table.vocabulary().size() == plain.vocabulary().size());
  for (std::uint64_t row = 0; row < plain.vocabulary().size(); ++row) {
    const auto key = plain.vocabulary().key(row);
    CHECK(table.vocabulary().key(row) == key);
    CHECK(table.vocabulary().find(*key) == plain.vocabulary().find(*key));
  }
  CHECK(table.vocabulary().find("no such key") == -1);
  for (std::uint64_t row = 0; row < plain.rows(); ++row) {
    CHECK(std::memcmp(table.view().data() + row * table.row_stride(), plain.view().data() + row * plain.row_stride(),
                      plain.view().row_bytes()) == 0);
  }
}

}  // namespace

TEST_CASE("every small file that maps is the same table through its sidecar") {
  for (const SmallFile& file : small_files()) {
    CAPTURE(file.name);
    const TemporaryFolder folder;
    const std::string path = put_into(folder, file);
    const auto plain = Table::open(path);
    if (!plain) continue;
    for (int opening = 0; opening < 3; ++opening) {
      const auto table = Table::open(path, with_sidecar);
      REQUIRE_MESSAGE(table.ok(), (table.ok() ? "" : table.error().message));
      check_same(*table, *plain);
    }
  }
}

TEST_CASE("keys are kept at the first opening and read from there from then on") {
  const Model model;
  const Table plain = model.open({});
  CHECK(!std::filesystem::exists(model.sidecar));
  check_same(model.open(), plain);
  const std::uint64_t made = model.identity();
  check_same(model.open(), plain);
  CHECK(model.identity() == made);
  CHECK(verify(model.sidecar).ok());

  // What is in front of the rows is not read again: with its time put back, nobody sees that a word has changed.
  const auto time = std::filesystem::last_write_time(model.path);
  std::string changed = model.file.bytes;
  changed.replace(changed.find("ab"), 2, "xy");
  write_file(model.path, changed);
  std::filesystem::last_write_time(model.path, time);
  CHECK(model.open().vocabulary().find("ab") == 1);
  model.touch(2);
  CHECK(model.open().vocabulary().find("ab") == -1);
  CHECK(model.open().vocabulary().find("xy") == 1);
  CHECK(model.identity() != made);
}

TEST_CASE("rows are the source's own: new ones need no new sidecar, and other places a new one") {
  Model model;
  REQUIRE(value_of(model.open(), 1, 0) == FastTextFile::value(1, 0));
  const std::uint64_t made = model.identity();
  const Table before = model.open();
  std::string bytes = model.file.bytes;
  const float seven = 7;
  const std::size_t at = bytes.find(std::string_view(reinterpret_cast<const char*>(before.view().data()), 12));
  REQUIRE(at != std::string::npos);
  std::memcpy(bytes.data() + at, &seven, sizeof seven);
  write_file(model.path, bytes);
  model.touch(2);
  CHECK(value_of(model.open(), 0, 0) == 7);
  CHECK(model.identity() == made);

  model.file.words.emplace_back("longer");
  model.file.build();
  model.write();
  CHECK(model.open().vocabulary().find("longer") == 3);
  CHECK(value_of(model.open(), 3, 2) == FastTextFile::value(3, 2));
  CHECK(model.identity() != made);
}

TEST_CASE("private and sealed tables through the sidecar") {
  const Model model;
  static_cast<void>(model.open());
  Table copy = model.open({.mode = OpenMode::copy_on_write, .sidecar = true});
  REQUIRE(copy.mutable_view().ok());
  *reinterpret_cast<float*>(copy.mutable_view()->mutable_data()) = 9;
  CHECK(value_of(copy, 0, 0) == 9);
  CHECK(value_of(model.open(), 0, 0) == FastTextFile::value(0, 0));
  const Table sealed = model.open({.sealed_copy = true, .sidecar = true});
  write_file(model.path, "");
  write_file(model.sidecar, "");
  CHECK(value_of(sealed, 2, 1) == FastTextFile::value(2, 1));
  CHECK(sealed.vocabulary().find("ab") == 1);
}

TEST_CASE("where no sidecar can be kept the file is opened all the same") {
  const Model model;
  write_file(model.sidecar, "somebody's");
  CHECK(model.open().vocabulary().find("ab") == 1);
  CHECK(read_file(model.sidecar) == "somebody's");
  std::filesystem::remove(model.sidecar);
  std::filesystem::create_directory(model.sidecar);
  CHECK(model.open().vocabulary().find("ab") == 1);
}

TEST_CASE("what a sidecar says of its source is held against that") {
  const Model model;
  static_cast<void>(model.open());
  const std::string good = read_file(model.sidecar);
  const std::string key = "\"rowan.source.rows\":\"";
  const std::size_t begin = good.find(key) + key.size();
  REQUIRE(begin > key.size());
  const std::string rows = good.substr(begin, good.find('"', begin) - begin);
  const std::size_t origin_begin = good.find("\"rowan.source\":\"") + 16;
  const std::string origin = good.substr(origin_begin, good.find('"', origin_begin) - origin_begin);
  REQUIRE(!rows.empty());

  const std::string number = rows.substr(0, rows.find(' '));
  const std::string offset = rows.substr(2, rows.find(' ', 2) - 2);
  for (const std::string& claim : {number + " " + offset + " 1000000 3 0 0",  // more rows than there are bytes
                                   number + " 18446744073709551615 8 3 0 0",  // an offset that wraps around
                                   number + " " + offset + " 18446744073709551615 3 0 0",  // as do these rows
                                   number + " " + offset + " 8 3 18446744073709551615 1",  // and this stride
                                   number + " " + offset + " 1 3 0 0",                     // fewer rows than keys
                                   number + " " + offset + " 8 0 0 0",                     // no columns
                                   std::string("5 ") + offset + " 4 3 0 0",                // a type that does not map
                                   std::string("200 ") + offset + " 8 3 0 0",              // none
                                   std::string("0"), std::string("0 0 0 0 0 x"), rows + " 1", std::string()}) {
    CAPTURE(claim);
    const std::uint64_t ends[] = {1, 2, 3};
    const std::uint64_t slots[8] = {};
    const detail::Extras extras{.metadata = {{"rowan.source", origin}, {"rowan.source.rows", claim}},
                                .tensors = {{"source.keys.bytes", "U8", {3}, std::as_bytes(std::span("abc", 3))},
                                            {"source.keys.ends", "U64", {3}, std::as_bytes(std::span(ends))},
                                            {"source.keys.index", "U64", {8}, std::as_bytes(std::span(slots))}}};
    auto writer = detail::TableSaver::create(model.sidecar, {{.name = "input", .dim = 1}}, {.overwrite = true}, extras);
    REQUIRE(writer.ok());
    REQUIRE(writer->publish().ok());
    const auto table = Table::open(model.path, with_sidecar);
    if (table) {  // taken for none, and made anew
      CHECK(table->vocabulary().find("ab") == 1);
    } else {
      CHECK(table.error().message.starts_with(model.path));
    }
    write_file(model.sidecar, good);
  }
}
