// What may be written in each mode, who sees it, and what is left in the file.
#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "rowan/table.hpp"
#include "tests/native/samples.hpp"
#include "tests/support/files.hpp"

using namespace rowan;

namespace {

constexpr OpenOptions copy_on_write = {.mode = OpenMode::copy_on_write};
constexpr OpenOptions read_write = {.mode = OpenMode::read_write};

/// 5,200 rows of 100 f32 after another table: two blocks of checksums, begun in the middle of one, and keys in a third.
std::string two_tables(const test::TemporaryFolder& folder) {
  const std::string path = folder / "t.safetensors";
  auto writer = TableWriter::create(
      path, {{.name = "first", .dim = 7, .dtype = DType::f16}, {.name = "rows", .dim = 100, .keys = KeyKind::u64}},
      {.overwrite = true});
  REQUIRE(writer.ok());
  REQUIRE(writer->append(0, std::vector<float>(70, 1.5F)).ok());
  std::vector<std::uint64_t> ids(5'200);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = 1'000'000 + i;
  REQUIRE(writer->append(1, std::vector<float>(520'000, 0.5F), ids).ok());
  REQUIRE(writer->publish().ok());
  return path;
}

float& element(const MutableTableView& view, std::uint64_t row, std::uint64_t column) {
  return reinterpret_cast<float*>(view.mutable_data() + row * view.row_stride())[column];
}

float value(const Table& table, std::uint64_t row, std::uint64_t column) {
  float result = 0.0F;
  std::memcpy(&result, table.view().data() + row * table.row_stride() + column * sizeof result, sizeof result);
  return result;
}

void check_refused(const Error& error, Code code, std::string_view part) {
  CAPTURE(error.message);
  CHECK(error.code == code);
  CHECK(error.message.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("a table that is read-only says which modes would do") {
  const test::TemporaryFolder folder;
  auto table = Table::open(two_tables(folder), "rows");
  REQUIRE(table.ok());
  const auto view = table->mutable_view();
  REQUIRE(!view.ok());
  check_refused(view.error(), Code::invalid_argument, "OpenMode::copy_on_write");
  check_refused(view.error(), Code::invalid_argument, "OpenMode::read_write");
  check_refused(table->commit().error(), Code::invalid_argument, "only OpenMode::read_write");
  auto moved = *std::move(table);
  CHECK(!table->mutable_view().ok());
  CHECK(!table->commit().ok());
}

TEST_CASE("what is written copy-on-write is private, and the file stays as it is") {
  const test::TemporaryFolder folder;
  const std::string path = two_tables(folder);
  const std::string before = test::read_file(path);
  {
    auto table = Table::open(path, "rows", copy_on_write);
    REQUIRE_MESSAGE(table.ok(), table.error().message);
    Table copy = *table;
    const auto view = copy.mutable_view();
    REQUIRE(view.ok());
    element(*view, 7, 3) = 42.0F;
    element(*view, 5'199, 99) = -1.0F;
    CHECK(value(*table, 7, 3) == 42.0F);  // copies share
    const auto other = Table::open(path, "rows", copy_on_write);
    CHECK(value(*other, 7, 3) == 0.5F);  // and nobody else
    check_refused(table->commit().error(), Code::invalid_argument, "save_tables()");
    CHECK(table->vocabulary().find(std::uint64_t{1'000'007}) == 7);

    // Over the file that is mapped: replaced, and the mapping goes on.
    REQUIRE(save_tables(folder / "saved.safetensors", {&*table, 1}).ok());
    CHECK(test::read_file(path) == before);
    REQUIRE(save_tables(path, {&*table, 1}, {.overwrite = true}).ok());
    CHECK(value(*table, 7, 3) == 42.0F);
    CHECK(value(*other, 7, 3) == 0.5F);
    element(*view, 7, 3) = 43.0F;
  }
  CHECK(test::read_file(path) == test::read_file(folder / "saved.safetensors"));
  const auto saved = Table::open(path);
  REQUIRE(saved.ok());
  CHECK(value(*saved, 7, 3) == 42.0F);
  CHECK(value(*saved, 5'199, 99) == -1.0F);
  CHECK(saved->vocabulary().find(std::uint64_t{1'005'199}) == 5'199);
  CHECK(verify(path).ok());
}

TEST_CASE("a read-only file is opened copy-on-write, and not read-write") {
  if (::geteuid() == 0) return;  // whom nothing is forbidden
  const test::TemporaryFolder folder;
  const std::string path = two_tables(folder);
  REQUIRE(::chmod(path.c_str(), 0400) == 0);
  auto table = Table::open(path, "rows", copy_on_write);
  REQUIRE(table.ok());
  CHECK(table->mutable_view().ok());
  check_refused(Table::open(path, "rows", read_write).error(), Code::io_error, "for writing");
}

TEST_CASE("a file that is opened read-write and not written to keeps its bytes") {
  const test::TemporaryFolder folder;
  const std::string path = two_tables(folder);
  const std::string before = test::read_file(path);
  {
    auto tables = Table::open_all(path, read_write);
    REQUIRE(tables.ok());
    CHECK(tables->at(1).commit().ok());
    CHECK(Table::open(path, "rows").ok());
  }
  CHECK(test::read_file(path) == before);
}

TEST_CASE("what is written read-write is in the file, marked until it is committed") {
  const test::TemporaryFolder folder;
  const std::string path = two_tables(folder);
  const std::string before = test::read_file(path);
  const auto reader = Table::open(path, "rows");
  {
    auto tables = Table::open_all(path, read_write);
    REQUIRE_MESSAGE(tables.ok(), tables.error().message);
    Table& rows = tables->at(1);
    auto view = rows.mutable_view();
    REQUIRE_MESSAGE(view.ok(), view.error().message);
    element(*view, 5'199, 99) = 42.0F;
    check_refused(Table::open(path, "rows").error(), Code::unfinished_file, "is being written in place");
    check_refused(verify(path).error(), Code::unfinished_file, "is being written in place");
    check_refused(recover(path).error(), Code::file_in_use, "open for writing already");
    CHECK(inspect(path)->unfinished);
    CHECK(value(*reader, 5'199, 99) == 42.0F);

    REQUIRE(tables->at(0).commit().ok());  // for all tables of the mapping
    CHECK(!inspect(path)->unfinished);
    CHECK(verify(path).ok());
    CHECK(value(*Table::open(path, "rows"), 5'199, 99) == 42.0F);

    // And once more, from the view that is asked for anew.
    view = rows.mutable_view();
    REQUIRE(view.ok());
    element(*view, 0, 0) = 0.25F;
    CHECK(inspect(path)->unfinished);
    REQUIRE(rows.commit().ok());
  }
  CHECK(verify(path).ok());
  const std::string after = test::read_file(path);
  REQUIRE(after.size() == before.size());
  const auto info = inspect(path);
  std::size_t changed = 0;
  for (std::size_t i = 0; i < info->tensors.back().offset; ++i) changed += after[i] != before[i] ? 1 : 0;
  CHECK(changed > 0);
  CHECK(changed <= 8);  // the two floats
}

TEST_CASE("a store behind commit() ends the process, and the file stays whole") {
  const test::TemporaryFolder folder;
  const std::string path = two_tables(folder);
  auto table = Table::open(path, "rows", read_write);
  const auto view = table->mutable_view();
  element(*view, 0, 0) = 42.0F;
  REQUIRE(table->commit().ok());
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);  // nobody is to report it
    element(*view, 0, 0) = 43.0F;
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(value(*table, 0, 0) == 42.0F);
  CHECK(verify(path).ok());
}

TEST_CASE("a file has one writer at a time") {
  const test::TemporaryFolder folder;
  const std::string path = two_tables(folder);
  {
    const auto first = Table::open(path, "rows", read_write);
    REQUIRE(first.ok());
    check_refused(Table::open(path, "first", read_write).error(), Code::file_in_use, "one writer at a time");
    CHECK(Table::open(path, "first").ok());
    CHECK(Table::open(path, "first", copy_on_write).ok());
  }
  CHECK(Table::open(path, "first", read_write).ok());
}

TEST_CASE("a file that was left unfinished is refused until it is recovered") {
  const test::TemporaryFolder folder;
  const std::string path = two_tables(folder);
  {
    auto table = Table::open(path, "rows", read_write);
    element(*table->mutable_view(), 1'500, 50) = 42.0F;
  }
  const std::string unfinished = test::read_file(path);
  for (const OpenMode mode : {OpenMode::read_only, OpenMode::copy_on_write, OpenMode::read_write}) {
    check_refused(Table::open(path, "rows", {.mode = mode}).error(), Code::unfinished_file, "rowan recover " + path);
    CHECK(!Table::open_all(path, {.mode = mode}).ok());
  }
  check_refused(verify(path).error(), Code::unfinished_file, "new, old, or a mix of both");
  CHECK(inspect(path)->unfinished);
  CHECK(test::read_file(path) == unfinished);

  const auto report = recover(path);
  REQUIRE_MESSAGE(report.ok(), report.error().message);
  CHECK(report->unfinished);
  CHECK(report->blocks == 2);  // the second table's, and the first's in one of them; not that of the keys
  CHECK(report->changed == 1);
  CHECK(verify(path).ok());
  CHECK(value(*Table::open(path, "rows"), 1'500, 50) == 42.0F);
  const auto again = recover(path);
  REQUIRE(again.ok());
  CHECK(!again->unfinished);
}

TEST_CASE("recovery does not hide damage to keys") {
  const test::TemporaryFolder folder;
  const std::string path = two_tables(folder);
  const auto info = inspect(path);
  {
    auto table = Table::open(path, "rows", read_write);
    REQUIRE(table->mutable_view().ok());
  }
  std::string file = test::read_file(path);
  REQUIRE(info->tensors[info->tensors.size() - 2].name == "rows.keys.index");
  const TensorInfo& index = info->tensors[info->tensors.size() - 2];
  file[index.offset + index.bytes - 1] ^= 1;
  test::write_file(path, file);
  REQUIRE(recover(path).ok());
  CHECK(verify(path).error().code == Code::checksum_mismatch);
}

TEST_CASE("only the mark itself is taken for one") {
  const test::TemporaryFolder folder;
  const std::string path = two_tables(folder);
  const std::string whole = test::read_file(path);
  const std::size_t at = inspect(path)->tensors.back().offset;
  for (int bit = 0; bit < 64; ++bit) {
    for (const bool turned : {false, true}) {
      std::string file = whole;
      for (std::size_t i = 0; i < 8 && turned; ++i) file[at + i] = static_cast<char>(~file[at + i]);
      file[at + bit / 8] = static_cast<char>(file[at + bit / 8] ^ (1 << bit % 8));
      test::write_file(path, file);
      CHECK(Table::open(path, "rows").error().code == Code::checksum_mismatch);
      CHECK(recover(path).error().code == Code::checksum_mismatch);
    }
  }
}

TEST_CASE("a file that was replaced while it was written is no place to commit to") {
  const test::TemporaryFolder folder;
  const std::string path = two_tables(folder);
  auto table = Table::open(path, "rows", read_write);
  element(*table->mutable_view(), 5, 5) = 42.0F;
  REQUIRE(save_tables(path, {&*table, 1}, {.overwrite = true}).ok());
  check_refused(table->commit().error(), Code::not_found, "was replaced or removed");
  check_refused(table->mutable_view().error(), Code::not_found, "was replaced or removed");
  CHECK(value(*table, 5, 5) == 42.0F);
  CHECK(verify(path).ok());
  CHECK(value(*Table::open(path), 5, 5) == 42.0F);
}

TEST_CASE("the golden files can be written in place too") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "golden";
  for (const char* name : {"/native-1.0.safetensors", "/native-1.1.safetensors"}) {
    test::write_file(path, test::read_file(std::string(ROWAN_GOLDEN_FOLDER) + name));
    const std::string before = test::read_file(path);
    {
      auto tables = Table::open_all(path, read_write);
      REQUIRE(tables.ok());
      REQUIRE(tables->back().mutable_view().ok());
      CHECK(inspect(path)->unfinished);
      REQUIRE(tables->back().commit().ok());
    }
    CHECK(test::read_file(path) == before);
  }
}
