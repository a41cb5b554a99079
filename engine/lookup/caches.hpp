// The data caches of this machine.
#pragma once

#include <cstdint>

namespace rowan::detail {

struct Caches {
  std::uint64_t l1 = 0;  ///< bytes per core
  std::uint64_t l2 = 0;  ///< bytes per core
  std::uint64_t l3 = 0;  ///< bytes, which cores share

  friend bool operator==(const Caches&, const Caches&) = default;
};

/// As CPUID tells them; where it does not, as some virtual machines do not let it, of the usual size.
Caches caches_of_this_machine() noexcept;

}  // namespace rowan::detail
