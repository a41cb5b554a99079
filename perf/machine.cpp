// What this machine and this build are, for a Record to say.
#include <sys/utsname.h>

#include <charconv>
#include <fstream>
#include <thread>

#include "perf/markup.hpp"
#include "perf/processor.hpp"
#include "perf/record.hpp"
#include "rowan/engine.hpp"

namespace rowan::perf {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// "512K" is 524288.
std::uint64_t bytes_of(const std::string& text) {
  std::uint64_t value = 0;
  const char* const end = std::from_chars(text.data(), text.data() + text.size(), value).ptr;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  return unit == "K" ? value << 10 : unit == "M" ? value << 20 : value;
}

/// Fills in what the first processor's caches hold.
void add_caches(Machine& machine) {
  for (int index = 0; index < 8; ++index) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    const std::string level = first_line(folder + "level");
    const std::uint64_t bytes = bytes_of(first_line(folder + "size"));
    if (first_line(folder + "type") == "Instruction") continue;
    if (level == "1") machine.l1_bytes = bytes;
    if (level == "2") machine.l2_bytes = bytes;
    if (level == "3") machine.l3_bytes = bytes;
  }
}

}  // namespace

Machine this_machine() {
  Machine machine;
  std::ifstream cpuinfo("/proc/cpuinfo");
  machine.cpu = describe(read_processor(cpuinfo));
  machine.cores = static_cast<int>(std::thread::hardware_concurrency());
  machine.governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  if (machine.governor.empty()) machine.governor = "unknown";
  utsname system{};
  machine.kernel = uname(&system) == 0 ? std::string(system.sysname) + " " + system.release : "unknown";
#ifdef __clang__
  machine.compiler = __VERSION__;
#else
  machine.compiler = "g++ " __VERSION__;
#endif
  machine.isa = std::string(Engine().isa());
  add_caches(machine);
  return machine;
}

std::string caches_text(const Machine& machine) {
  const auto size = [](std::uint64_t bytes) { return bytes == 0 ? std::string("unknown") : binary_size(bytes); };
  return "L1 " + size(machine.l1_bytes) + ", L2 " + size(machine.l2_bytes) + ", L3 " + size(machine.l3_bytes);
}

}  // namespace rowan::perf
