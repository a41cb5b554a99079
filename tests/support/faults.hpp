// A call with every one of its allocations and system calls failing in turn.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "tests/support/allocation_faults.hpp"
#include "tests/support/system_faults.hpp"

namespace rowan::test {

/// Runs a call with its first system call failing, then with its second, and so on, until none does. `prepare` is run
/// before each of them; after a failure `check` is told which it was. A call that `may_do_without` need not fail.
template <class Prepare, class Call, class Check>
void fail_each_system_call(const Prepare& prepare, const Call& call, const Check& check, bool may_do_without = false) {
  int failures = 0;
  for (int number = 0;; number += failure_step()) {
    prepare();
    std::string failed;
    const auto result = [&] {
      SystemFaults faults;
      faults.opening = true;
      faults.fail_at = number;
      auto outcome = call();
      failed = faults.failed;
      return outcome;
    }();
    CAPTURE(number);
    CAPTURE(failed);
    if (failed.empty()) {
      REQUIRE_MESSAGE(result.ok(), result.error().message);
      break;
    }
    if (result.ok() && (may_do_without || failed == "stat")) continue;  // of what may as well not be there
    REQUIRE(!result.ok());
    CAPTURE(result.error().message);
    CHECK(result.error().code == Code::io_error);
    CHECK(result.error().message.find("Input/output error") != std::string::npos);
    check(failed);
    ++failures;
  }
  CHECK(failures > 0);
}

/// Both, one after the other; `check` is told what failed.
template <class Prepare, class Call, class Check>
void fail_each(const Prepare& prepare, const Call& call, const Check& check, bool may_do_without = false) {
  fail_each_allocation(prepare, call, [&] { check("an allocation"); });
  fail_each_system_call(prepare, call, check, may_do_without);
}

}  // namespace rowan::test
