#include "engine/lookup/memory_policy.hpp"

namespace rowan::detail {

std::size_t MemoryPolicy::ahead_of_steps(const TableView& table) const noexcept {
  return bytes_of(table) <= caches_.l2
             ? 0
             : prefetch(bytes_of(table), table.row_bytes(), element_bits(table.dtype())).farthest();
}

std::uint64_t bytes_to_move(const TableView& table, std::size_t reads, std::size_t writes) noexcept {
  return reads * (table.row_bytes() + sizeof(std::int64_t)) + writes * table.dim() * sizeof(float);
}

std::uint64_t MemoryPolicy::estimated_ns(const TableView& table, std::size_t reads, std::size_t writes) const noexcept {
  constexpr std::uint64_t cached_bytes_per_ns = 32;
  constexpr std::uint64_t random_bytes_per_ns = 10;
  // A row costs its bytes, and something for each of its columns and for itself, however small it is.
  const std::uint64_t computed = reads * (1 + table.dim() / 16);
  const bool cached = bytes_of(table) <= caches_.l2;
  return computed + bytes_to_move(table, reads, writes) / (cached ? cached_bytes_per_ns : random_bytes_per_ns);
}

}  // namespace rowan::detail
