#include "simd/processor.hpp"

#include <cpuid.h>

#include <cstring>

namespace rowan::simd {
namespace {

/// Caches one by one, as leaf 4 lists them for Intel and 0x8000001D for AMD.
CacheSizes listed_caches(std::uint32_t leaf) noexcept {
  constexpr std::uint32_t most_caches = 16;
  CacheSizes sizes;
  std::uint32_t eax = 0;
  std::uint32_t ebx = 0;
  std::uint32_t ecx = 0;
  std::uint32_t edx = 0;
  for (std::uint32_t i = 0; i < most_caches && __get_cpuid_count(leaf, i, &eax, &ebx, &ecx, &edx) != 0; ++i) {
    const std::uint32_t type = eax & 0x1F;
    constexpr std::uint32_t none = 0;
    constexpr std::uint32_t instructions = 2;
    if (type == none) break;
    if (type == instructions) continue;
    const std::uint64_t line = (ebx & 0xFFF) + 1;
    const std::uint64_t partitions = (ebx >> 12 & 0x3FF) + 1;
    const std::uint64_t ways = (ebx >> 22) + 1;
    const std::uint64_t bytes = line * partitions * ways * (std::uint64_t{ecx} + 1);
    const std::uint32_t level = eax >> 5 & 7;
    (level == 1 ? sizes.l1 : level == 2 ? sizes.l2 : sizes.l3) = bytes;
  }
  return sizes;
}

CacheSizes detect_caches() noexcept {
  constexpr std::uint64_t usual_l1 = std::uint64_t{32} << 10;
  constexpr std::uint64_t usual_l2 = std::uint64_t{1} << 20;
  constexpr std::uint64_t usual_l3 = std::uint64_t{16} << 20;
  CacheSizes sizes = listed_caches(4);
  if (sizes.l1 == 0) sizes = listed_caches(0x8000'001D);
  return {.l1 = sizes.l1 != 0 ? sizes.l1 : usual_l1,
          .l2 = sizes.l2 != 0 ? sizes.l2 : usual_l2,
          .l3 = sizes.l3 != 0 ? sizes.l3 : usual_l3};
}

ProcessorId detect_processor() noexcept {
  ProcessorId processor;
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

}  // namespace

const ProcessorId& processor_id() noexcept {
  static const ProcessorId processor = detect_processor();
  return processor;
}

const CacheSizes& cache_sizes() noexcept {
  static const CacheSizes sizes = detect_caches();
  return sizes;
}

}  // namespace rowan::simd
