// Names of processors: generations by what CPUID says of family, model and stepping.
#include "perf/processor.hpp"

#include <doctest/doctest.h>

#include <sstream>

using namespace rowan::perf;

TEST_CASE("the first processor is read") {
  std::istringstream cpuinfo(
      "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n"
      "stepping\t: 1\nphysical id\t:\n\nprocessor\t: 1\nmodel\t\t: 99\nmodel name\t: another\n");
  const Processor processor = read_processor(cpuinfo);
  CHECK(processor.vendor == "AuthenticAMD");
  CHECK(processor.model_name == "AMD EPYC");
  CHECK(processor.family == 25);
  CHECK(processor.model == 17);
  CHECK(processor.stepping == 1);
  CHECK(describe(processor) == "AMD EPYC (Zen 4, family 25 model 17)");
}

TEST_CASE("generations") {
  const auto name = [](const char* vendor, int family, int model, int stepping = 0) {
    return describe({vendor, "X", family, model, stepping});
  };
  CHECK(name("AuthenticAMD", 23, 1) == "X (Zen 1, family 23 model 1)");
  CHECK(name("AuthenticAMD", 23, 49) == "X (Zen 2, family 23 model 49)");
  CHECK(name("AuthenticAMD", 25, 1) == "X (Zen 3, family 25 model 1)");
  CHECK(name("AuthenticAMD", 25, 17) == "X (Zen 4, family 25 model 17)");
  CHECK(name("AuthenticAMD", 25, 160) == "X (Zen 4, family 25 model 160)");
  CHECK(name("AuthenticAMD", 26, 2) == "X (Zen 5, family 26 model 2)");
  CHECK(name("AuthenticAMD", 26, 17) == "X (Zen 5, family 26 model 17)");
  CHECK(name("AuthenticAMD", 99, 17) == "X (family 99 model 17)");
  CHECK(name("GenuineIntel", 6, 85, 4) == "X (Skylake-SP, family 6 model 85)");
  CHECK(name("GenuineIntel", 6, 85, 7) == "X (Cascade Lake, family 6 model 85)");
  CHECK(name("GenuineIntel", 6, 85, 11) == "X (Cooper Lake, family 6 model 85)");
  CHECK(name("GenuineIntel", 6, 106) == "X (Ice Lake-SP, family 6 model 106)");
  CHECK(name("GenuineIntel", 6, 143) == "X (Sapphire Rapids, family 6 model 143)");
  CHECK(name("GenuineIntel", 6, 207) == "X (Emerald Rapids, family 6 model 207)");
  CHECK(name("GenuineIntel", 6, 173) == "X (Granite Rapids, family 6 model 173)");
  CHECK(name("GenuineIntel", 6, 1) == "X (family 6 model 1)");
  CHECK(name("Else", 25, 17) == "X (family 25 model 17)");
}

TEST_CASE("processors that say little") {
  std::istringstream nothing("");
  CHECK(describe(read_processor(nothing)) == "unknown");
  std::istringstream odd("flags\n: x\nmodel name : Some ARM\ncpu family\t: many\n");
  CHECK(describe(read_processor(odd)) == "Some ARM");
}
