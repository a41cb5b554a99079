// What an algorithm's hyper-parameters mean: which state it keeps, and the factors of a step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "rowan/optimizer.hpp"
#include "rowan/status.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

/// A tensor of state: one number for each weight, or one for each row.
struct StateKind {
  std::string_view name;
  bool row_wise = false;
  float initial = 0.0F;
};

/// What an algorithm keeps, at most two tensors, in the order in which the kernels take them.
struct StateKinds {
  StateKind kinds[2];
  std::size_t count = 0;

  std::span<const StateKind> all() const noexcept { return {kinds, count}; }
};

StateKinds state_of(const Algorithm& algorithm) noexcept;

/// The name of an algorithm, as in error messages.
std::string_view algorithm_name(const Algorithm& algorithm) noexcept;

/// The sentence about the first hyper-parameter that is out of its range.
std::optional<Error> check_algorithm(const Algorithm& algorithm);

/// Whether a step can be taken with a learning rate.
bool good_learning_rate(const Algorithm& algorithm, float lr) noexcept;

/// The learning rate that an algorithm has.
float learning_rate(const Algorithm& algorithm) noexcept;

simd::Step step_of(const Algorithm& algorithm) noexcept;

/// The factors of step number `step`, from 1, with gradients as they are: scale and clip are left to the caller.
simd::StepFactors factors_of(const Algorithm& algorithm, std::uint64_t step, float lr) noexcept;

}  // namespace rowan::detail
