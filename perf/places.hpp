// Where tables lie: how large a table is that one level of the caches holds and the level before it does not, and one
// that no cache holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "perf/record.hpp"

namespace rowan::perf {

/// What one core finds in the caches, in bytes.
struct Caches {
  std::uint64_t l1 = 0;
  std::uint64_t l2 = 0;
  std::uint64_t l3 = 0;  ///< 0: there is none, or the kernel does not say

  /// The largest; 32 MiB where there is no word of an L3, which the kernels of virtual machines may hide.
  std::uint64_t largest() const noexcept;
};

/// Those of the machine. An L1 or L2 of which the kernel says nothing is taken for 32 KiB or 512 KiB.
Caches caches_of(const Machine& machine);

enum class MemoryLevel : std::uint8_t { l1, l2, l3, memory };
inline constexpr MemoryLevel all_levels[] = {MemoryLevel::l1, MemoryLevel::l2, MemoryLevel::l3, MemoryLevel::memory};

/// As records call it: "L1", "L2", "L3" or "DRAM".
const char* name_of(MemoryLevel level);

/// The first level that holds so many bytes.
MemoryLevel level_of(std::uint64_t bytes, const Caches& caches);

/// The size of a table that surely lies in this level, and not in the one before it. Empty where there is no such
/// level (an L3 of less than four times the L2 is none of its own), or no memory for it.
std::optional<std::uint64_t> bytes_within(MemoryLevel level, const Caches& caches, std::uint64_t available);

/// The size of a table that no cache holds: at least four times the largest cache and, where it may be, `wanted`; at
/// most half of the available memory. Empty where that is less than four times the largest cache.
std::optional<std::uint64_t> bytes_out_of_cache(const Caches& caches, std::uint64_t available, std::uint64_t wanted);

/// How many calls of `reads` rows each touch four times as much as the largest cache holds: when the first of them
/// comes again, its rows are in no cache.
std::size_t calls_past_caches(const Caches& caches, std::uint64_t row_bytes, std::size_t reads);

/// Where a table of so many bytes lies.
struct Place {
  MemoryLevel level = MemoryLevel::memory;
  std::uint64_t bytes = 0;

  const char* name() const { return name_of(level); }
};

/// The places of the report page: L2, L3 and memory, as far as there are such. With `quick`, memory is a table of at
/// least 256 MiB, otherwise of 1 GiB.
std::vector<Place> report_places(const Caches& caches, std::uint64_t available, bool quick);

/// Why there is no table out of cache: what it would take, and what there is.
std::string no_table_out_of_cache(const Caches& caches, std::uint64_t available);

}  // namespace rowan::perf
