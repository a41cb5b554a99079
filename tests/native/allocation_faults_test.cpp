// Whichever allocation fails, opening, committing, saving and loading say so, and go on afterwards or refuse to.
#include <doctest/doctest.h>

#include <filesystem>
#include <iterator>
#include <string>

#include "tests/native/training.hpp"
#include "tests/support/allocation_faults.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
using test::fail_each_allocation;
namespace fs = std::filesystem;

TEST_CASE("writing in place") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "table";
  REQUIRE(create_table_file(path, {.rows = 100, .dim = 4}).ok());
  fail_each_allocation([&] { return Table::open(path, {.mode = OpenMode::read_write}); }, [] {});
  std::optional<Table> table;
  const auto open = [&] {
    table.reset();
    REQUIRE(recover(path).ok());
    table = *Table::open(path, {.mode = OpenMode::read_write});
    REQUIRE(table->mutable_view().ok());
  };
  open();
  fail_each_allocation([&] { return table->commit(); },
                       [&] {
                         CHECK(!table->mutable_view().ok());  // or stores through it would end the process
                         CHECK(inspect(path)->unfinished);
                         open();
                       });
  CHECK(verify(path).ok());
  open();
  table.reset();
  fail_each_allocation([&] { return recover(path); }, [&] { CHECK(inspect(path)->unfinished); });
  CHECK(verify(path).ok());
}

TEST_CASE("checkpoints") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "checkpoint";
  Table table = *Table::create({.rows = 10, .dim = 4});
  Optimizer optimizer = test::new_optimizer(table, Adam{});
  REQUIRE(save_checkpoint(path, table, optimizer).ok());
  test::train_step(Engine(), table, optimizer);
  fail_each_allocation([&] { return save_checkpoint(path, table, optimizer, {.overwrite = true}); },
                       [&] { REQUIRE(load_checkpoint(path)->optimizer.steps() == 0); });
  CHECK(load_checkpoint(path)->optimizer.steps() == 1);
  fail_each_allocation([&] { return load_checkpoint(path); }, [] {});
  fail_each_allocation([&] { return load_checkpoints(path); }, [] {});
}

TEST_CASE("files that are published") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "a name that takes an allocation";
  for (const bool replaces : {false, true}) {
    const auto prepare = [&] {
      fs::remove(path);
      if (replaces) test::write_file(path, "old");
    };
    fail_each_allocation(
        prepare, [&] { return create_table_file(path, {.rows = 10, .dim = 4}, {.overwrite = replaces}); },
        [&] {
          CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == (replaces ? 1 : 0));
          CHECK(test::read_file(path) == (replaces ? "old" : ""));
        });
    CHECK(verify(path).ok());
  }
}
