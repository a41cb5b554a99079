// Prefetches that stay where they are written. GCC takes a function that does nothing but __builtin_prefetch for one
// without effect, and drops the calls of those that it has not inlined yet.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rowan::simd {

constexpr std::size_t cache_line = 64;

[[gnu::always_inline]] inline void prefetch_into_l1(const std::byte* p) noexcept {
  __asm__ volatile("prefetcht0 %0" : : "m"(*p));
}
[[gnu::always_inline]] inline void prefetch_into_l2(const std::byte* p) noexcept {
  __asm__ volatile("prefetcht1 %0" : : "m"(*p));
}

/// All lines of `bytes` bytes, at least one.
[[gnu::always_inline]] inline void prefetch_into_l2(const std::byte* p, std::size_t bytes) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(p);
  for (std::uintptr_t line = address & ~(cache_line - 1); line < address + bytes; line += cache_line) {
    prefetch_into_l2(reinterpret_cast<const std::byte*>(line));
  }
}

}  // namespace rowan::simd
