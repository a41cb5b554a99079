// Whichever allocation and whichever system call fails, opening, converting and exporting foreign files say so, and
// leave nothing half-done.
#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/export_table.hpp"
#include "rowan/file.hpp"
#include "rowan/import.hpp"
#include "rowan/subwords.hpp"
#include "rowan/table.hpp"
#include "tests/formats/small_files.hpp"
#include "tests/support/faults.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
using namespace rowan::test;
namespace fs = std::filesystem;

namespace {

std::set<std::string> files_in(const TemporaryFolder& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.path())) names.insert(entry.path().filename().string());
  return names;
}

constexpr auto nothing = [] {};
constexpr auto unchecked = [](std::string_view) {};

/// A call that writes `target`: with every failure it stays what it was, absent or old, and nothing lies beside it.
template <class Call>
void fail_each_writing(const TemporaryFolder& folder, const std::string& target, const Call& call,
                       bool may_do_without = false) {
  for (const bool replaces : {false, true}) {
    CAPTURE(replaces);
    fs::remove(target);
    if (replaces) write_file(target, "old");
    const std::set<std::string> before = files_in(folder);
    const auto prepare = [&] {
      fs::remove(target);
      if (replaces) write_file(target, "old");
    };
    fail_each(
        prepare, [&] { return call(replaces); },
        [&](std::string_view failed) {
          CHECK(files_in(folder) == before);
          // The sync of the folder comes after the replacement: then the new file is in place, whole.
          if (replaces && failed != "fsync of a folder") CHECK(read_file(target) == "old");
        },
        may_do_without);
    CHECK(read_file(target) != "old");
    fs::remove(target);
  }
}

}  // namespace

TEST_CASE("opening and inspecting a file of each format") {
  for (const SmallFile& file : small_files()) {
    CAPTURE(file.name);
    const TemporaryFolder folder;
    const std::string path = put_into(folder, file);
    const bool has_neighbor = !file.tokenizer.empty();  // which is done without, where it cannot be read
    fail_each(
        nothing, [&] { return inspect(path); }, unchecked, has_neighbor);
    if (!file.maps) continue;
    fail_each(
        nothing, [&] { return Table::open(path); }, unchecked, has_neighbor);
    fail_each(
        nothing, [&] { return Table::open(path, {.mode = OpenMode::copy_on_write}); }, unchecked, has_neighbor);
    fail_each(
        nothing, [&] { return Table::open(path, {.sealed_copy = true}); }, unchecked, has_neighbor);
    fail_each(
        nothing, [&] { return Table::open_all(path); }, unchecked, has_neighbor);
  }
}

TEST_CASE("a sidecar that is made, found, looked into, and made again") {
  for (const SmallFile& file : small_files()) {
    if (file.maps) continue;
    CAPTURE(file.name);
    const TemporaryFolder folder;
    const std::string path = put_into(folder, file);
    const std::string sidecar = path + ".rowan.safetensors";
    const auto open = [&] { return Table::open(path, {.sidecar = true}); };
    const std::set<std::string> alone = files_in(folder);
    fail_each([&] { fs::remove(sidecar); }, open,
              [&](std::string_view failed) {
                // One that is whole is kept, whatever fails once it is there.
                if (fs::exists(sidecar)) CHECK_MESSAGE(verify(sidecar).ok(), failed);
                fs::remove(sidecar);
                CHECK(files_in(folder) == alone);
              });

    REQUIRE(open().ok());
    const std::string whole = read_file(sidecar);
    const std::set<std::string> both = files_in(folder);
    const auto is_kept = [&](std::string_view) {
      CHECK(read_file(sidecar) == whole);
      CHECK(files_in(folder) == both);
    };
    fail_each(nothing, open, is_kept, !file.tokenizer.empty());
    fs::last_write_time(path, fs::last_write_time(path) + std::chrono::seconds(2));
    fail_each(nothing, open, is_kept, !file.tokenizer.empty());

    const std::string old = read_file(sidecar);
    const auto make_stale = [&] {
      write_file(sidecar, whole);
      write_file(path, file.bytes + (file.name == "words.txt" ? "woman 7 8\n" : ""));
      fs::last_write_time(path, fs::last_write_time(path) + std::chrono::seconds(4));
    };
    if (file.name != "words.txt") continue;  // of the others a longer file is no file
    fail_each(make_stale, open, [&](std::string_view) {
      CHECK(verify(sidecar).ok());
      CHECK(files_in(folder) == both);
    });
    CHECK(open()->rows() == 4);
  }
}

TEST_CASE("a sidecar of keys that is made and found: the file is opened or not, and nothing else is left") {
  for (const SmallFile& file : small_files()) {
    if (!file.maps) continue;
    CAPTURE(file.name);
    const TemporaryFolder folder;
    const std::string path = put_into(folder, file);
    const std::string sidecar = path + ".rowan.safetensors";
    const auto open = [&] { return Table::open(path, {.sidecar = true}); };
    const std::set<std::string> alone = files_in(folder);
    const auto look = [&] {
      if (fs::exists(sidecar)) CHECK(verify(sidecar).ok());
      std::set<std::string> files = files_in(folder);
      files.erase(fs::path(sidecar).filename());
      CHECK(files == alone);
    };
    const auto look_and_remove = [&] {
      look();
      fs::remove(sidecar);
    };
    fail_each(look_and_remove, open, unchecked, true);
    REQUIRE(open().ok());
    fail_each(look, open, unchecked, true);
  }
}

TEST_CASE("converting a file of each format") {
  for (const SmallFile& file : small_files()) {
    CAPTURE(file.name);
    const TemporaryFolder folder;
    const std::string path = put_into(folder, file);
    const std::string target = folder / "converted.safetensors";
    fail_each_writing(
        folder, target, [&](bool overwrite) { return convert(path, target, {.overwrite = overwrite}); },
        !file.tokenizer.empty());
  }
}

TEST_CASE("exporting to each format") {
  const TemporaryFolder folder;
  auto writer = TableWriter::create(folder / "t", {{.dim = 3, .dtype = DType::f16, .keys = KeyKind::bytes}});
  REQUIRE(writer.ok());
  const std::vector<float> values(6, 0.5F);
  const std::vector<std::string_view> keys = {"king", "queen"};
  REQUIRE(writer->append(0, values, keys).ok());
  REQUIRE(writer->publish().ok());
  const Table table = Table::open(folder / "t").value();
  for (const TargetFormat format :
       {TargetFormat::word2vec_text, TargetFormat::word2vec_binary, TargetFormat::npy, TargetFormat::safetensors}) {
    CAPTURE(to_string(format));
    const std::string target = folder / "exported";
    fail_each_writing(folder, target,
                      [&](bool overwrite) { return export_table(table, target, format, {.overwrite = overwrite}); });
  }
}

TEST_CASE("vectors of words from their parts") {
  const Engine engine({.threads = Threads::caller()});
  for (const bool quantized : {false, true}) {
    const TemporaryFolder folder;
    FastTextFile file;
    file.quantized = quantized;
    const std::string path = folder / "m";
    write_file(path, file.build().bytes);
    fail_each(
        nothing, [&] { return Subwords::open(path); }, unchecked);
    const Subwords model = Subwords::open(path).value();
    const std::vector<std::string_view> words = {"ab", "unknown", "</s>"};
    std::vector<float> expected(words.size() * model.dim());
    REQUIRE(model.vectors(engine, words, expected).ok());
    std::vector<float> out(expected.size());
    fail_each_allocation([&] { return model.vectors(engine, words, out); },
                         [&] { std::fill(out.begin(), out.end(), 0.0F); });
    CHECK(out == expected);
    std::vector<std::int64_t> rows;
    fail_each_allocation([&] { rows = {}; }, [&] { return model.rows_of("unknown", rows); }, [] {});
    CHECK(!rows.empty());
  }
}
