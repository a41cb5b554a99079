// How long single calls take.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "perf/record.hpp"

namespace rowan::tool {

/// Microseconds of single calls, in the order made: for so many seconds, at least 1000 calls where four times the
/// seconds allow that, and at most a million. Reading the clock, some 20 ns, is included.
std::vector<double> single_calls(double seconds, const std::function<void(std::size_t number)>& call);

perf::Percentiles percentiles_of(std::string what, const std::vector<double>& microseconds);

}  // namespace rowan::tool
