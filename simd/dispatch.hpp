// Which tiers this processor can run, and the choice of one.
#pragma once

#include "simd/kernels.hpp"

namespace rowan::simd {

/// Feature bits of this processor that its operating system has enabled (CPUID and XGETBV), found once.
std::uint32_t cpu_features() noexcept;

/// The tier's kernels, or null where this processor cannot run them.
const KernelTable* kernels_of(Tier tier) noexcept;

/// The fastest tier that this processor can run.
const KernelTable& best_kernels() noexcept;

enum class Choice { ok, unknown_name, unsupported };

struct Selection {
  Choice choice = Choice::ok;
  const KernelTable* kernels = nullptr;  ///< null unless choice is ok
};

/// The tier called `name`, or the best one when `name` is null or empty. A name may lower the tier, never raise
/// it beyond what the processor has.
Selection select_kernels(const char* name) noexcept;

/// select_kernels() of the environment variable ROWAN_ISA.
Selection select_kernels_from_environment() noexcept;

}  // namespace rowan::simd
