#include "engine/lookup/memory_policy.hpp"

#include <unistd.h>

#include <algorithm>

namespace rowan::detail {
namespace {

std::uint64_t table_bytes(const TableView& table) noexcept { return table.rows() * table.row_stride(); }

}  // namespace

MemoryPolicy MemoryPolicy::of_this_machine() noexcept {
  constexpr std::uint64_t usual = std::uint64_t{1} << 20;  // some virtual machines do not tell
  const long level_2 = ::sysconf(_SC_LEVEL2_CACHE_SIZE);
  MemoryPolicy policy;
  policy.level_2_ = level_2 > 0 ? static_cast<std::uint64_t>(level_2) : usual;
  return policy;
}

std::size_t MemoryPolicy::prefetch_rows(const TableView& table) const noexcept {
  constexpr std::uint64_t bytes_in_flight = 16 << 10;
  if (table_bytes(table) <= 2 * level_2_) return 0;
  return std::clamp<std::uint64_t>(bytes_in_flight / table.row_bytes(), 24, 48);
}

std::uint64_t bytes_to_move(const TableView& table, std::size_t reads, std::size_t writes) noexcept {
  return reads * (table.row_bytes() + sizeof(std::int64_t)) + writes * table.dim() * sizeof(float);
}

std::size_t MemoryPolicy::tiles(const TableView& table, std::size_t reads, std::size_t writes) const noexcept {
  constexpr std::uint64_t tile_bytes = 256 << 10;
  return static_cast<std::size_t>(bytes_to_move(table, reads, writes) / tile_bytes + 1);
}

bool MemoryPolicy::worth_threads(const TableView& table, std::size_t reads, std::size_t writes) const noexcept {
  constexpr std::uint64_t threshold_ns = 200'000;
  constexpr std::uint64_t cached_bytes_per_ns = 32;
  constexpr std::uint64_t random_bytes_per_ns = 10;
  const bool cached = table_bytes(table) <= level_2_;
  return bytes_to_move(table, reads, writes) >= threshold_ns * (cached ? cached_bytes_per_ns : random_bytes_per_ns);
}

}  // namespace rowan::detail
