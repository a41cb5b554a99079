// Random steps of random optimizers, taken both by an engine and by the reference, and the weights and the state
// compared to the bit.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rowan/optimizer.hpp"
#include "tests/support/random_gradients.hpp"

namespace rowan::test {

inline constexpr DType trainable_dtypes[] = {DType::f32, DType::f16, DType::bf16};

/// A copy of a table that may be written, gaps between its rows included.
class WritableCopy {
 public:
  explicit WritableCopy(const TableView& table, std::size_t misalignment = 0)
      : bytes_(misalignment + (table.rows() - 1) * table.row_stride() + table.row_bytes()), skipped_(misalignment) {
    std::memcpy(bytes_.data() + skipped_, table.data(), bytes_.size() - skipped_);
    view_ = *MutableTableView::over(std::span(bytes_).subspan(skipped_), table.rows(), table.dim(), table.dtype(),
                                    table.row_stride());
  }
  WritableCopy(const WritableCopy&) = delete;
  WritableCopy& operator=(const WritableCopy&) = delete;

  const MutableTableView& view() const { return view_; }
  std::span<const std::byte> bytes() const { return std::span(bytes_).subspan(skipped_); }

 private:
  std::vector<std::byte> bytes_;
  std::size_t skipped_;
  MutableTableView view_ = *MutableTableView::over(std::span<float>(), 1);
};

/// The weights of both, NaN equal to NaN, and what lies between rows.
inline Outcome compare_tables(const WritableCopy& expected, const WritableCopy& actual) {
  const TableView& table = expected.view();
  const auto element = static_cast<simd::Element>(table.dtype());
  Outcome outcome{.compared = table.rows() * table.dim(), .difference = {}};
  for (std::uint64_t row = 0; row < table.rows(); ++row) {
    const std::size_t at = row * table.row_stride();
    const std::byte* const a = expected.bytes().data() + at;
    const std::byte* const b = actual.bytes().data() + at;
    for (std::uint64_t c = 0; c < table.dim(); ++c) {
      const float x = simd::decode(element, a, 0, c);  // equal bits have equal values, and none else has
      const float y = simd::decode(element, b, 0, c);
      if (same_bits(x, y)) continue;
      outcome.difference = "weight of row " + std::to_string(row) + " column " + std::to_string(c) + " of dim " +
                           std::to_string(table.dim()) + ": " + std::to_string(std::bit_cast<std::uint32_t>(y)) +
                           " for " + std::to_string(std::bit_cast<std::uint32_t>(x)) + " (bits)";
      return outcome;
    }
    const std::size_t gap = row + 1 < table.rows() ? table.row_stride() - table.row_bytes() : 0;
    if (gap != 0 && std::memcmp(a + table.row_bytes(), b + table.row_bytes(), gap) != 0) {
      outcome.difference = "what lies behind row " + std::to_string(row) + " was written";
      return outcome;
    }
  }
  return outcome;
}

/// An optimizer's state, copied.
class StateCopy {
 public:
  explicit StateCopy(const Optimizer& optimizer) {
    for (const StateTensor& tensor : optimizer.state())
      values_.emplace_back(tensor.values.begin(), tensor.values.end());
    for (std::vector<float>& values : values_) spans_.emplace_back(values);
  }
  StateCopy(const StateCopy&) = delete;
  StateCopy& operator=(const StateCopy&) = delete;

  std::span<const std::span<float>> spans() const { return spans_; }

 private:
  std::vector<std::vector<float>> values_;
  std::vector<std::span<float>> spans_;
};

inline Outcome compare_state(const StateCopy& expected, const Optimizer& actual) {
  Outcome outcome;
  for (std::size_t k = 0; k < actual.state().size(); ++k) {
    add(outcome, compare_floats(expected.spans()[k], actual.state()[k].values, std::string(actual.state()[k].name)));
  }
  return outcome;
}

/// One of a few values.
inline float one_of(Random& random, std::initializer_list<float> values) {
  return values.begin()[below(random, values.size())];
}

inline WeightDecay random_decay(Random& random) {
  return {.rate = one_of(random, {0.0F, 0.0F, 0.01F, 0.5F}), .decoupled = below(random, 2) == 0};
}

inline Algorithm random_algorithm(Random& random) {
  const float lr = one_of(random, {0.01F, 0.3F, 1.0F, 2.5F});
  const float eps = one_of(random, {1e-8F, 1e-10F, 0.1F, 0.0F});
  const float initial = one_of(random, {0.0F, 0.0F, 0.1F, 3.0F});
  const float beta1 = one_of(random, {0.9F, 0.0F, 0.5F, 0.99F});
  const float beta2 = one_of(random, {0.999F, 0.0F, 0.9F});
  const WeightDecay decay = random_decay(random);
  switch (below(random, 8)) {
    case 0:
      return Sgd{.lr = one_of(random, {0.0F, lr}), .weight_decay = decay};
    case 1:
      return Sgd{.lr = lr, .momentum = 0.9F, .nesterov = below(random, 2) == 0, .weight_decay = decay};
    case 2:
      return Adagrad{.lr = lr,
                     .lr_decay = one_of(random, {0.0F, 0.01F}),
                     .eps = eps,
                     .initial_accumulator_value = initial,
                     .weight_decay = decay};
    case 3:
      return RowWiseAdagrad{.lr = lr, .eps = eps, .initial_accumulator_value = initial, .weight_decay = decay};
    case 4:
      return Adam{.lr = lr, .beta1 = beta1, .beta2 = beta2, .eps = eps, .weight_decay = decay};
    case 5:
      return RowWiseAdam{.lr = lr, .beta1 = beta1, .beta2 = beta2, .eps = eps, .weight_decay = decay};
    case 6:
      return RmsProp{.lr = lr, .alpha = one_of(random, {0.99F, 0.0F, 0.5F}), .eps = eps, .weight_decay = decay};
    default:
      return Ftrl{.lr = lr,
                  .beta = one_of(random, {1.0F, 0.0F}),
                  .l1 = one_of(random, {0.0F, 0.5F, 3.0F}),
                  .l2 = one_of(random, {0.0F, 0.1F}),
                  .initial_accumulator_value = initial,
                  .weight_decay = decay};
  }
}

inline StepOptions random_step_options(Random& random, bool finite) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  StepOptions options;
  if (below(random, 4) == 0) options.lr = one_of(random, {0.7F, 1e-3F});
  options.scale = one_of(random, {1.0F, 1.0F, 1.0F, 0.5F, -3.0F, 0.0F});
  options.clip_value = one_of(random, {infinity, infinity, infinity, 1.5F, 0.0F});
  options.clip_norm = one_of(random, {infinity, infinity, infinity, 2.0F, 1e4F, 0.0F});
  options.scale_grad_by_freq = below(random, 3) == 0;
  options.non_finite = finite ? NonFinite::reject : NonFinite::keep;
  return options;
}

/// What a host may do to a gradient before a step: the same to both.
inline void change_some(Random& random, bool finite, reference::Gradient& expected, SparseGradient& actual) {
  for (std::size_t i = 0; i < expected.values.size(); i += 1 + below(random, 20)) {
    const float value = finite ? small_float(random) : any_float(random);
    expected.values[i] = value;
    actual.values()[i] = value;
  }
}

/// A few random steps of an optimizer of a copy of `table`: fused or not, as chance has it.
inline Outcome compare_random_steps(Random& random, const Engine& engine, const TableView& table) {
  const OptimizerOptions options{.rounding = below(random, 2) == 0 ? Rounding::nearest : Rounding::stochastic,
                                 .seed = random()};
  Result<Optimizer> optimizer = Optimizer::create(table, random_algorithm(random), options);
  if (!optimizer) return {.compared = 0, .difference = optimizer.error().message};
  if (below(random, 2) == 0) optimizer->resume_from(below(random, 3000));
  const WritableCopy expected(table);
  const WritableCopy actual(table, below(random, 8));
  const StateCopy state(*optimizer);
  Outcome outcome;
  reference::Gradient gradient;
  SparseGradient sparse;
  const std::size_t steps = 1 + below(random, 4);
  for (std::size_t i = 0; i < steps && outcome.difference.empty(); ++i) {
    const bool finite = below(random, 3) != 0;
    const StepOptions step = random_step_options(random, finite);
    const RandomLookups lookups(random, expected.view(), {.most_lookups = 2, .finite = finite});
    const GradientOptions backward{.scale_grad_by_freq = step.scale_grad_by_freq, .non_finite = step.non_finite};
    WeightsGradients expected_weights;
    WeightsGradients actual_weights;
    const std::vector<LookupGradient> given = lookups.lookups(actual_weights);
    const bool fused = below(random, 2) == 0;
    Status by_reference =
        reference::embedding_bag_backward(expected.view(), lookups.lookups(expected_weights), gradient, backward);
    Status by_engine;
    StepOptions apart = step;
    if (!fused) {
      by_engine = engine.embedding_bag_backward(actual.view(), given, sparse, backward);
      if (by_reference.ok() && by_engine.ok() && below(random, 3) == 0) change_some(random, finite, gradient, sparse);
      const std::span<const float> values = std::as_const(sparse).values();
      const bool finite_sums = std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
      if (!finite_sums) apart.non_finite = NonFinite::keep;  // sums of finite terms may overflow
    }
    // The reference first: it learns from the optimizer which step this is.
    const std::uint64_t before = optimizer->steps();
    if (by_reference.ok()) by_reference = reference::step(*optimizer, expected.view(), state.spans(), gradient, step);
    if (by_engine.ok()) {
      by_engine = fused ? optimizer->step(engine, actual.view(), given, step)
                        : optimizer->step(engine, actual.view(), sparse, apart);
    }
    if (!by_reference.ok() || !by_engine.ok()) {
      outcome.difference = "refused: " + by_engine.message(table) + " / " + by_reference.message(table);
    } else if (optimizer->steps() != before + 1) {
      outcome.difference = "the step was not counted";
    }
    add(outcome, compare_weights(expected_weights, actual_weights));
    add(outcome, compare_tables(expected, actual));
    add(outcome, compare_state(state, *optimizer));
  }
  if (!outcome.difference.empty()) {
    outcome.difference = "algorithm " + std::to_string(optimizer->algorithm().index()) + ": " + outcome.difference;
  }
  return outcome;
}

}  // namespace rowan::test
