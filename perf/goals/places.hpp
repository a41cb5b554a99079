// Where tables lie, as records call it, and how large one is that lies there.
#pragma once

#include <cstdint>

namespace rowan::perf {

struct Place {
  const char* name;
  std::uint64_t bytes;
};

constexpr Place in_l2{"L1/L2", std::uint64_t{320} << 10};
constexpr Place in_l3{"L3", std::uint64_t{12} << 20};
constexpr Place in_memory{"DRAM", std::uint64_t{1} << 30};

}  // namespace rowan::perf
