// What the sum of a bag is divided by.
#pragma once

#include <cmath>
#include <cstddef>

#include "engine/lookup/checks.hpp"

namespace rowan::detail {

/// What a bag is divided by, taken member by member.
class Divisor {
 public:
  explicit Divisor(const CheckedBags& bags) noexcept : pooling_(bags.pooling), weighted_(bags.weights != nullptr) {}

  static bool needed(Pooling pooling) noexcept {
    return pooling != Pooling::sum && pooling != Pooling::max && pooling != Pooling::min;
  }
  bool reads_weights() const noexcept {
    return weighted_ && (pooling_ == Pooling::mean_by_weight || pooling_ == Pooling::sqrt_n);
  }
  void add(float weight) noexcept {
    sum_ = pooling_ == Pooling::sqrt_n ? std::fma(weight, weight, sum_) : sum_ + weight;
  }
  float value(std::size_t members) const noexcept {
    const float total = reads_weights() ? sum_ : static_cast<float>(members);
    return pooling_ == Pooling::sqrt_n ? std::sqrt(total) : total;
  }

 private:
  Pooling pooling_;
  bool weighted_;
  float sum_ = 0.0F;
};

}  // namespace rowan::detail
