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
  policy.level_1_ = cache_bytes(_SC_LEVEL1_DCACHE_SIZE, std::uint64_t{32} << 10);
  policy.level_2_ = cache_bytes(_SC_LEVEL2_CACHE_SIZE, std::uint64_t{1} << 20);
  policy.level_3_ = cache_bytes(_SC_LEVEL3_CACHE_SIZE, std::uint64_t{16} << 20);
  return policy;
}

simd::Prefetch MemoryPolicy::prefetch(const TableView& table) const noexcept {
  return prefetch(table_bytes(table), table.row_bytes(), element_bits(table.dtype()));
}

simd::Prefetch MemoryPolicy::prefetch(std::uint64_t bytes, std::uint64_t row_bytes, std::uint64_t bits) const noexcept {
  constexpr std::size_t near = 8;
  constexpr std::uint64_t bytes_in_flight = 8 << 10;
  constexpr std::uint64_t columns_of_pass = 64;
  if (bytes <= level_1_) return {0, 0};
  if (bytes <= level_2_) return {near, 0};
  const auto ahead = [](std::uint64_t bytes_of_row) {
    return std::clamp<std::uint64_t>(bytes_in_flight / bytes_of_row, 16, 48);
  };
  if (bits >= 16) return {ahead(row_bytes), 0};
  return {ahead(std::min(row_bytes, columns_of_pass * bits / 8)), near};
}

std::size_t MemoryPolicy::ahead_of_steps(const TableView& table) const noexcept {
  return table_bytes(table) <= level_2_ ? 0 : prefetch(table).far;
}

std::uint64_t bytes_to_move(const TableView& table, std::size_t reads, std::size_t writes) noexcept {
  return reads * (table.row_bytes() + sizeof(std::int64_t)) + writes * table.dim() * sizeof(float);
}

std::uint64_t MemoryPolicy::estimated_ns(const TableView& table, std::size_t reads, std::size_t writes) const noexcept {
  constexpr std::uint64_t cached_bytes_per_ns = 32;
  constexpr std::uint64_t random_bytes_per_ns = 10;
  // A row costs its bytes, and something for each of its columns and for itself, however small it is.
  const std::uint64_t computed = reads * (1 + table.dim() / 16);
  const bool cached = table_bytes(table) <= level_2_;
  return computed + bytes_to_move(table, reads, writes) / (cached ? cached_bytes_per_ns : random_bytes_per_ns);
}

}  // namespace rowan::detail
