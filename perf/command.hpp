// What the commands compare and request have in common: options, the lines about the machine, the record.
#pragma once

#include <set>
#include <string>

#include "perf/session.hpp"

namespace rowan::perf {

struct Arguments {
  std::set<std::string> only;  ///< empty: all
  std::string json;
  std::string python = "python3";  ///< with what it has of peers
  bool quick = false;
};

/// Ends the program, with 2, at wrong usage. `ids` are the goals that --only may name; none: there is no such option.
Arguments parse(int argc, char** argv, const std::set<std::string>& ids);

/// Says on what and with whom it measures.
void begin(Session& session, int argc, char** argv);
/// Sums the goals up and writes the record.
void finish(const Session& session, const Arguments& arguments);

}  // namespace rowan::perf
