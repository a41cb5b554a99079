// How pooled lookups are judged, those of the fixed lists and those of other shapes.
#pragma once

#include "perf/session.hpp"

namespace rowan::perf {

/// The limits of a cell in a table that no cache holds, of P1 and of P3: the worse one.
double standing_from_memory(const Cell& cell);

/// Prints the cells of the goal "P1" + `kind`, where it has any, and concludes it and "P3" + `kind`.
void judge_from_memory(Session& session, const std::string& kind, const std::string& what);

/// Prints the cells of the goal "P2" + `kind`, where it has any, and concludes it.
void judge_in_cache(Session& session, const std::string& kind, const std::string& what);

/// The goal of cells that are shown and not counted; and prints them, where there are any.
std::string goal_apart(const std::string& kind);
void print_apart(const Session& session, const std::string& kind);

}  // namespace rowan::perf
