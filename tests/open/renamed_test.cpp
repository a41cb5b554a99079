// A file that is replaced by rename while it is opened or converted: what comes of it is of the old one or of the new
// one, whichever call to the system the rename falls before, and never of both.
#include <doctest/doctest.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "rowan/file.hpp"
#include "rowan/import.hpp"
#include "rowan/subwords.hpp"
#include "rowan/table.hpp"
#include "tests/formats/small_files.hpp"
#include "tests/support/files.hpp"
#include "tests/support/system_faults.hpp"

using namespace rowan;
using namespace rowan::test;
namespace fs = std::filesystem;

namespace {

struct Pair {
  std::string name;
  std::string before;
  std::string after;
  bool opens = true;  ///< where its rows are
};

std::string native_file(float value) {
  const TemporaryFolder folder;
  const std::vector<float> values(6, value);
  auto writer = TableWriter::create(folder / "t", {{.dim = 3}});
  REQUIRE(writer->append(0, values).ok());
  REQUIRE(writer->publish().ok());
  return read_file(folder / "t");
}

std::string array_file(float first) {
  std::string values = floats(6);
  std::memcpy(values.data(), &first, sizeof first);
  return npy_of("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", values);
}

std::string fasttext_file(const std::string& word, bool quantized) {
  FastTextFile file;
  file.words = {"</s>", word, "na\xC3\xAFve"};
  file.quantized = quantized;
  return file.build().bytes;
}

/// Of the same sizes, so that a mix of both would be a file too.
std::vector<Pair> pairs() {
  const std::string lines = "king 1 2\nqueen 3 4\n";
  const std::string others = "lion 5 6\ntiger 7 8\n";
  const auto zipped = [](const std::string& text) {
    return zip_of({{.name = "words.txt", .content = text, .deflate = true}}).bytes;
  };
  return {
      {.name = "native", .before = native_file(1), .after = native_file(2)},
      {.name = "words.txt", .before = lines, .after = others, .opens = false},
      {.name = "words.vec", .before = "2 2\n" + lines, .after = "2 2\n" + others, .opens = false},
      {.name = "words.zip", .before = zipped(lines), .after = zipped(others), .opens = false},
      {.name = "array.npy", .before = array_file(1), .after = array_file(2)},
      {.name = "model.gguf", .before = small_gguf(0, 256), .after = small_gguf(0, 256, "tiger")},
      {.name = "blocks.gguf", .before = small_gguf(8, 68), .after = small_gguf(8, 68, "tiger"), .opens = false},
      {.name = "model.bin", .before = fasttext_file("ab", false), .after = fasttext_file("cd", false)},
      {.name = "model.ftz", .before = fasttext_file("ab", true), .after = fasttext_file("cd", true), .opens = false},
  };
}

/// All that a table says.
std::string content_of(const Table& table) {
  std::string content = table.name();
  for (std::uint64_t row = 0; row < table.rows(); ++row) {
    const auto* const bytes = reinterpret_cast<const char*>(table.view().data() + row * table.row_stride());
    content.append(bytes, table.view().row_bytes());
    content.append("|").append(table.vocabulary().key(row).value_or(std::string_view()));
  }
  return content;
}

/// Runs `call` with another file renamed over its own before each call to the system in turn, and `check` behind it.
template <class Prepare, class Call, class Check>
void rename_at_each_call(const Pair& pair, const Prepare& prepare, const Call& call, const Check& check) {
  bool renamed = true;
  for (int number = 0; renamed; ++number) {
    CAPTURE(number);
    const TemporaryFolder folder;
    const std::string path = folder / pair.name;
    const std::string next = folder / "next";
    write_file(path, pair.before);
    write_file(next, pair.after);
    fs::last_write_time(next, fs::last_write_time(path) + std::chrono::seconds(3));
    prepare(path);
    renamed = false;
    auto result = [&] {
      SystemFaults faults;
      faults.opening = true;
      faults.at_call = [&] {
        if (faults.calls != number) return;
        fs::rename(next, path);
        renamed = true;
      };
      return call(folder, path);
    }();
    check(folder, path, std::move(result));
  }
}

constexpr auto unprepared = [](const std::string&) {};

/// What a call gives for each of the two files, undisturbed.
struct Contents {
  std::string before;
  std::string after;

  bool has(const std::string& content) const { return content == before || content == after; }
};

template <class Call>
Contents contents(const Pair& pair, const Call& call) {
  const auto alone = [&](const std::string& bytes) {
    const TemporaryFolder folder;
    write_file(folder / pair.name, bytes);
    const auto result = call(folder, folder / pair.name);
    REQUIRE_MESSAGE(result.ok(), result.error().message);
    return *result;
  };
  return {alone(pair.before), alone(pair.after)};
}

Result<std::string> converted(const TemporaryFolder& folder, const std::string& path) {
  const std::string target = folder / "converted.safetensors";
  const auto report = convert(path, target);
  if (!report) return report.error();
  return read_file(target);
}

Result<std::string> opened(const std::string& path, const OpenOptions& options) {
  const auto table = Table::open(path, options);
  if (!table) return table.error();
  return content_of(*table);
}

}  // namespace

TEST_CASE("a conversion is of one file") {
  for (const Pair& pair : pairs()) {
    CAPTURE(pair.name);
    const Contents expected = contents(pair, converted);
    REQUIRE(expected.before != expected.after);
    bool seen_before = false;
    bool seen_after = false;
    rename_at_each_call(pair, unprepared, converted,
                        [&](const auto&, const std::string&, const Result<std::string>& result) {
                          REQUIRE_MESSAGE(result.ok(), result.error().message);
                          CHECK(expected.has(*result));
                          seen_before = seen_before || *result == expected.before;
                          seen_after = seen_after || *result == expected.after;
                        });
    CHECK(seen_before);
    CHECK(seen_after);
  }
}

TEST_CASE("an opened table is of one file, in each mode") {
  for (const Pair& pair : pairs()) {
    if (!pair.opens) continue;
    CAPTURE(pair.name);
    for (const OpenOptions& options :
         {OpenOptions{}, OpenOptions{.mode = OpenMode::copy_on_write}, OpenOptions{.sealed_copy = true}}) {
      const auto open = [&](const TemporaryFolder&, const std::string& path) { return opened(path, options); };
      const Contents expected = contents(pair, open);
      REQUIRE(expected.before != expected.after);
      rename_at_each_call(pair, unprepared, open,
                          [&](const auto&, const std::string&, const Result<std::string>& result) {
                            REQUIRE_MESSAGE(result.ok(), result.error().message);
                            CHECK(expected.has(*result));
                          });
    }
  }
}

TEST_CASE("a table with a sidecar is of one file, or the rename is told; the next opening is of the new one") {
  for (const Pair& pair : pairs()) {
    CAPTURE(pair.name);
    for (const OpenOptions& options :
         {OpenOptions{.sidecar = true}, OpenOptions{.sealed_copy = true, .sidecar = true}}) {
      const auto open = [&](const TemporaryFolder&, const std::string& path) { return opened(path, options); };
      const Contents expected = contents(pair, open);
      REQUIRE(expected.before != expected.after);
      for (const bool there : {false, true}) {  // the sidecar of the old file
        CAPTURE(there);
        const auto prepare = [&](const std::string& path) {
          if (there) REQUIRE(opened(path, options).ok());
        };
        int told = 0;
        rename_at_each_call(
            pair, prepare, open,
            [&](const TemporaryFolder& folder, const std::string& path, const Result<std::string>& result) {
              if (result.ok()) {
                CHECK(expected.has(*result));
              } else {
                CHECK(result.error().code == Code::io_error);
                CHECK(result.error().message.find("changed while it was") != std::string::npos);
                CHECK(!fs::exists(path + ".rowan.safetensors"));
                ++told;
              }
              const auto later = open(folder, path);
              REQUIRE_MESSAGE(later.ok(), later.error().message);
              if (!fs::exists(folder / "next")) CHECK(*later == expected.after);
            });
        CHECK((told > 0) == (!pair.opens && !there));
      }
    }
  }
}

TEST_CASE("what inspect() says is of one file") {
  for (const Pair& pair : pairs()) {
    CAPTURE(pair.name);
    rename_at_each_call(
        pair, unprepared, [](const TemporaryFolder&, const std::string& path) { return inspect(path); },
        [&](const auto&, const std::string&, const Result<FileInfo>& info) {
          REQUIRE_MESSAGE(info.ok(), info.error().message);
          CHECK((info->file_bytes == pair.before.size() || info->file_bytes == pair.after.size()));
        });
  }
}
