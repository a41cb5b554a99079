#include "engine/lookup/memory_policy.hpp"

#include <unistd.h>

#include <algorithm>

namespace rowan::detail {
namespace {

std::uint64_t table_bytes(const TableView& table) noexcept { return table.rows() * table.row_stride(); }

/// A size that the system tells, or the usual one: some virtual machines do not tell.
std::uint64_t cache_bytes(int name, std::uint64_t usual) noexcept {
  const long bytes = ::sysconf(name);
  return bytes > 0 ? static_cast<std::uint64_t>(bytes) : usual;
}

}  // namespace

MemoryPolicy MemoryPolicy::of_this_machine() noexcept {
  MemoryPolicy policy;
  policy.level_2_ = cache_bytes(_SC_LEVEL2_CACHE_SIZE, std::uint64_t{1} << 20);
  policy.level_3_ = cache_bytes(_SC_LEVEL3_CACHE_SIZE, std::uint64_t{16} << 20);
  return policy;
}

simd::Prefetch MemoryPolicy::prefetch(const TableView& table) const noexcept {
  constexpr std::uint64_t bytes_in_flight = 16 << 10;
  if (table_bytes(table) <= 2 * level_2_) return {0, 0};
  return {std::clamp<std::uint64_t>(bytes_in_flight / table.row_bytes(), 24, 48), 0};
}

std::size_t MemoryPolicy::rows_per_block(const TableView& table) const noexcept {
  constexpr std::uint64_t block_bytes = 128 << 10;
  return std::max<std::uint64_t>(block_bytes / table.row_bytes(), 64);
}

bool MemoryPolicy::streaming(Stores stores, std::uint64_t bytes) const noexcept {
  if (stores != Stores::automatic) return stores == Stores::streaming;
  return bytes > level_2_;
}

std::uint64_t bytes_to_move(const TableView& table, std::size_t reads, std::size_t writes) noexcept {
  return reads * (table.row_bytes() + sizeof(std::int64_t)) + writes * table.dim() * sizeof(float);
}

std::uint64_t MemoryPolicy::estimated_ns(const TableView& table, std::size_t reads, std::size_t writes) const noexcept {
  constexpr std::uint64_t cached_bytes_per_ns = 32;
  constexpr std::uint64_t random_bytes_per_ns = 10;
  const bool cached = table_bytes(table) <= level_2_;
  return bytes_to_move(table, reads, writes) / (cached ? cached_bytes_per_ns : random_bytes_per_ns);
}

}  // namespace rowan::detail
