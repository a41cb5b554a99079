// Splitting calls into parts of about equal work, for threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/lookup/checks.hpp"
#include "rowan/view.hpp"

namespace rowan::detail {

/// Bags [first, last) of a call; the first begins at `position`.
struct BagPart {
  std::size_t request = 0;  ///< which call, of several
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t position = 0;
  BadIndex bad_index = BadIndex::reject;  ///< what the scan of the call has left to be done
};

/// Appends parts of the call that move about `part_bytes` each, equal in bytes, not in bags, and in order. Throws
/// std::bad_alloc.
void append_parts(const TableView& table, const CheckedBags& bags, std::size_t request, std::uint64_t part_bytes,
                  std::vector<BagPart>& parts);

}  // namespace rowan::detail
