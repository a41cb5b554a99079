// Pooling of checked calls on the calling thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/lookup/checks.hpp"
#include "engine/lookup/memory_policy.hpp"
#include "rowan/engine.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

/// One call's bags and what is done with them.
struct PoolJob {
  const simd::KernelTable& kernels;
  const MemoryPolicy& policy;
  const TableView& table;
  const CheckedBags& bags;
  const CheckedOutput& out;
};

/// Writes the output rows of bags [first, last), the first of which begins at `position`, and returns how many bad
/// indices were skipped or replaced. Ranges that do not overlap may run at the same time. Uses up to 40 KiB of stack.
std::uint64_t pool_bags(const PoolJob& job, std::size_t first, std::size_t last, std::size_t position) noexcept;

}  // namespace rowan::detail
