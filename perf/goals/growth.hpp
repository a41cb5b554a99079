// How the time of a step grows with what it is about. Nothing that a goal judges.
#pragma once

#include "perf/session.hpp"

namespace rowan::perf {

/// Steps of row-wise Adagrad on one thread over numbers of indices, dims, skews and rows of the table, one at a time:
/// into the record as cells of "P5 growth", and a line each to standard output.
void growth_of_steps(Session& session);

}  // namespace rowan::perf
