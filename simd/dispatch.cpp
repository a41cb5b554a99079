#include "simd/dispatch.hpp"

#include <cpuid.h>

#include <cstdlib>
#include <cstring>

namespace rowan::simd {
namespace {

constexpr const KernelTable* tables[tier_count] = {&baseline_kernels, &avx2_kernels, &avx512_kernels};

// XCR0: which register files the operating system saves. Only valid where CPUID says OSXSAVE.
std::uint64_t read_xcr0() noexcept {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (std::uint64_t{high} << 32) | low;
}

std::uint32_t detect() noexcept {
  constexpr std::uint32_t osxsave = 1U << 27;
  constexpr std::uint64_t ymm_state = 0x06;  // SSE and AVX
  constexpr std::uint64_t zmm_state = 0xE6;  // and the mask registers and both halves of zmm

  std::uint32_t eax = 0;
  std::uint32_t ebx = 0;
  std::uint32_t ecx = 0;
  std::uint32_t edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return 0;
  std::uint32_t features = (edx & (1U << 26)) != 0 ? feature_sse2 : 0U;
  if ((ecx & osxsave) == 0) return features;

  const std::uint64_t xcr0 = read_xcr0();
  if ((xcr0 & ymm_state) != ymm_state) return features;
  if ((ecx & (1U << 12)) != 0) features |= feature_fma;
  if ((ecx & (1U << 29)) != 0) features |= feature_f16c;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return features;
  if ((ebx & (1U << 5)) != 0) features |= feature_avx2;

  if ((xcr0 & zmm_state) != zmm_state) return features;
  if ((ebx & (1U << 16)) != 0) features |= feature_avx512f;
  if ((ebx & (1U << 17)) != 0) features |= feature_avx512dq;
  if ((ebx & (1U << 28)) != 0) features |= feature_avx512cd;
  if ((ebx & (1U << 30)) != 0) features |= feature_avx512bw;
  if ((ebx & (1U << 31)) != 0) features |= feature_avx512vl;
  return features;
}

}  // namespace

std::uint32_t cpu_features() noexcept {
  static const std::uint32_t features = detect();
  return features;
}

const KernelTable* kernels_of(Tier tier) noexcept {
  const KernelTable* table = tables[static_cast<int>(tier)];
  return (table->features & ~cpu_features()) == 0 ? table : nullptr;
}

const KernelTable& best_kernels() noexcept {
  for (int tier = tier_count - 1; tier > 0; --tier) {
    if (const KernelTable* table = kernels_of(static_cast<Tier>(tier))) return *table;
  }
  return baseline_kernels;
}

Selection select_kernels(const char* name) noexcept {
  if (name == nullptr || *name == '\0') return {Choice::ok, &best_kernels()};
  for (const KernelTable* table : tables) {
    if (std::strcmp(name, table->name) != 0) continue;
    const KernelTable* usable = kernels_of(table->tier);
    return {usable != nullptr ? Choice::ok : Choice::unsupported, usable};
  }
  return {Choice::unknown_name, nullptr};
}

Selection select_kernels_from_environment() noexcept { return select_kernels(std::getenv("ROWAN_ISA")); }

}  // namespace rowan::simd
