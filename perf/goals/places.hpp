// The tables of the fixed lists: the same on every machine, so that records of several can be compared.
#pragma once

#include "perf/places.hpp"

namespace rowan::perf {

constexpr Place in_l1{MemoryLevel::l1, std::uint64_t{24} << 10};
constexpr Place in_l2{MemoryLevel::l2, std::uint64_t{320} << 10};
constexpr Place in_l3{MemoryLevel::l3, std::uint64_t{12} << 20};
constexpr Place in_memory{MemoryLevel::memory, std::uint64_t{1} << 30};

}  // namespace rowan::perf
