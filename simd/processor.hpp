// Which processor this is and what caches it has, as CPUID says.
#pragma once

#include <cstdint>

namespace rowan::simd {

struct Processor {
  char vendor[13] = {};  ///< "GenuineIntel", "AuthenticAMD"
  std::uint32_t family = 0;
  std::uint32_t model = 0;
};

Processor this_processor() noexcept;

/// Data caches in bytes, those of a core and what cores share; 0 where CPUID does not say.
struct CacheSizes {
  std::uint64_t l1 = 0;
  std::uint64_t l2 = 0;
  std::uint64_t l3 = 0;
};

CacheSizes cache_sizes() noexcept;

}  // namespace rowan::simd
