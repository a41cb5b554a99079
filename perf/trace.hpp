// Recorded lookups, to be measured in place of random ones.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rowan/status.hpp"

namespace rowan::perf {

/// Bags of rows in the order in which somebody asked for them.
struct Trace {
  std::vector<std::int64_t> indices;
  std::vector<std::int64_t> offsets;  ///< one more than bags: bag b holds indices [offsets[b], offsets[b + 1])
  bool narrow = false;                ///< indices were recorded as i32

  std::size_t bags() const noexcept { return offsets.size() - 1; }
};

/// Reads a trace of at least one index.
///
/// `path` is a .npy file of indices, or a .safetensors file with a tensor "indices" and, where it has bags, "offsets"
/// or "lengths"; all of i32 or i64. `offsets_path` is a .npy file of offsets for the former, or empty. Without
/// offsets, a matrix of indices has a bag in each row, and others are cut into bags of `bag` indices, the last of
/// which may be shorter. A last offset that is the number of indices ends the last bag and begins none.
Result<Trace> read_trace(const std::string& path, const std::string& offsets_path, std::uint64_t bag);

/// Fails for the first index outside a table of so many rows.
Result<void> check_rows(const Trace& trace, std::uint64_t rows);

}  // namespace rowan::perf
