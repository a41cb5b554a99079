// Processes that are killed at random moments leave files that are the old or the new, or say that they are unfinished.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "tests/native/training.hpp"
#include "tests/support/effort.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
namespace fs = std::filesystem;

namespace {

/// Whether what is likely in one run of many is to be expected at all.
bool many(int kills) { return kills >= 100; }

/// In memory: what a process has written there outlives it as on a disk, and a sync costs nothing.
fs::path fast_folder() { return fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path(); }

void ensure(bool good) {
  if (!good) ::_exit(1);  // which the parent takes for what it is: not the signal
}

/// Runs `work` over and over in children, each of which is killed within three times what `work` takes.
class Killer {
 public:
  explicit Killer(std::function<void()> work) : work_(std::move(work)) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 5; ++i) work_();
    const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - begin;
    longest_ = static_cast<useconds_t>(3.0 * taken.count() / 5.0) + 500;  // and the start of a process
  }

  void kill_one() {
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        for (;;) work_();
      } catch (...) {  // a check of the suite that failed: not the child's to report
        ensure(false);
      }
    }
    REQUIRE(child > 0);
    ::usleep(static_cast<useconds_t>(random_() % longest_));
    REQUIRE(::kill(child, SIGKILL) == 0);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    REQUIRE(WTERMSIG(status) == SIGKILL);
  }

 private:
  std::function<void()> work_;
  useconds_t longest_ = 0;
  std::mt19937 random_{1};
};

/// Removes hidden files, which a process that is killed while it replaces a file may leave; how many there were.
int remove_leftovers(const test::TemporaryFolder& folder) {
  int removed = 0;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    if (!entry.path().filename().string().starts_with('.')) continue;
    fs::remove(entry.path());
    ++removed;
  }
  return removed;
}

// A table all of whose elements are the number of its version.

constexpr OpenOptions copy_on_write = {.mode = OpenMode::copy_on_write};
constexpr OpenOptions read_write = {.mode = OpenMode::read_write};

const float* row(const Table& table, std::uint64_t r) {
  return reinterpret_cast<const float*>(table.view().data() + r * table.row_stride());
}

void write_version(Table& table, float version) {
  const auto view = table.mutable_view();
  ensure(view.ok());
  for (std::uint64_t r = 0; r < table.rows(); ++r) {
    std::fill_n(reinterpret_cast<float*>(view->mutable_data() + r * view->row_stride()), table.dim(), version);
  }
}

/// The versions of a table that was written from its first element to its last: that of the first, and how often it
/// is followed by another.
struct Versions {
  float first = 0.0F;
  int changes = 0;
  float last = 0.0F;
};

Versions versions_of(const Table& table) {
  Versions found = {row(table, 0)[0], 0, row(table, 0)[0]};
  for (std::uint64_t r = 0; r < table.rows(); ++r) {
    for (std::uint64_t c = 0; c < table.dim(); ++c) {
      found.changes += row(table, r)[c] != found.last ? 1 : 0;
      found.last = row(table, r)[c];
    }
  }
  return found;
}

std::string keyed_table(const test::TemporaryFolder& folder, std::uint64_t rows, std::uint64_t dim) {
  const std::string path = folder / "table";
  auto writer = TableWriter::create(path, {{.dim = dim, .keys = KeyKind::u64}});
  REQUIRE(writer.ok());
  std::vector<std::uint64_t> ids(rows);
  for (std::uint64_t r = 0; r < rows; ++r) ids[r] = 1000 + r;
  REQUIRE(writer->append(0, std::vector<float>(rows * dim), ids).ok());
  REQUIRE(writer->publish().ok());
  return path;
}

}  // namespace

TEST_CASE("training copy-on-write that publishes: the old file or the new one") {
  const test::TemporaryFolder folder(fast_folder());
  const std::string path = keyed_table(folder, 300, 32);
  Killer killer([&] {
    auto table = Table::open(path, copy_on_write);
    ensure(table.ok());
    write_version(*table, row(*table, 0)[0] + 1.0F);
    ensure(save_tables(path, {&*table, 1}, {.overwrite = true}).ok());
  });
  const int kills = test::cases(300);
  float version = 0.0F;
  int advanced = 0;
  int leftovers = 0;
  for (int i = 0; i < kills; ++i) {
    killer.kill_one();
    leftovers += remove_leftovers(folder);
    const auto table = Table::open(path);
    REQUIRE_MESSAGE(table.ok(), table.error().message);
    REQUIRE(verify(path).ok());
    const Versions found = versions_of(*table);
    REQUIRE(found.changes == 0);
    REQUIRE(found.first >= version);
    advanced += found.first > version ? 1 : 0;
    version = found.first;
    REQUIRE(table->vocabulary().find(std::uint64_t{1299}) == 299);
  }
  MESSAGE(kills, " kills; ", advanced, " children published, ", version, " times in all; ", leftovers, " leftovers");
  CHECK((advanced > 0 || !many(kills)));
}

TEST_CASE("new files: whole or absent") {
  const test::TemporaryFolder folder(fast_folder());
  const Table table = *Table::create({.rows = 100, .dim = 16, .init = Init::normal(1)});
  Killer killer([&, number = 0]() mutable {
    ++number;
    ensure(save_tables(folder / std::to_string(number), {&table, 1}, {.overwrite = number % 2 == 0}).ok());
  });
  const int kills = test::cases(100);
  int files = 0;
  for (int i = 0; i < kills; ++i) {
    for (const auto& entry : fs::directory_iterator(folder.path())) fs::remove(entry.path());
    killer.kill_one();
    remove_leftovers(folder);
    for (const auto& entry : fs::directory_iterator(folder.path())) {
      const auto report = verify(entry.path().string());
      REQUIRE_MESSAGE(report.ok(), report.error().message);
      ++files;
    }
  }
  MESSAGE(kills, " kills; ", files, " files, all whole");
  CHECK((files > 0 || !many(kills)));
}

TEST_CASE("checkpoints: training goes on from the last one with the same bits") {
  const Engine engine;
  const Algorithm algorithms[] = {Adam{.lr = 0.01F}, RowWiseAdagrad{.lr = 0.1F}, Sgd{.lr = 0.1F, .momentum = 0.9F}};
  const DType dtypes[] = {DType::bf16, DType::f32, DType::f16};
  for (std::size_t which = 0; which < 3; ++which) {
    CAPTURE(which);
    const test::TemporaryFolder folder(fast_folder());
    const std::string path = folder / "checkpoint";
    // The run that is never interrupted, and what it was after each step.
    Table table =
        *Table::create({.rows = 60, .dim = 24, .dtype = dtypes[which], .init = Init::uniform(-1.0F, 1.0F, 5)});
    Optimizer optimizer =
        test::new_optimizer(table, algorithms[which], {.rounding = Rounding::stochastic, .seed = which});
    std::vector<std::string> contents = {test::content_of(table, optimizer)};
    REQUIRE(save_checkpoint(path, table, optimizer).ok());

    Killer killer([&] {
      auto loaded = load_checkpoint(path);
      ensure(loaded.ok());
      test::train_step(engine, loaded->table, loaded->optimizer);
      ensure(save_checkpoint(path, loaded->table, loaded->optimizer, {.overwrite = true}).ok());
    });
    const int kills = test::cases(100);
    std::uint64_t steps = 0;
    for (int i = 0; i < kills; ++i) {
      killer.kill_one();
      remove_leftovers(folder);
      REQUIRE(verify(path).ok());
      const auto loaded = load_checkpoint(path);
      REQUIRE_MESSAGE(loaded.ok(), loaded.error().message);
      REQUIRE(loaded->optimizer.steps() >= steps);
      steps = loaded->optimizer.steps();
      while (contents.size() <= steps) {
        test::train_step(engine, table, optimizer);
        contents.push_back(test::content_of(table, optimizer));
      }
      REQUIRE(test::content_of(loaded->table, loaded->optimizer) == contents[steps]);
    }
    MESSAGE(kills, " kills; ", steps, " steps survived");
    CHECK((steps > 5 || !many(kills)));  // which are the parent's own

    auto resumed = load_checkpoint(path);
    const std::uint64_t end = optimizer.steps() + 10;
    while (resumed->optimizer.steps() < end) test::train_step(engine, resumed->table, resumed->optimizer);
    while (optimizer.steps() < end) test::train_step(engine, table, optimizer);
    REQUIRE(save_checkpoint(folder / "resumed", resumed->table, resumed->optimizer).ok());
    REQUIRE(save_checkpoint(folder / "uninterrupted", table, optimizer).ok());
    CHECK(test::read_file(folder / "resumed") == test::read_file(folder / "uninterrupted"));
  }
}

TEST_CASE("training in place: whole, or marked, refused and recoverable") {
  const test::TemporaryFolder folder(fast_folder());
  const std::string path = keyed_table(folder, 5'000, 64);  // 1.3 MB: more than a block of checksums
  Killer killer([&] {
    auto table = Table::open(path, read_write);
    ensure(table.ok());
    for (int i = 0; i < 3; ++i) {
      write_version(*table, row(*table, 0)[0] + 1.0F);
      ensure(table->commit().ok());
    }
  });
  const int kills = test::cases(300);
  float version = 0.0F;
  int unfinished = 0;
  int mixed = 0;
  for (int i = 0; i < kills; ++i) {
    killer.kill_one();
    if (auto table = Table::open(path); table.ok()) {
      REQUIRE(versions_of(*table).changes == 0);  // no store without the mark
    } else {
      REQUIRE_MESSAGE(table.error().code == Code::unfinished_file, table.error().message);
      REQUIRE(table.error().message.find("when its writer ended") != std::string::npos);
      REQUIRE(verify(path).error().code == Code::unfinished_file);
      REQUIRE(recover(path).ok());
      ++unfinished;
    }
    REQUIRE(verify(path).ok());
    const auto table = Table::open(path);
    REQUIRE_MESSAGE(table.ok(), table.error().message);
    const Versions found = versions_of(*table);
    REQUIRE(found.first >= version);
    REQUIRE((found.changes == 0 || (found.changes == 1 && found.last == found.first - 1.0F)));
    REQUIRE(table->vocabulary().find(std::uint64_t{5'999}) == 4'999);
    version = found.first;
    if (found.changes == 0) continue;
    ++mixed;
    auto repaired = Table::open(path, read_write);
    REQUIRE(repaired.ok());
    write_version(*repaired, version);
    REQUIRE(repaired->commit().ok());
  }
  MESSAGE(kills, " kills; ", unfinished, " unfinished, ", mixed, " of them with rows of two versions; ", version,
          " versions");
  CHECK((unfinished > 0 || !many(kills)));
}
