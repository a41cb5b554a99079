// What the commands compare and request have in common: options, the lines about the machine, the record.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "perf/session.hpp"
#include "perf/shapes.hpp"

namespace rowan::perf {

struct Arguments {
  std::set<std::string> only;  ///< empty: all
  std::string json;
  std::string python = "python3";  ///< with what it has of peers
  bool quick = false;
  std::vector<LookupShape> shapes;  ///< of --shape, and after them those of --random-shapes
  std::uint64_t seed = 1;           ///< of tables, indices and random shapes
};

/// Ends the program, with 2, at wrong usage. `ids` are the goals that --only may name; none: there is no such option,
/// nor one for shapes.
Arguments parse(int argc, char** argv, const std::set<std::string>& ids);

/// Says on what and with whom it measures.
void begin(Session& session, int argc, char** argv);
/// Sums the goals up and writes the record.
void finish(const Session& session, const Arguments& arguments);

}  // namespace rowan::perf
