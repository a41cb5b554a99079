// Which processor this is and what caches it has, as CPUID says.
#pragma once

#include <cstdint>

namespace rowan::simd {

struct ProcessorId {
  char vendor[13] = {};  ///< "GenuineIntel", "AuthenticAMD"
  std::uint32_t family = 0;
  std::uint32_t model = 0;
};

/// Found once: on a virtual machine each CPUID leaves it, which takes microseconds.
const ProcessorId& processor_id() noexcept;

/// Data caches in bytes, those of a core and what cores share; of the usual size where CPUID does not say.
struct CacheSizes {
  std::uint64_t l1 = 0;
  std::uint64_t l2 = 0;
  std::uint64_t l3 = 0;
};

/// Found once. sysconf() is not asked: on virtual machines of AMD processors glibc makes ten times the L3 of it.
const CacheSizes& cache_sizes() noexcept;

}  // namespace rowan::simd
