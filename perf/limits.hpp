// Limits that every cell of a goal must keep. A cell that is below its limit is measured twice more, and the run in the
// middle counts: one disturbance of the machine decides nothing.
#pragma once

#include <functional>
#include <vector>

#include "perf/record.hpp"

namespace rowan::perf {

/// How a cell stands to the limit of its goal: 1 and more keeps it.
using Standing = std::function<double(const Cell&)>;

/// P1: at least 0.95 of the ceiling or 1.05 times FBGEMM, and not below 0.97 times FBGEMM.
double standing_out_of_cache(const Cell& cell);

/// P3: at least 0.95 of the ceiling, of rows that fill cache lines.
double standing_at_ceiling(const Cell& cell);
constexpr std::uint64_t fills_cache_lines = 128;  ///< bytes of a row, for P3 to count it

/// P2: not below 0.97 times FBGEMM.
double standing_in_cache(const Cell& cell);

/// P11: at least 0.95 of what a loop gains that only calculates.
double standing_of_gain(const Cell& cell);

/// Whether all keep their limit.
bool all_stand(const std::vector<const Cell*>& cells, const Standing& standing);

/// Takes the series of a cell; where it is below its limit, twice more, to keep those of the run in the middle.
/// Without a limit, once.
void measure_runs(Cell& cell, const std::function<std::vector<Series>()>& measure, const Standing& standing);

}  // namespace rowan::perf
