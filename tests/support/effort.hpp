// How many random cases a property runs: all, or few in the builds where each is slow (ROWAN_TEST_EFFORT=reduced).
#pragma once

#include <cstdlib>
#include <string_view>

namespace rowan::test {

inline bool reduced_effort() {
  const char* effort = std::getenv("ROWAN_TEST_EFFORT");
  return effort != nullptr && std::string_view(effort) == "reduced";
}
inline int cases(int full) { return reduced_effort() ? full / 40 + 1 : full; }

/// From one of the places where something is made to fail to the next: each, or every seventh.
inline int failure_step() { return reduced_effort() ? 7 : 1; }

}  // namespace rowan::test
