// Whichever system call fails while a file is written in place, it is whole or marked, and says so.
#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "rowan/table.hpp"
#include "tests/native/samples.hpp"
#include "tests/support/files.hpp"
#include "tests/support/system_faults.hpp"

using namespace rowan;

namespace {

/// Opens, writes row 1 and commits; the first failure of it.
Result<void> write_once(Table& table, float value) {
  const auto view = table.mutable_view();
  if (!view) return view.error();
  std::memcpy(view->mutable_data() + view->row_stride(), &value, sizeof value);
  return table.commit();
}

float written(const std::string& path) {
  float value = 0.0F;
  const auto table = Table::open(path);
  REQUIRE_MESSAGE(table.ok(), table.error().message);
  std::memcpy(&value, table->view().data() + table->row_stride(), sizeof value);
  return value;
}

}  // namespace

TEST_CASE("whichever system call fails, the file is whole or marked") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "t.safetensors";
  std::vector<std::string> calls;
  for (int call = 0;; ++call) {
    CAPTURE(call);
    REQUIRE(create_table_file(path, {.rows = 100, .dim = 4, .init = Init::zeros()}, {.overwrite = true}).ok());
    std::string failed;
    {
      auto table = Table::open(path, {.mode = OpenMode::read_write});
      REQUIRE(table.ok());
      test::SystemFaults faults;
      faults.fail_at = call;
      const auto done = write_once(*table, 42.0F);
      failed = faults.failed;
      CHECK(done.ok() == failed.empty());
      faults.restart(-1);
      if (!done.ok()) {
        CHECK(done.error().code == Code::io_error);
        // The disk may have lost what it did not write: there is no second try.
        CHECK(table->mutable_view().error().message == done.error().message);
        CHECK(table->commit().error().message == done.error().message);
        CHECK(faults.calls == 0);
        CHECK(table->view().rows() == 100);
        REQUIRE(save_tables(folder / "saved", {&*table, 1}, {.overwrite = true}).ok());
      }
    }
    CAPTURE(failed);
    if (failed.empty()) break;
    calls.push_back(failed);
    if (!inspect(path)->unfinished) {
      CHECK(verify(path).ok());
    } else {
      CHECK(Table::open(path).error().code == Code::unfinished_file);
      REQUIRE(recover(path).ok());
      CHECK(verify(path).ok());
    }
    CHECK((written(path) == 0.0F || written(path) == 42.0F));
  }
  CHECK(written(path) == 42.0F);
  // The order that a machine which loses power relies on: the mark is on the disk before stores are allowed, and
  // rows and checksums are before it goes.
  CHECK(calls == std::vector<std::string>{"fallocate", "pwrite", "fsync", "mprotect",  // mutable_view()
                                          "mprotect", "pwrite", "msync", "pwrite", "fsync"});
}

TEST_CASE("whichever system call of a recovery fails, it can be tried again") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "t.safetensors";
  REQUIRE(create_table_file(path, {.rows = 100, .dim = 4, .init = Init::zeros()}).ok());
  for (int call = 0;; ++call) {
    {
      auto table = Table::open(path, {.mode = OpenMode::read_write});
      REQUIRE(table.ok());
      REQUIRE(table->mutable_view().ok());
    }
    std::string failed;
    {
      test::SystemFaults faults;
      faults.fail_at = call;
      const bool ok = recover(path).ok();
      failed = faults.failed;
      CHECK(ok == (failed.empty() || failed == "close"));  // when everything is on the disk
    }
    CAPTURE(failed);
    REQUIRE(recover(path).ok());
    CHECK(verify(path).ok());
    if (failed.empty()) {
      CHECK(call == 6);
      break;
    }
  }
}

TEST_CASE("a full disk is told before anything is written") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "t.safetensors";
  REQUIRE(create_table_file(path, {.rows = 100, .dim = 4}).ok());
  const std::string before = test::read_file(path);
  {
    auto table = Table::open(path, {.mode = OpenMode::read_write});
    test::SystemFaults faults;
    faults.fail_at = 0;
    faults.error_number = ENOSPC;
    CHECK(table->mutable_view().error().code == Code::no_space);
    CHECK(faults.failed == "fallocate");
  }
  CHECK(test::read_file(path) == before);
  // Where the file system cannot reserve, it is tried without.
  auto table = Table::open(path, {.mode = OpenMode::read_write});
  test::SystemFaults faults;
  faults.fail_at = 0;
  faults.error_number = EOPNOTSUPP;
  CHECK(table->mutable_view().ok());
  faults.restart(-1);
  CHECK(table->commit().ok());
}
