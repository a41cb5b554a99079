// What the memory gives: the fastest that anything could read these rows, measured on the same rows, pages,
// indices and threads as the lookups that are judged by it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "perf/team.hpp"
#include "perf/workload.hpp"

namespace rowan::perf {

/// Rows of `bytes` bytes, `stride` bytes apart.
struct RowMemory {
  const std::byte* rows = nullptr;
  std::uint64_t bytes = 0;
  std::uint64_t stride = 0;
};

/// How a reader asks for rows ahead of their turn, in rows; 0 = not at all.
struct Ahead {
  std::size_t far = 0;   ///< into L2
  std::size_t near = 0;  ///< into L1
};

/// Reads one byte of every cache line of the rows at these indices and does nothing else with them. Returns their sum,
/// so that no compiler leaves the loads out: of each row, bytes 0, 64, 128, and so on, and, where rows lie across
/// lines, its last.
std::uint64_t touch_rows(const RowMemory& memory, std::span<const std::int64_t> indices, Ahead ahead);
/// The same, each thread a part of the indices.
std::uint64_t touch_rows(const RowMemory& memory, std::span<const std::int64_t> indices, Ahead ahead, Team& team);

/// The way of asking ahead with which touch_rows() is fastest here, of two dozen that are tried.
Ahead fastest_ahead(const RowMemory& memory, const IndexSets& sets, std::size_t per_call, Team& team);

/// GB/s of rows that are read at these indices, row bytes alone counted: the median over `seconds` of calls of the
/// fastest touch_rows(). The sets rotate.
double random_row_gb_per_second(const RowMemory& memory, const IndexSets& sets, int threads, double seconds);

/// GB/s of these bytes read from front to back, each thread a part of them: the best pass of those that `seconds`
/// allow.
double sequential_gb_per_second(std::span<const std::byte> bytes, int threads, double seconds);

}  // namespace rowan::perf
