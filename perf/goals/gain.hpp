// What a second thread gains, beside what it gains for a loop that only calculates: on a shared machine that is
// anything from nothing to everything, so both are measured in turn.
#pragma once

#include <functional>
#include <vector>

#include "perf/session.hpp"

namespace rowan::perf {

inline constexpr const char* unit_of_gain = "of the time on 1 thread";

/// The time of the same work on two threads over that on one, sample by sample: of "rowan", which is called for it,
/// and of "arithmetic".
std::vector<Series> measure_gain(const Session& session, const std::function<void(std::size_t number)>& on_one,
                                 const std::function<void(std::size_t number)>& on_two);

}  // namespace rowan::perf
