#include "perf/places.hpp"

#include <algorithm>

namespace rowan::perf {
namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;

constexpr std::uint64_t usual_l1 = 32 * kib;
constexpr std::uint64_t usual_l2 = 512 * kib;
constexpr std::uint64_t usual_l3 = 32 * mib;
constexpr std::uint64_t times_largest = 4;

std::uint64_t least_out_of_cache(const Caches& caches) { return times_largest * caches.largest(); }

}  // namespace

std::uint64_t Caches::largest() const noexcept { return std::max(l2, l3 != 0 ? l3 : usual_l3); }

Caches caches_of(const Machine& machine) {
  return {.l1 = machine.l1_bytes != 0 ? machine.l1_bytes : usual_l1,
          .l2 = machine.l2_bytes != 0 ? machine.l2_bytes : usual_l2,
          .l3 = machine.l3_bytes};
}

const char* name_of(MemoryLevel level) {
  switch (level) {
    case MemoryLevel::l1:
      return "L1";
    case MemoryLevel::l2:
      return "L2";
    case MemoryLevel::l3:
      return "L3";
    case MemoryLevel::memory:
      break;
  }
  return "DRAM";
}

MemoryLevel level_of(std::uint64_t bytes, const Caches& caches) {
  if (bytes <= caches.l1) return MemoryLevel::l1;
  if (bytes <= caches.l2) return MemoryLevel::l2;
  if (bytes <= caches.l3) return MemoryLevel::l3;
  return MemoryLevel::memory;
}

std::optional<std::uint64_t> bytes_within(MemoryLevel level, const Caches& caches, std::uint64_t available) {
  switch (level) {
    case MemoryLevel::l1:
      return std::min(24 * kib, caches.l1 / 4 * 3);  // the rest is for indices and sums
    case MemoryLevel::l2:
      return caches.l2 / 3;
    case MemoryLevel::l3:
      if (caches.l3 < 4 * caches.l2) return std::nullopt;
      // No more than is needed to be far beyond L2: other cores' rows, and other machines', lie there too.
      return std::min(caches.l3 / 8 * 3, 12 * caches.l2);
    case MemoryLevel::memory:
      break;
  }
  return bytes_out_of_cache(caches, available, 1024 * mib);
}

std::optional<std::uint64_t> bytes_out_of_cache(const Caches& caches, std::uint64_t available, std::uint64_t wanted) {
  const std::uint64_t least = least_out_of_cache(caches);
  const std::uint64_t bytes = std::min(std::max(least, wanted), available / 2);
  return bytes >= least ? std::optional(bytes) : std::nullopt;
}

std::size_t calls_past_caches(const Caches& caches, std::uint64_t row_bytes, std::size_t reads) {
  constexpr std::uint64_t line = 64;
  return least_out_of_cache(caches) / (std::max(row_bytes, line) * reads) + 1;
}

std::vector<Place> report_places(const Caches& caches, std::uint64_t available, bool quick) {
  std::vector<Place> places;
  for (const MemoryLevel level : {MemoryLevel::l2, MemoryLevel::l3}) {
    if (const auto bytes = bytes_within(level, caches, available)) places.push_back({level, *bytes});
  }
  if (const auto bytes = bytes_out_of_cache(caches, available, (quick ? 256 : 1024) * mib)) {
    places.push_back({MemoryLevel::memory, *bytes});
  }
  return places;
}

std::string no_table_out_of_cache(const Caches& caches, std::uint64_t available) {
  return "no table out of cache: four times the largest cache is " + std::to_string(least_out_of_cache(caches) / mib) +
         " MiB, and half of the memory that can be had is " + std::to_string(available / 2 / mib) + " MiB";
}

}  // namespace rowan::perf
