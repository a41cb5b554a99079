// What a SparseGradient holds.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/training/workspace.hpp"
#include "rowan/gradient.hpp"

namespace rowan::detail {

struct CoalescedGradient {
  /// Rows and values as they are seen, and what a sum of two is made in.
  struct Part {
    Buffer<std::uint64_t> rows;
    Buffer<float> values;
  };
  Part now;
  Part sum;
  Part added;
  std::size_t count = 0;
  std::uint64_t dim = 0;
  std::uint64_t table_rows = 0;
  WorkspaceMemory workspace;
};

}  // namespace rowan::detail
