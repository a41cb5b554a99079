// Files of a few bytes that claim 32 GB are refused in less than a millisecond, and no memory is asked for that their
// claims would take: the address space of the process that opens them grows by no more than a megabyte.
#include <doctest/doctest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/import.hpp"
#include "rowan/table.hpp"
#include "tests/formats/refused.hpp"
#include "tests/support/effort.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
using test::RefusedFile;

namespace {

constexpr rlim_t megabyte = rlim_t{1} << 20;

/// Bytes of address space that this process has.
rlim_t address_space() {
  rlim_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}

Code code_of_refusal(const RefusedFile& file, const std::string& target) {
  if (file.calls != "convert") {
    const auto table = Table::open(file.path);
    return table ? Code::ok : table.error().code;
  }
  const auto report = convert(file.path, target);
  return report ? Code::ok : report.error().code;
}

/// The Code that a child gets that may have a megabyte more than it has now; a number that is none where it ends
/// otherwise.
Code code_under_limit(const RefusedFile& file, const std::string& target) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlim_t most = address_space() + megabyte;
    const rlimit limit = {most, most};
    if (::setrlimit(RLIMIT_AS, &limit) != 0) ::_exit(255);
    ::_exit(static_cast<int>(code_of_refusal(file, target)));
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return static_cast<Code>(WIFEXITED(status) ? WEXITSTATUS(status) : 254);
}

std::chrono::duration<double> median_time(const RefusedFile& file, const std::string& target) {
  std::array<std::chrono::duration<double>, 21> times;
  for (auto& time : times) {
    const auto start = std::chrono::steady_clock::now();
    static_cast<void>(code_of_refusal(file, target));
    time = std::chrono::steady_clock::now() - start;
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

bool sanitized() { return test::cases(40) != 40; }  // whose own memory and time are no measure

}  // namespace

TEST_CASE("a file that claims 32 GB costs nothing, whatever its format") {
  constexpr std::string_view formats[] = {"safetensors", "native",          "npy",     "npz",
                                          "torch",       "torch_legacy",    "gguf",    "fasttext",
                                          "finalfusion", "word2vec_binary", "word2vec"};
  const test::TemporaryFolder folder;
  const std::string target = folder / "target.safetensors";
  const std::vector<RefusedFile> files = test::refused_files();
  for (const std::string_view format : formats) {
    CAPTURE(format);
    const auto file = std::find_if(files.begin(), files.end(), [&](const RefusedFile& one) {
      return one.path.find("/claim_" + std::string(format) + ".") != std::string::npos;
    });
    REQUIRE(file != files.end());
    REQUIRE(code_of_refusal(*file, target) == Code::malformed_file);
    if (sanitized()) continue;
    CHECK(code_under_limit(*file, target) == Code::malformed_file);
    const auto time = median_time(*file, target);
    MESSAGE(format, ": refused in ", time.count() * 1e6, " microseconds");
    CHECK(time < std::chrono::milliseconds(1));
  }
}
