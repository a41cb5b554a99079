// Files that cannot be mapped, opened through the native file that is kept beside them.
#include <doctest/doctest.h>

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "rowan/file.hpp"
#include "rowan/table.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr OpenOptions with_sidecar{.sidecar = true};

float first_value(const Table& table) { return *reinterpret_cast<const float*>(table.view().data()); }

/// The file that a path leads to: another after each conversion.
std::uint64_t identity(const std::string& path) {
  struct stat status = {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_ino;
}

void touch(const std::string& path) {
  const auto now = std::filesystem::last_write_time(path);
  std::filesystem::last_write_time(path, now + std::chrono::seconds(2));
}

}  // namespace

TEST_CASE("a text is converted at the first opening, and not again") {
  const TemporaryFolder folder;
  const std::string path = folder / "words.txt";
  const std::string sidecar = path + ".rowan.safetensors";
  write_file(path, "king 1 2\nqueen 3 4\n");
  CHECK(Table::open(path).error().code == Code::needs_conversion);
  CHECK(!std::filesystem::exists(sidecar));

  const auto table = Table::open(path, with_sidecar);
  REQUIRE_MESSAGE(table.ok(), table.error().message);
  CHECK(table->rows() == 2);
  CHECK(table->vocabulary().find("queen") == 1);
  CHECK(first_value(*table) == 1.0F);
  const std::uint64_t made = identity(sidecar);
  CHECK(Table::open(path, with_sidecar).ok());
  CHECK(identity(sidecar) == made);
  CHECK(inspect(sidecar)->format_version == "1.0");
}

TEST_CASE("a new time alone makes no new sidecar; new content does, and what is open stays as it was") {
  const TemporaryFolder folder;
  const std::string path = folder / "words.txt";
  const std::string sidecar = path + ".rowan.safetensors";
  write_file(path, "king 1 2\n");
  const auto before = Table::open(path, with_sidecar);
  REQUIRE(before.ok());
  const std::uint64_t made = identity(sidecar);
  touch(path);
  CHECK(Table::open(path, with_sidecar).ok());
  CHECK(identity(sidecar) == made);

  write_file(path, "king 5 2\n");  // of the same size
  touch(path);
  const auto after = Table::open(path, with_sidecar);
  REQUIRE(after.ok());
  CHECK(first_value(*after) == 5.0F);
  CHECK(first_value(*before) == 1.0F);
  write_file(path, "king 7 2\nqueen 8 9\n");
  CHECK(first_value(*Table::open(path, with_sidecar)) == 7.0F);
}

TEST_CASE("what is in the way of a sidecar is left alone") {
  const TemporaryFolder folder;
  const std::string path = folder / "words.txt";
  const std::string sidecar = path + ".rowan.safetensors";
  write_file(path, "king 1 2\n");
  write_file(sidecar, "somebody's");
  CHECK(Table::open(path, with_sidecar).error().code == Code::already_exists);
  CHECK(read_file(sidecar) == "somebody's");
  std::filesystem::remove(sidecar);
  REQUIRE(create_table_file(sidecar, {.rows = 1, .dim = 2}).ok());
  CHECK(Table::open(path, with_sidecar).error().code == Code::already_exists);
}

TEST_CASE("a sidecar is not asked for where the file maps, nor to write in place") {
  const TemporaryFolder folder;
  const std::string native = folder / "table.safetensors";
  REQUIRE(create_table_file(native, {.rows = 1, .dim = 2}).ok());
  CHECK(Table::open(native, with_sidecar).ok());
  CHECK(!std::filesystem::exists(native + ".rowan.safetensors"));
  const std::string path = folder / "words.txt";
  write_file(path, "king 1 2\n");
  CHECK(Table::open(path, {.mode = OpenMode::read_write, .sidecar = true}).error().code == Code::needs_conversion);
  auto private_copy = Table::open(path, {.mode = OpenMode::copy_on_write, .sidecar = true});
  REQUIRE(private_copy.ok());
  CHECK(private_copy->mutable_view().ok());
}

TEST_CASE("errors of the conversion are those of the opening, and leave nothing") {
  const TemporaryFolder folder;
  const std::string path = folder / "words.txt";
  write_file(path, "king 1 2\nqueen 3 4\nman 5 x\nwoman 7 8\n");
  const Error error = Table::open(path, with_sidecar).error();
  CHECK(error.code == Code::malformed_file);
  CHECK(error.message.find("line 3") != std::string::npos);
  CHECK(!std::filesystem::exists(path + ".rowan.safetensors"));
}

TEST_CASE("a sidecar that cannot be read is not said to be in the way") {
  const TemporaryFolder folder;
  const std::string path = folder / "words.txt";
  write_file(path, "king 1 2\n");
  std::filesystem::create_symlink("words.txt.rowan.safetensors", path + ".rowan.safetensors");  // to itself
  const Error error = Table::open(path, with_sidecar).error();
  CHECK(error.code == Code::io_error);
  CHECK(error.message.find("remove") == std::string::npos);
}
