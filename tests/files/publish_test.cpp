// A file appears whole or not at all, whichever system call fails, and nothing else is left in its folder.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <set>

#include "rowan/table.hpp"
#include "tests/native/samples.hpp"
#include "tests/native/training.hpp"
#include "tests/support/effort.hpp"
#include "tests/support/files.hpp"
#include "tests/support/system_faults.hpp"

using namespace rowan;
namespace fs = std::filesystem;

namespace {

std::set<std::string> files_in(const test::TemporaryFolder& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.path())) names.insert(entry.path().filename().string());
  return names;
}

/// Rows with keys, a tenth of them duplicates, in two tables: every path through the writer.
Result<WriteReport> write_all_paths(const std::string& path, bool overwrite) {
  auto writer = TableWriter::create(
      path, {{.name = "a", .dim = 50, .keys = KeyKind::bytes}, {.name = "b", .dim = 3, .keys = KeyKind::u64}},
      {.overwrite = overwrite});
  if (!writer) return writer.error();
  constexpr std::size_t rows = 10'000;
  const std::vector<float> values(rows * 50, 0.5F);
  std::vector<std::string> text;
  std::vector<std::uint64_t> ids;
  for (std::size_t row = 0; row < rows; ++row) {
    text.push_back("a rather long key, number " + std::to_string(row % 9'000));
    ids.push_back(row % 9'000);
  }
  const std::vector<std::string_view> keys(text.begin(), text.end());
  if (const auto good = writer->append(0, values, keys); !good) return good.error();
  if (const auto good = writer->append(1, std::span(values).first(rows * 3), ids); !good) return good.error();
  return writer->publish();
}

}  // namespace

TEST_CASE("an existing file is kept unless overwriting is asked for") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "t.safetensors";
  test::write_file(path, "old");
  const auto refused = test::write_golden(path);
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == Code::already_exists);
  CHECK(refused.error().message.find("exists; pass overwrite") != std::string::npos);
  CHECK(test::read_file(path) == "old");
  CHECK(files_in(folder) == std::set<std::string>{"t.safetensors"});
  REQUIRE(write_all_paths(path, true).ok());
  CHECK(verify(path).ok());
  CHECK(files_in(folder) == std::set<std::string>{"t.safetensors"});
}

TEST_CASE("a file that appears while another is written is kept") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "t.safetensors";
  auto writer = TableWriter::create(path, {{.dim = 2}});
  REQUIRE(writer.ok());
  test::write_file(path, "first");
  const auto published = writer->publish();
  REQUIRE(!published.ok());
  CHECK(published.error().code == Code::already_exists);
  CHECK(test::read_file(path) == "first");
  CHECK(files_in(folder) == std::set<std::string>{"t.safetensors"});
}

TEST_CASE("a writer that is destroyed leaves nothing") {
  const test::TemporaryFolder folder;
  for (const bool nameless : {true, false}) {
    test::SystemFaults faults;
    faults.no_nameless_files = !nameless;
    auto writer = TableWriter::create(folder / "t.safetensors", {{.dim = 2, .keys = KeyKind::u64}});
    REQUIRE(writer.ok());
    const std::vector<float> values = {1, 2};
    const std::vector<std::uint64_t> ids = {7};
    REQUIRE(writer->append(0, values, ids).ok());
    CHECK(files_in(folder).size() == (nameless ? 0 : 1));
    auto moved = *std::move(writer);
  }
  CHECK(files_in(folder).empty());
}

TEST_CASE("whichever system call fails, the old file stays and nothing is left behind") {
  for (const bool overwrite : {false, true}) {
    for (const bool nameless : {true, false}) {
      CAPTURE(overwrite);
      CAPTURE(nameless);
      const test::TemporaryFolder folder;
      const std::string path = folder / "t.safetensors";
      int failures = 0;
      for (int call = 0;; call += test::failure_step()) {
        CAPTURE(call);
        if (overwrite) test::write_file(path, "old");
        std::string failed;
        bool ok = false;
        {
          test::SystemFaults faults;
          faults.no_nameless_files = !nameless;
          faults.fail_at = call;
          const auto report = write_all_paths(path, overwrite);
          ok = report.ok();
          failed = faults.failed;
          if (!ok) {
            CAPTURE(report.error().message);
            CHECK(report.error().code == Code::io_error);
          }
        }
        CAPTURE(failed);
        if (failed.empty()) {
          CHECK(ok);
          CHECK(verify(path).ok());
          break;
        }
        CHECK(!ok);
        ++failures;
        if (overwrite) {
          CHECK(files_in(folder) == std::set<std::string>{"t.safetensors"});
          // The sync of the folder comes after the replacement: then the new file is in place, whole.
          if (failed != "fsync of a folder") CHECK(test::read_file(path) == "old");
        } else {
          CHECK(files_in(folder).empty());
        }
      }
      CHECK(failures * test::failure_step() > 20);  // the calls were counted at all
    }
  }
}

TEST_CASE("whichever system call fails, a checkpoint is the old one or the new one, over the mapped file too") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "t.safetensors";
  const Engine engine;
  int failures = 0;
  for (int call = 0;; ++call) {
    CAPTURE(call);
    fs::remove(path);
    Table first = *Table::create({.rows = 10, .dim = 4});
    REQUIRE(save_checkpoint(path, first, test::new_optimizer(first, Adam{})).ok());
    const std::string old = test::read_file(path);
    auto loaded = load_checkpoint(path);
    REQUIRE(loaded.ok());
    test::train_step(engine, loaded->table, loaded->optimizer);
    test::SystemFaults faults;
    faults.fail_at = call;
    const bool ok = save_checkpoint(path, loaded->table, loaded->optimizer, {.overwrite = true}).ok();
    const std::string failed = faults.failed;
    faults.restart(-1);
    CAPTURE(failed);
    CHECK(ok == failed.empty());
    CHECK(files_in(folder) == std::set<std::string>{"t.safetensors"});
    const bool replaced = ok || failed == "fsync of a folder";
    CHECK((test::read_file(path) == old) == !replaced);
    CHECK(load_checkpoint(path)->optimizer.steps() == (replaced ? 1 : 0));
    // And the next attempt goes on as if nothing had been.
    REQUIRE(save_checkpoint(path, loaded->table, loaded->optimizer, {.overwrite = true}).ok());
    CHECK(load_checkpoint(path)->optimizer.steps() == 1);
    if (failed.empty()) break;
    ++failures;
  }
  CHECK(failures > 5);
}

TEST_CASE("a file system without a conditional rename is served by links") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "t.safetensors";
  test::SystemFaults faults;
  faults.no_nameless_files = true;
  faults.no_conditional_rename = true;
  REQUIRE(test::write_golden(path).ok());
  CHECK(files_in(folder) == std::set<std::string>{"t.safetensors"});
  CHECK(test::write_golden(path).error().code == Code::already_exists);
  CHECK(verify(path).ok());
}

TEST_CASE("short writes are continued") {
  const test::TemporaryFolder folder;
  test::SystemFaults faults;
  faults.short_writes = true;
  REQUIRE(write_all_paths(folder / "t.safetensors", false).ok());
  CHECK(verify(folder / "t.safetensors").ok());
}

TEST_CASE("a limit on the size of files, like a full disk, is an error wherever it strikes") {
  const test::TemporaryFolder folder;
  struct sigaction ignore = {};
  struct sigaction before = {};
  ignore.sa_handler = SIG_IGN;
  REQUIRE(::sigaction(SIGXFSZ, &ignore, &before) == 0);
  rlimit unlimited = {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &unlimited) == 0);
  for (const rlim_t bytes : {0U, 100U, 4096U, 100'000U, 200'000U, 400'000U, 1'100'000U, 2'000'000U, 2'400'000U}) {
    CAPTURE(bytes);
    const rlimit limit = {.rlim_cur = bytes, .rlim_max = unlimited.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    const auto report = write_all_paths(folder / "t.safetensors", false);
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &unlimited) == 0);
    REQUIRE(!report.ok());
    CHECK(report.error().code == Code::io_error);
    CHECK(files_in(folder).empty());
  }
  ::sigaction(SIGXFSZ, &before, nullptr);
}

TEST_CASE("a full disk is told as one") {
  const test::TemporaryFolder folder;
  test::SystemFaults faults;
  faults.error_number = ENOSPC;
  for (const int call : {3, 6, 12}) {
    faults.restart(call);
    const auto report = write_all_paths(folder / "t.safetensors", false);
    REQUIRE(!report.ok());
    CHECK(report.error().code == Code::no_space);
  }
  CHECK(files_in(folder).empty());
}

TEST_CASE("targets that cannot be written are refused when the writer is made") {
  const test::TemporaryFolder folder;
  CHECK(test::write_golden("").error().code == Code::invalid_argument);
  CHECK(test::write_golden(folder.path().string()).error().message.ends_with("is a folder, not a file"));
  CHECK(test::write_golden(folder / "no/such/folder").error().code == Code::not_found);
  CHECK(TableWriter::create("/dev/null", {{.dim = 1}}, {.overwrite = true}).error().code == Code::invalid_argument);
  fs::create_symlink("nowhere", folder / "dangling");
  CHECK(test::write_golden(folder / "dangling").error().code == Code::not_found);
  if (::geteuid() != 0) {
    REQUIRE(::chmod(folder.path().c_str(), 0500) == 0);
    CHECK(test::write_golden(folder / "t.safetensors").error().code == Code::io_error);
    REQUIRE(::chmod(folder.path().c_str(), 0700) == 0);
  }
}

TEST_CASE("a symbolic link is followed and stays") {
  const test::TemporaryFolder folder;
  fs::create_directory(folder / "elsewhere");
  test::write_file(folder / "elsewhere/real", "old");
  fs::create_symlink("elsewhere/real", folder / "link");
  CHECK(write_all_paths(folder / "link", false).error().code == Code::already_exists);
  REQUIRE(write_all_paths(folder / "link", true).ok());
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(verify(folder / "elsewhere/real").ok());
  CHECK(files_in(folder) == std::set<std::string>{"elsewhere", "link"});
}

TEST_CASE("a target of which nobody knows whether it is a link is not replaced") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "real", "old");
  fs::create_symlink("real", folder / "link");
  const std::string link = folder / "link";
  test::SystemFaults faults;
  faults.opening = true;
  faults.fail_at = 0;
  CHECK(write_all_paths(link, true).error().code == Code::io_error);
  CHECK(faults.failed == "lstat");
  CHECK(fs::is_symlink(link));
  CHECK(test::read_file(folder / "real") == "old");
}

TEST_CASE("a file gets the permissions that the mask allows, or those of the one it replaces") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "t.safetensors";
  const auto mode = [&] {
    struct stat status = {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777U;
  };
  for (const bool nameless : {true, false}) {
    test::SystemFaults faults;
    faults.no_nameless_files = !nameless;
    const mode_t mask = ::umask(0027);
    REQUIRE(write_all_paths(path, true).ok());
    ::umask(mask);
    CHECK(mode() == 0640);
    REQUIRE(::chmod(path.c_str(), 0604) == 0);
    REQUIRE(write_all_paths(path, true).ok());
    CHECK(mode() == 0604);
    fs::remove(path);
  }
}
