// Places: that tables lie where their names say, on machines with large caches and with small ones.
#include "perf/places.hpp"

#include <doctest/doctest.h>

using namespace rowan::perf;

namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;
constexpr std::uint64_t gb = 1'000'000'000;

constexpr Caches large{48 * kib, 2 * mib, 260 * mib};
constexpr Caches usual{32 * kib, 1 * mib, 32 * mib};
constexpr Caches small{32 * kib, 512 * kib, 16 * mib};

}  // namespace

TEST_CASE("tables lie in the level that they are for, and well beyond the one before it") {
  for (const Caches& caches : {large, usual, small}) {
    CAPTURE(caches.l3);
    CHECK(bytes_within(MemoryLevel::l1, caches, 20 * gb) == 24 * kib);
    const std::uint64_t l2 = bytes_within(MemoryLevel::l2, caches, 20 * gb).value();
    const std::uint64_t l3 = bytes_within(MemoryLevel::l3, caches, 20 * gb).value();
    const std::uint64_t memory = bytes_within(MemoryLevel::memory, caches, 20 * gb).value();
    CHECK(l2 >= 2 * caches.l1);
    CHECK(l2 <= caches.l2 / 2);
    CHECK(l3 >= 4 * caches.l2);
    CHECK(l3 <= caches.l3 / 2);
    CHECK(memory >= 1024 * mib);
    CHECK(memory >= 4 * caches.l3);
    for (const MemoryLevel level : all_levels)
      CHECK(level_of(bytes_within(level, caches, 20 * gb).value(), caches) == level);
  }
  CHECK(bytes_within(MemoryLevel::l3, usual, 20 * gb) == 12 * mib);
}

TEST_CASE("a size falls into the first level that holds it") {
  CHECK(level_of(1, usual) == MemoryLevel::l1);
  CHECK(level_of(32 * kib, usual) == MemoryLevel::l1);
  CHECK(level_of(32 * kib + 1, usual) == MemoryLevel::l2);
  CHECK(level_of(20 * mib, usual) == MemoryLevel::l3);
  CHECK(level_of(20 * mib, small) == MemoryLevel::memory);
  CHECK(level_of(200 * mib, large) == MemoryLevel::l3);
  CHECK(level_of(200 * mib, usual) == MemoryLevel::memory);
}

TEST_CASE("machines that say little of their caches, and such without an L3 of its own") {
  Machine machine;
  CHECK(caches_of(machine).l1 == 32 * kib);
  CHECK(caches_of(machine).l2 == 512 * kib);
  CHECK(caches_of(machine).largest() == 32 * mib);
  machine.l3_bytes = 260 * mib;
  CHECK(caches_of(machine).largest() == 260 * mib);
  CHECK(!bytes_within(MemoryLevel::l3, {32 * kib, 1 * mib, 0}, 20 * gb));
  CHECK(!bytes_within(MemoryLevel::l3, {32 * kib, 1 * mib, 2 * mib}, 20 * gb));
}

TEST_CASE("the report's table out of cache is four times the largest cache, where memory allows") {
  const auto out_of_cache = [](const Caches& caches, std::uint64_t available, bool quick) {
    const std::vector<Place> places = report_places(caches, available, quick);
    return places.back().level == MemoryLevel::memory ? places.back().bytes : 0;
  };
  CHECK(out_of_cache(large, 20 * gb, false) == 1040 * mib);
  CHECK(out_of_cache(large, 20 * gb, true) == 1040 * mib);
  CHECK(out_of_cache(usual, 20 * gb, false) == 1024 * mib);
  CHECK(out_of_cache(usual, 20 * gb, true) == 256 * mib);
  // Half of what is free is enough for 128 MiB, and no more than that half is taken.
  CHECK(out_of_cache(usual, 300 * mib, false) == 150 * mib);
  CHECK(out_of_cache(usual, 300 * mib, true) == 150 * mib);
  CHECK(out_of_cache(usual, 255 * mib, true) == 0);
  CHECK(out_of_cache(large, 2 * gb, false) == 0);
  CHECK(out_of_cache(usual, 0, false) == 0);

  const std::string why = no_table_out_of_cache(large, 1024 * mib);
  CHECK(why.find("1040 MiB") != std::string::npos);
  CHECK(why.find("512 MiB") != std::string::npos);
}

TEST_CASE("calls go on until they have touched four times what the largest cache holds") {
  for (const std::uint64_t row : {12, 64, 256, 3072}) {
    const std::uint64_t touched = calls_past_caches(large, row, 5000) * 5000 * std::max<std::uint64_t>(row, 64);
    CHECK(touched >= 4 * large.l3);
    CHECK(touched <= 5 * large.l3);
  }
}
