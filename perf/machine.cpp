// What this machine and this build are, for a Record to say.
#include <sys/utsname.h>

#include <charconv>
#include <fstream>
#include <thread>

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

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
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
  machine.cpu = processor();
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

}  // namespace rowan::perf
