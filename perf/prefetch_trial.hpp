// Lookups on one table by engines that prefetch differently, in turn: what the sweep over all policies and `rowan tune`
// choose by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "perf/places.hpp"
#include "perf/record.hpp"
#include "perf/turns.hpp"
#include "perf/workload.hpp"
#include "rowan/engine.hpp"

namespace rowan::perf {

/// Every distance that is tried: into L1, none, into L2 and, but for sums of elements of 16 bits and more, in two
/// stages. In that order, with what is to be compared with them behind: for milliseconds after prefetches into L1 a Zen
/// 4 reads long rows out of cache up to 25% slower.
std::vector<rowan::Ahead> distances(Tuning::Work work);

/// "none", "32 into L2", "16 into L1", "48 into L2, 8 into L1".
std::string to_string(const rowan::Ahead& ahead);

/// A tuning that prefetches so whatever the table; the rest is what is built in.
Tuning always(const rowan::Ahead& ahead);

/// What is done with the rows of elements of that type.
Tuning::Work work_of(DType dtype, bool pooled);

struct PrefetchTrial {
  TableView table;
  Distribution distribution;
  std::size_t bag = 50;   ///< rows in a bag; 0: not pooled
  std::size_t reads = 0;  ///< rows of a call; 0: some 4 MiB of them
};

/// ns per row of each engine. Throws std::runtime_error where a call is refused. Calls take index sets in turn, of more
/// rows than the caches hold where the table is larger.
std::vector<Series> run_trial(const PrefetchTrial& trial, std::span<const Engine* const> engines, const Caches& caches,
                              const Turns& turns, std::uint64_t seed);

/// The median of every second sample, from `first` on: what is chosen by one half of the samples is compared on the
/// other.
double half_median(const Series& series, std::size_t first);

}  // namespace rowan::perf
