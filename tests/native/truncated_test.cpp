// Files that are truncated, overwritten or replaced while lookups run: through a sealed copy, and under a map whose
// file is replaced by rename, every row stays what it was.
#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "rowan/rowan.hpp"
#include "tests/formats/samples.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
using namespace rowan::test;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t rows = 20'000;
constexpr std::uint64_t dim = 64;
constexpr OpenOptions sealed_copy = {.sealed_copy = true};

std::vector<float> values_of(const Table& table) {
  std::vector<float> values(table.rows() * table.dim());
  std::memcpy(values.data(), table.view().data(), values.size() * sizeof(float));
  return values;
}

/// A native file, with keys, and one of another format.
std::vector<std::string> files_in(const TemporaryFolder& folder) {
  const Table table = *Table::create({.rows = rows, .dim = dim, .init = Init::normal(7)});
  const std::vector<float> values = values_of(table);
  std::vector<std::uint64_t> ids(rows);
  for (std::uint64_t row = 0; row < rows; ++row) ids[row] = 3 * row;
  auto writer = TableWriter::create(folder / "t.safetensors", {{.dim = dim, .keys = KeyKind::u64}});
  REQUIRE(writer.ok());
  REQUIRE(writer->append(0, values, ids).ok());
  REQUIRE(writer->publish().ok());
  write_file(folder / "t.npy", npy_of("{'descr': '<f4', 'fortran_order': False, 'shape': (20000, 64), }",
                                      detail::as_text(std::as_bytes(std::span(values)))));
  return {folder / "t.safetensors", folder / "t.npy"};
}

/// Threads that look rows of a table up and compare them with what they were, for as long as it lives.
class Readers {
 public:
  explicit Readers(const Table& table) : table_(table), expected_(values_of(table)) {
    for (std::uint64_t i = 0; i < threads_.size(); ++i) threads_[i] = std::thread([this, i] { read(i); });
  }
  ~Readers() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  /// Until every thread has begun, and ended, lookups from now on.
  void wait() const {
    for (const std::atomic<int>& rounds : rounds_) {
      const int enough = rounds + 3;
      while (rounds < enough) std::this_thread::yield();
    }
  }
  int differences() const { return differences_; }

 private:
  void read(std::uint64_t thread) {
    const Engine engine({.threads = Threads::caller()});
    std::vector<std::int64_t> indices(500);
    std::vector<float> out(indices.size() * dim);
    for (std::uint64_t step = thread; !stop_; step += 7) {
      for (std::uint64_t i = 0; i < indices.size(); ++i) {
        indices[i] = static_cast<std::int64_t>((i * 7919 + step * 104729) % rows);
      }
      if (!engine.embedding(table_, indices, out).ok()) ++differences_;
      for (std::uint64_t i = 0; i < indices.size(); ++i) {
        const auto row = static_cast<std::uint64_t>(indices[i]);
        if (std::memcmp(&out[i * dim], &expected_[row * dim], dim * sizeof(float)) != 0) ++differences_;
        if (table_.vocabulary().size() != 0 && table_.vocabulary().find(3 * row) != indices[i]) ++differences_;
      }
      ++rounds_[thread];
    }
  }

  Table table_;
  std::vector<float> expected_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> differences_ = 0;
  std::array<std::atomic<int>, 3> rounds_ = {};
  std::array<std::thread, 3> threads_;
};

/// Whether a child that does that ends by a signal, and which.
int signal_of(const std::function<void()>& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (const int number : {SIGBUS, SIGSEGV}) std::signal(number, SIG_DFL);  // nobody is to report it
    action();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

}  // namespace

TEST_CASE("a sealed copy keeps its rows, whatever is done to the file") {
  const TemporaryFolder folder;
  for (const std::string& path : files_in(folder)) {
    const std::string content = read_file(path);
    for (const OpenMode mode : {OpenMode::read_only, OpenMode::copy_on_write}) {
      CAPTURE(path);
      write_file(path, content);
      const auto table = Table::open(path, {.mode = mode, .sealed_copy = true});
      REQUIRE_MESSAGE(table.ok(), table.error().message);
      const Readers readers(*table);
      readers.wait();
      fs::resize_file(path, content.size() / 2);
      readers.wait();
      write_file(path, std::string(content.size(), '\x55'));  // in place
      readers.wait();
      fs::resize_file(path, 0);
      readers.wait();
      write_file(folder / "new", "new");
      fs::rename(folder / "new", path);
      readers.wait();
      fs::remove(path);
      readers.wait();
      CHECK(readers.differences() == 0);
    }
  }
}

TEST_CASE("a mapped file that is replaced by rename, or removed, keeps its rows") {
  const TemporaryFolder folder;
  for (const std::string& path : files_in(folder)) {
    CAPTURE(path);
    const auto table = Table::open(path);
    REQUIRE(table.ok());
    const Readers readers(*table);
    readers.wait();
    REQUIRE(create_table_file(path, {.rows = 1, .dim = 1}, {.overwrite = true}).ok());
    readers.wait();
    CHECK(Table::open(path)->rows() == 1);
    fs::remove(path);
    readers.wait();
    CHECK(readers.differences() == 0);
  }
}

TEST_CASE("truncation ends the process under a map, and not under a sealed copy") {
  const TemporaryFolder folder;
  for (const std::string& path : files_in(folder)) {
    CAPTURE(path);
    const auto mapped = Table::open(path);
    const auto copied = Table::open(path, sealed_copy);
    REQUIRE(mapped.ok());
    REQUIRE(copied.ok());
    fs::resize_file(path, 0);
    const std::vector<std::int64_t> indices = {0, rows - 1};
    std::vector<float> out(indices.size() * dim);
    const auto look_up = [&](const Table& table) { (void)Engine().embedding(table, indices, out); };
    CHECK(signal_of([&] { look_up(*mapped); }) == SIGBUS);
    CHECK(signal_of([&] { look_up(*copied); }) == 0);
  }
}
