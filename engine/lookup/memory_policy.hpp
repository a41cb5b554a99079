// How a lookup treats memory: when to prefetch and how far, how large a tile is, when threads pay.
// docs/performance.md has what each figure was measured to do.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rowan/view.hpp"

namespace rowan::detail {

class MemoryPolicy {
 public:
  /// Reads the cache sizes of this machine.
  static MemoryPolicy of_this_machine() noexcept;

  /// Rows ahead to prefetch into L2; 0 for a table that caches hold anyway, where a prefetch only costs.
  std::size_t prefetch_rows(const TableView& table) const noexcept;

  /// Tiles to split a call into that reads `reads` rows and writes `writes` rows: one is some 256 KiB, so that
  /// a pass over wide rows finds in L2 what the pass before it read.
  std::size_t tiles(const TableView& table, std::size_t reads, std::size_t writes) const noexcept;

  /// Whether such a call is long enough (an estimated 200 us) to be worth handing to threads.
  bool worth_threads(const TableView& table, std::size_t reads, std::size_t writes) const noexcept;

 private:
  std::uint64_t level_2_ = 0;  ///< bytes per core
};

/// Bytes that a call moves.
std::uint64_t bytes_to_move(const TableView& table, std::size_t reads, std::size_t writes) noexcept;

}  // namespace rowan::detail
