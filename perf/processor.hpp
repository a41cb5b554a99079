// What processor this is, in words that say more than the model name that a virtual machine is given.
#pragma once

#include <istream>
#include <string>

namespace rowan::perf {

/// What /proc/cpuinfo says of a processor. Family, model and stepping are CPUID's; -1: it does not say.
struct Processor {
  std::string vendor;      ///< "AuthenticAMD", "GenuineIntel"
  std::string model_name;  ///< "AMD EPYC"
  int family = -1;
  int model = -1;
  int stepping = -1;
};

/// The first one of /proc/cpuinfo.
Processor read_processor(std::istream& cpuinfo);

/// "AMD EPYC (Zen 4, family 25 model 17)"; without the generation where it is not known here.
std::string describe(const Processor& processor);

}  // namespace rowan::perf
