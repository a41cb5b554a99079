// Arithmetic on sizes that come from files or callers: a result that does not fit is absent, never wrapped.
#pragma once

#include <cstdint>
#include <optional>

namespace rowan::detail {

inline std::optional<std::uint64_t> checked_add(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

inline std::optional<std::uint64_t> checked_multiply(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

/// The next multiple of `step`, a power of two.
inline std::optional<std::uint64_t> checked_round_up(std::uint64_t value, std::uint64_t step) noexcept {
  const auto sum = checked_add(value, step - 1);
  if (!sum) return std::nullopt;
  return *sum & ~(step - 1);
}

}  // namespace rowan::detail
