// Tables over sealed copies of their files: the same tables, of files that may change as they like.
#include <doctest/doctest.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rowan/checkpoint.hpp"
#include "rowan/table.hpp"
#include "tests/formats/small_files.hpp"
#include "tests/native/samples.hpp"
#include "tests/native/training.hpp"
#include "tests/support/files.hpp"
#include "tests/support/system_faults.hpp"

using namespace rowan;
using namespace rowan::test;
namespace fs = std::filesystem;

namespace {

constexpr OpenOptions sealed_copy = {.sealed_copy = true};

std::string bytes_of(const Table& table) {
  const TableView& view = table.view();
  const std::uint64_t bytes = view.rows() == 0 ? 0 : (view.rows() - 1) * view.row_stride() + view.row_bytes();
  return {reinterpret_cast<const char*>(view.data()), bytes};
}

bool is_mapped(std::string_view name) { return read_file("/proc/self/maps").find(name) != std::string::npos; }

/// A native file of more than one block of a copy, that was written some time ago.
std::string large_file(const TemporaryFolder& folder) {
  const std::string path = folder / "large.safetensors";
  REQUIRE(create_table_file(path, {.rows = 10'000, .dim = 64}, {.overwrite = true}).ok());
  fs::last_write_time(path, fs::last_write_time(path) - std::chrono::hours(1));
  return path;
}

/// What opening says of a file to which that happens before its read number `read`.
template <class Change>
Error error_of_changed(const std::string& path, int read, const Change& change) {
  SystemFaults faults;
  int reads = 0;
  faults.at_read = [&] {
    if (reads++ == read) change();
  };
  const auto table = Table::open(path, sealed_copy);
  REQUIRE(!table.ok());
  CHECK(reads > read);
  return table.error();
}

}  // namespace

TEST_CASE("a copy has the tables and the keys of its file, and is all that is mapped") {
  std::vector<SmallFile> files = small_files();
  files.push_back({.name = "golden", .bytes = read_file(std::string(ROWAN_GOLDEN_FOLDER) + "/native-1.0.safetensors")});
  for (const SmallFile& file : files) {
    if (!file.maps) continue;
    CAPTURE(file.name);
    const TemporaryFolder folder;
    const std::string path = put_into(folder, file);
    const auto mapped = Table::open_all(path);
    REQUIRE_MESSAGE(mapped.ok(), mapped.error().message);
    std::vector<std::string> rows;
    std::vector<std::string> keys;
    for (const Table& table : *mapped) {
      rows.push_back(bytes_of(table));
      keys.emplace_back(table.vocabulary().key(0).value_or("none"));
    }
    for (const OpenMode mode : {OpenMode::read_only, OpenMode::copy_on_write}) {
      const auto copied = Table::open_all(path, {.mode = mode, .sealed_copy = true});
      REQUIRE_MESSAGE(copied.ok(), copied.error().message);
      REQUIRE(copied->size() == rows.size());
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const Table& table = (*copied)[i];
        CHECK(table.name() == (*mapped)[i].name());
        CHECK(bytes_of(table) == rows[i]);
        CHECK(table.vocabulary().key(0).value_or("none") == keys[i]);
        CHECK(table.vocabulary().size() == (*mapped)[i].vocabulary().size());
      }
    }
  }
}

TEST_CASE("the memory is freed with the last table, and the file is not mapped") {
  const TemporaryFolder folder;
  const std::string path = large_file(folder);
  CHECK(!is_mapped("memfd:rowan"));
  {
    std::optional<Table> last;
    {
      const auto tables = Table::open_all(path, sealed_copy);
      REQUIRE(tables.ok());
      CHECK(is_mapped("memfd:rowan"));
      CHECK(!is_mapped(path));
      last = tables->front();
    }
    CHECK(is_mapped("memfd:rowan"));
  }
  CHECK(!is_mapped("memfd:rowan"));
}

TEST_CASE("copy-on-write: rows are written privately and saved over the file") {
  const TemporaryFolder folder;
  const std::string path = large_file(folder);
  const std::string before = read_file(path);
  auto table = Table::open(path, {.mode = OpenMode::copy_on_write, .sealed_copy = true});
  REQUIRE(table.ok());
  const auto view = table->mutable_view();
  REQUIRE(view.ok());
  std::memset(view->mutable_data(), 0, view->row_bytes());
  CHECK(read_file(path) == before);
  fs::resize_file(path, 0);
  REQUIRE(save_tables(path, {&*table, 1}, {.overwrite = true}).ok());
  CHECK(verify(path).ok());
  const auto saved = Table::open(path);
  REQUIRE(saved.ok());
  CHECK(bytes_of(*saved) == bytes_of(*table));
  CHECK(bytes_of(*saved).starts_with(std::string(256, '\0')));
}

TEST_CASE("a copy cannot be written in place, and the one that is only read cannot be written at all") {
  const TemporaryFolder folder;
  const std::string path = large_file(folder);
  const auto refused = Table::open(path, {.mode = OpenMode::read_write, .sealed_copy = true});
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == Code::invalid_argument);
  CHECK(refused.error().message.find("sealed copy") != std::string::npos);
  CHECK(!Table::open(path, sealed_copy)->mutable_view().ok());
}

TEST_CASE("checkpoints and sidecars are opened through copies too") {
  const TemporaryFolder folder;
  Table table = *Table::create({.rows = 10, .dim = 4});
  REQUIRE(save_checkpoint(folder / "checkpoint", table, new_optimizer(table, Adam{})).ok());
  const auto loaded = load_checkpoint(folder / "checkpoint", {}, sealed_copy);
  REQUIRE_MESSAGE(loaded.ok(), loaded.error().message);
  CHECK(is_mapped("memfd:rowan"));
  CHECK(!is_mapped(folder / "checkpoint"));
  CHECK(bytes_of(loaded->table) == bytes_of(table));

  write_file(folder / "words.txt", "king 1 2\n");
  const auto words = Table::open(folder / "words.txt", {.sealed_copy = true, .sidecar = true});
  REQUIRE_MESSAGE(words.ok(), words.error().message);
  CHECK(!is_mapped(folder / "words.txt"));
  CHECK(words->vocabulary().find("king") == 0);
}

TEST_CASE("what is no table is refused as it is without a copy") {
  const TemporaryFolder folder;
  for (const std::string_view bytes : {"", "x", "king 1 2\n"}) {
    write_file(folder / "f", bytes);
    const auto plain = Table::open(folder / "f");
    const auto copied = Table::open(folder / "f", sealed_copy);
    REQUIRE(!plain.ok());
    REQUIRE(!copied.ok());
    CHECK(copied.error().code == plain.error().code);
    CHECK(copied.error().message == plain.error().message);
  }
  CHECK(Table::open(folder / "absent", sealed_copy).error().code == Code::not_found);
}

TEST_CASE("a file that changes while it is copied is an error") {
  const TemporaryFolder folder;
  for (const int read : {0, 1, 2}) {
    CAPTURE(read);
    const std::string path = large_file(folder);
    const Error cut = error_of_changed(path, read, [&] { fs::resize_file(path, 1'000); });
    CHECK(cut.code == Code::io_error);
    CHECK(cut.message.find("it ends at byte " + std::to_string(read == 0 ? 1'000 : read << 20)) != std::string::npos);
    large_file(folder);
    const Error grown = error_of_changed(path, read, [&] { fs::resize_file(path, 10 << 20); });
    CHECK(grown.code == Code::io_error);
    CHECK(grown.message.find("changed while it was copied") != std::string::npos);
    large_file(folder);
    const Error overwritten = error_of_changed(path, read, [&] { write_file(path, read_file(path)); });
    CHECK(overwritten.code == Code::io_error);
  }
  // One that is replaced is the one that was opened.
  const std::string path = large_file(folder);
  SystemFaults faults;
  faults.at_read = [&] {
    write_file(folder / "new", "new");
    fs::rename(folder / "new", path);
  };
  CHECK(Table::open(path, sealed_copy)->rows() == 10'000);
}

TEST_CASE("what lies beside a file is read through a copy too") {
  const TemporaryFolder folder;
  for (const SmallFile& file : small_files()) {
    if (file.tokenizer.empty()) continue;
    const std::string path = put_into(folder, file);
    CHECK(Table::open(path, sealed_copy)->vocabulary().size() != 0);
    SystemFaults faults;
    int reads = 0;
    faults.at_read = [&] {
      if (reads++ == 1) fs::resize_file(folder / "tokenizer.json", 3);
    };
    const auto table = Table::open(path, sealed_copy);  // a neighbour that changes is one that cannot be read
    CHECK(reads > 1);
    REQUIRE(table.ok());
    CHECK(table->vocabulary().size() == 0);
  }
}
