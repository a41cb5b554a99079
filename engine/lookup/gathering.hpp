// Un-pooled rows of checked calls on the calling thread, and rows that will be asked for.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/lookup/checks.hpp"
#include "engine/lookup/memory_policy.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

/// One call's rows and where they go.
struct GatherJob {
  const simd::KernelTable& kernels;
  const MemoryPolicy& policy;
  const TableView& table;
  const CheckedIndices& indices;
  const CheckedOutput& out;
  bool streaming;  ///< as far as the output is aligned for it
};

/// Writes output rows [first, last), and returns how many bad indices were skipped or replaced.
std::uint64_t gather_rows(const GatherJob& job, std::size_t first, std::size_t last) noexcept;

/// Prefetches the rows of up to `most` indices, those outside the table passed over.
void prefetch_rows(const TableView& table, const IndexSpan& indices, std::size_t most) noexcept;

}  // namespace rowan::detail
