// How much a property test tries. ROWAN_TEST_EFFORT is "full" (the default) or "reduced", which scripts/test
// chooses where every case costs many times more.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace rowan::test {

inline bool reduced_effort() {
  const char* effort = std::getenv("ROWAN_TEST_EFFORT");
  return effort != nullptr && std::string_view(effort) == "reduced";
}

/// How many of `full` cases to run: a tenth, and at least one, with reduced effort.
inline int cases(int full) { return reduced_effort() ? std::max(full / 10, 1) : full; }

}  // namespace rowan::test
