#include "simd/processor.hpp"

#include <cpuid.h>

#include <cstring>

namespace rowan::simd {

Processor this_processor() noexcept {
  Processor processor;
  std::uint32_t eax = 0;
  std::uint32_t ebx = 0;
  std::uint32_t ecx = 0;
  std::uint32_t edx = 0;
  if (__get_cpuid(0, &eax, &ebx, &ecx, &edx) == 0) return processor;
  std::memcpy(processor.vendor, &ebx, sizeof ebx);
  std::memcpy(processor.vendor + 4, &edx, sizeof edx);
  std::memcpy(processor.vendor + 8, &ecx, sizeof ecx);
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return processor;
  // The model has four bits, and four more that count from family 6 on; a family of 15 goes on in eight more.
  processor.family = eax >> 8 & 0xF;
  processor.model = eax >> 4 & 0xF;
  if (processor.family == 6 || processor.family == 15) processor.model += (eax >> 16 & 0xF) << 4;
  if (processor.family == 15) processor.family += eax >> 20 & 0xFF;
  return processor;
}

}  // namespace rowan::simd
