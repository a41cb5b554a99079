#include "perf/processor.hpp"

#include <charconv>
#include <string_view>

namespace rowan::perf {
namespace {

/// Models of one family that are of one generation.
struct Generation {
  int family;
  int first_model;
  int last_model;
  const char* name;
};

constexpr Generation amd_generations[] = {
    {0x17, 0x00, 0x2F, "Zen 1"}, {0x17, 0x30, 0x4F, "Zen 2"}, {0x17, 0x50, 0x5F, "Zen 1"}, {0x17, 0x60, 0x7F, "Zen 2"},
    {0x17, 0x90, 0x91, "Zen 2"}, {0x17, 0xA0, 0xAF, "Zen 2"}, {0x19, 0x00, 0x0F, "Zen 3"}, {0x19, 0x10, 0x1F, "Zen 4"},
    {0x19, 0x20, 0x5F, "Zen 3"}, {0x19, 0x60, 0xAF, "Zen 4"}, {0x1A, 0x00, 0x2F, "Zen 5"}, {0x1A, 0x40, 0x4F, "Zen 5"},
    {0x1A, 0x60, 0x7F, "Zen 5"},
};

constexpr Generation intel_generations[] = {
    {6, 0x3F, 0x3F, "Haswell-EP"},     {6, 0x4F, 0x4F, "Broadwell-EP"},  {6, 0x56, 0x56, "Broadwell-DE"},
    {6, 0x6A, 0x6A, "Ice Lake-SP"},    {6, 0x6C, 0x6C, "Ice Lake-D"},    {6, 0x8F, 0x8F, "Sapphire Rapids"},
    {6, 0xAD, 0xAE, "Granite Rapids"}, {6, 0xAF, 0xAF, "Sierra Forest"}, {6, 0xCF, 0xCF, "Emerald Rapids"},
};

/// Empty where it is not known.
std::string_view generation_of(const Processor& processor) {
  const auto among = [&](const auto& generations) -> std::string_view {
    for (const Generation& one : generations) {
      if (processor.family == one.family && processor.model >= one.first_model && processor.model <= one.last_model) {
        return one.name;
      }
    }
    return {};
  };
  if (processor.vendor == "AuthenticAMD") return among(amd_generations);
  if (processor.vendor != "GenuineIntel") return {};
  if (processor.family == 6 && processor.model == 0x55) {  // three generations, told apart by their steppings
    return processor.stepping < 5 ? "Skylake-SP" : processor.stepping < 10 ? "Cascade Lake" : "Cooper Lake";
  }
  return among(intel_generations);
}

}  // namespace

Processor read_processor(std::istream& cpuinfo) {
  Processor processor;
  for (std::string line; std::getline(cpuinfo, line) && !line.empty();) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string name = line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1);
    const std::size_t begin = line.find_first_not_of(' ', colon + 1);
    const std::string value = begin != std::string::npos ? line.substr(begin) : std::string();
    const auto read_number = [&value](int& number) {
      std::from_chars(value.data(), value.data() + value.size(), number);
    };
    if (name == "vendor_id") processor.vendor = value;
    if (name == "model name") processor.model_name = value;
    if (name == "cpu family") read_number(processor.family);
    if (name == "model") read_number(processor.model);
    if (name == "stepping") read_number(processor.stepping);
  }
  return processor;
}

std::string describe(const Processor& processor) {
  const std::string name = processor.model_name.empty() ? "unknown" : processor.model_name;
  if (processor.family < 0 || processor.model < 0) return name;
  std::string generation(generation_of(processor));
  if (!generation.empty()) generation += ", ";
  return name + " (" + generation + "family " + std::to_string(processor.family) + " model " +
         std::to_string(processor.model) + ")";
}

}  // namespace rowan::perf
