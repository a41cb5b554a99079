// Which processor this is, as CPUID says.
#pragma once

#include <cstdint>

namespace rowan::simd {

struct Processor {
  char vendor[13] = {};  ///< "GenuineIntel", "AuthenticAMD"
  std::uint32_t family = 0;
  std::uint32_t model = 0;
};

Processor this_processor() noexcept;

}  // namespace rowan::simd
