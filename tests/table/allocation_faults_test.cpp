// Whichever allocation fails, opening, committing, saving and loading say so, and go on afterwards or refuse to.
#include <doctest/doctest.h>

#include <cstdlib>
#include <new>
#include <string>

#include "tests/support/files.hpp"
#include "tests/table/training.hpp"

using namespace rowan;

namespace {
int until_failure = -1;  // allocations to go; none fails if negative

void* allocate(std::size_t size) {
  if (until_failure == 0) throw std::bad_alloc();
  if (until_failure > 0) --until_failure;
  void* const memory = std::malloc(size > 0 ? size : 1);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

/// Runs a call with its first allocation failing, then with its second, and so on, until none does. Between two
/// runs, `check` is told the Error.
template <class Call, class Check>
void fail_each(const Call& call, const Check& check) {
  int failures = 0;
  for (int allocations = 0;; ++allocations) {
    until_failure = allocations;
    const auto result = call();
    const bool failed = until_failure == 0;
    until_failure = -1;
    if (result.ok()) {
      if (failed) continue;  // one that can be done without
      break;
    }
    CAPTURE(allocations);
    REQUIRE(failed);
    REQUIRE(result.error().code == Code::out_of_memory);
    check();
    ++failures;
  }
  CHECK(failures > 0);
}
}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return allocate(size);
  } catch (...) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

TEST_CASE("writing in place") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "table";
  REQUIRE(create_table_file(path, {.rows = 100, .dim = 4}).ok());
  fail_each([&] { return Table::open(path, {.mode = OpenMode::read_write}); }, [] {});
  std::optional<Table> table;
  const auto open = [&] {
    table.reset();
    REQUIRE(recover(path).ok());
    table = *Table::open(path, {.mode = OpenMode::read_write});
    REQUIRE(table->mutable_view().ok());
  };
  open();
  fail_each([&] { return table->commit(); },
            [&] {
              CHECK(!table->mutable_view().ok());  // or stores through it would end the process
              CHECK(inspect(path)->unfinished);
              open();
            });
  CHECK(verify(path).ok());
  open();
  table.reset();
  fail_each([&] { return recover(path); }, [&] { CHECK(inspect(path)->unfinished); });
  CHECK(verify(path).ok());
}

TEST_CASE("checkpoints") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "checkpoint";
  Table table = *Table::create({.rows = 10, .dim = 4});
  Optimizer optimizer = test::new_optimizer(table, Adam{});
  REQUIRE(save_checkpoint(path, table, optimizer).ok());
  test::train_step(Engine(), table, optimizer);
  fail_each([&] { return save_checkpoint(path, table, optimizer, {.overwrite = true}); },
            [&] { REQUIRE(load_checkpoint(path)->optimizer.steps() == 0); });
  CHECK(load_checkpoint(path)->optimizer.steps() == 1);
  fail_each([&] { return load_checkpoint(path); }, [] {});
  fail_each([&] { return load_checkpoints(path); }, [] {});
}
