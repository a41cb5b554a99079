// Runs a doctest suite on one instruction-set tier, says which, and fails if another one ran. What the
// processor can do is read from /proc/cpuinfo, independently of the library's own detection.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "rowan/engine.hpp"

namespace {

constexpr int skipped = 77;  // SKIP_RETURN_CODE of CTest

std::set<std::string> processor_flags() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    std::set<std::string> flags;
    for (std::string flag; words >> flag;) flags.insert(flag);
    return flags;
  }
  return {};
}

bool has(const std::string& tier) {
  static const std::set<std::string> flags = processor_flags();
  const auto all = [](std::initializer_list<const char*> wanted) {
    for (const char* flag : wanted) {
      if (!flags.contains(flag)) return false;
    }
    return true;
  };
  const bool avx2 = all({"avx2", "fma", "f16c"});
  if (tier == "avx512") return avx2 && all({"avx512f", "avx512cd", "avx512dq", "avx512bw", "avx512vl"});
  return tier == "baseline" || avx2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string best = has("avx512") ? "avx512" : has("avx2") ? "avx2" : "baseline";
  const char* asked = std::getenv("ROWAN_ISA");
  const std::string expected = asked != nullptr ? asked : best;
  if (!has(expected)) {
    std::printf("skipped: this processor has no %s; its best tier is %s\n", expected.c_str(), best.c_str());
    return skipped;
  }
  const std::string ran(rowan::Engine().isa());
  std::printf("instruction-set tier: %s (best of this machine: %s)\n", ran.c_str(), best.c_str());
  if (ran != expected) {
    std::printf("FAILED: the tier should be %s\n", expected.c_str());
    return 1;
  }

  ::setenv("ROWAN_TEST_DATA", ROWAN_TEST_DATA_DEFAULT, 0);  // unless the caller has set it
  const char* data = std::getenv("ROWAN_TEST_DATA");
  if (std::getenv("ROWAN_TEST_NEEDS_DATA") != nullptr && !std::filesystem::exists(data)) {
    std::printf("skipped: no test data at %s (set ROWAN_TEST_DATA)\n", data);
    return skipped;
  }
  doctest::Context context(argc, argv);
  return context.run();
}
