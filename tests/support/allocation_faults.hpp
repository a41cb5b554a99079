// Makes allocations fail on purpose: operator new of a program that has this in it fails when it is told to.
#pragma once

#include <doctest/doctest.h>

#include "rowan/status.hpp"
#include "tests/support/effort.hpp"

namespace rowan::test {

extern int allocations_until_failure;  ///< that one fails; none if negative

/// Runs a call with its first allocation failing, then with its second, and so on, until none does. `prepare` is run
/// before each of them; after a failure `check` is.
template <class Prepare, class Call, class Check>
void fail_each_allocation(const Prepare& prepare, const Call& call, const Check& check) {
  int failures = 0;
  for (int allocations = 0;; allocations += failure_step()) {
    prepare();
    allocations_until_failure = allocations;
    const auto result = call();
    const bool failed = allocations_until_failure == 0;
    allocations_until_failure = -1;
    CAPTURE(allocations);
    if (result.ok()) {
      if (failed) continue;  // one that can be done without
      break;
    }
    CAPTURE(result.error().message);
    REQUIRE(failed);
    REQUIRE(result.error().code == Code::out_of_memory);
    check();
    ++failures;
  }
  CHECK(failures > 0);
}

template <class Call, class Check>
void fail_each_allocation(const Call& call, const Check& check) {
  fail_each_allocation([] {}, call, check);
}

}  // namespace rowan::test
