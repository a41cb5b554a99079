// Pooling of a range of checked bags on the calling thread.
#pragma once

#include <cstddef>

#include "engine/lookup/checks.hpp"
#include "rowan/engine.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

/// One call's bags and what is done with them.
template <IndexType Index>
struct PoolJob {
  const simd::KernelTable& kernels;
  const TableView& table;
  CheckedBags<Index> bags;
  CheckedOutput out;
  Pooling pooling;
  std::size_t prefetch;  ///< rows ahead; 0 = none
};

/// Writes the output rows of bags [first, last). Ranges that do not overlap may run at the same time. Uses about
/// 15 KiB of stack where there is a padding index.
template <IndexType Index>
void pool_bags(const PoolJob<Index>& job, std::size_t first, std::size_t last) noexcept;

}  // namespace rowan::detail
