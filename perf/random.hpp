// Random numbers that are the same with every standard library: its distributions are not.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>

namespace rowan::perf {

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : bits_(seed) {}

  /// In [0, 1).
  double unit() { return static_cast<double>(bits_() >> 11) * 0x1p-53; }
  /// In [0, n).
  std::uint64_t below(std::uint64_t n) {
    return std::min(static_cast<std::uint64_t>(unit() * static_cast<double>(n)), n - 1);
  }
  /// In [low, high): every factor is as likely.
  double log_uniform(double low, double high) { return low * std::pow(high / low, unit()); }

 private:
  std::mt19937_64 bits_;
};

}  // namespace rowan::perf
