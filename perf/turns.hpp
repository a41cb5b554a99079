// Sides of a comparison that take turns: A B C A B C, so that whatever else the machine does falls on all of them.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "perf/record.hpp"

namespace rowan::perf {

struct Side {
  std::string who;
  /// One call. Calls of all sides are numbered through, and each works on the index set of its number: no side reads
  /// what another has just brought into the caches.
  std::function<void(std::size_t number)> call;
  /// Seconds to wait after each turn, where the side's threads go on spinning on processors that the next side needs.
  double settle = 0;
};

struct Turns {
  std::size_t samples = 9;
  double seconds = 0.010;  ///< of calls in a sample, which is their median; at least three
  double warm = 0;         ///< seconds of uncounted calls before each sample; at least one call
};

/// Nanoseconds per unit, where a call does `units` units of work.
std::vector<Series> take_turns(std::span<const Side> sides, const Turns& turns, double units);

}  // namespace rowan::perf
