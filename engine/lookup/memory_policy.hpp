// How a lookup treats memory: when to prefetch and how far, how large a part is, when threads pay, when outputs go
// past the caches. docs/performance.md has what each figure was measured to do.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "rowan/engine.hpp"
#include "rowan/view.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

class MemoryPolicy {
 public:
  /// Reads the cache sizes of this machine.
  static MemoryPolicy of_this_machine() noexcept;

  /// None for a table that L1 holds, where a prefetch only costs; a few rows ahead for one that L2 holds; further, and
  /// for elements of 8 bits and less in two stages, for larger ones.
  simd::Prefetch prefetch(const TableView& table) const noexcept;
  /// The same for rows that are no table's; `bits` of an element.
  simd::Prefetch prefetch(std::uint64_t bytes, std::uint64_t row_bytes, std::uint64_t bits) const noexcept;

  /// How many rows ahead an optimizer's step fetches what it will change: none for a table that L2 holds, for the step
  /// of a row takes longer than L2 does.
  std::size_t ahead_of_steps(const TableView& table) const noexcept;

  /// Bytes of rows to pool at a time, in all columns, before the next ones are begun: a pass over further columns finds
  /// what the pass before it read.
  static constexpr std::uint64_t block_bytes = std::uint64_t{128} << 10;

  /// Whether an output of so many bytes goes past the caches: one that whoever reads it next would not find there, or
  /// where the caller says so.
  bool streaming(Stores stores, std::uint64_t bytes) const noexcept {
    return stores == Stores::automatic ? bytes > level_3_ / 4 : stores == Stores::streaming;
  }

  /// Estimated time of a call that reads `reads` rows and writes `writes` rows, on one thread.
  std::uint64_t estimated_ns(const TableView& table, std::size_t reads, std::size_t writes) const noexcept;

  /// Whether a call of that length is worth handing to threads.
  static bool worth_threads(std::uint64_t ns) noexcept { return ns >= 200'000; }

  /// Bytes that a part moves of a call that moves `bytes`: some parts for each thread, so that one which is held up
  /// leaves the rest to others, but none so small that handing it out shows.
  static std::uint64_t part_bytes(std::uint64_t bytes, int threads) noexcept {
    constexpr std::uint64_t least = std::uint64_t{256} << 10;
    constexpr std::uint64_t parts_each = 32;
    return std::max(least, bytes / (parts_each * static_cast<std::uint64_t>(threads)));
  }

  /// Indices that a thread checks at a time.
  static constexpr std::uint64_t checked_at_a_time = std::uint64_t{1} << 16;

 private:
  std::uint64_t level_1_ = 0;  ///< bytes, of data, per core
  std::uint64_t level_2_ = 0;  ///< bytes per core
  std::uint64_t level_3_ = 0;  ///< bytes, which cores share
};

/// Bytes that a call moves.
std::uint64_t bytes_to_move(const TableView& table, std::size_t reads, std::size_t writes) noexcept;

}  // namespace rowan::detail
