// Runs of 100 random steps whose outcome is known: the random numbers of tests/golden/training_runs.py, drawn in the
// same order, and the steps taken with an Engine and an Optimizer.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "rowan/engine.hpp"
#include "rowan/optimizer.hpp"

namespace rowan::test {

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t bound) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return (state_ >> 33) % bound;
  }
  std::vector<float> values(std::size_t count) {
    std::vector<float> made(count);
    for (float& value : made) value = (static_cast<float>(below(129)) - 64.0F) / 64.0F;
    return made;
  }

 private:
  std::uint64_t state_;
};

/// The lookups of a run.
struct RunShape {
  std::uint64_t seed;
  std::optional<Pooling> pooling;  // none: embedding()
  bool weighted;
  bool all_rows;  // in every step
  bool by_frequency;
  std::optional<std::int64_t> padding_index;
};

struct GoldenRun {
  const char* name;
  RunShape shape;
  Algorithm algorithm;
  StepOptions step;
  std::optional<MaxNorm> max_norm;
  std::vector<float> weights;
  std::vector<std::vector<float>> state;
  std::vector<float> weights_gradient;  // of the last step
};

/// What a run ended with.
struct RunResult {
  std::vector<float> weights;
  std::vector<std::vector<float>> state;
  std::vector<float> weights_gradient;
};

inline RunResult run(const Engine& engine, const GoldenRun& golden) {
  constexpr std::uint64_t rows = 8, dim = 5, positions = 12, bags = 4;
  constexpr int steps = 100;
  const RunShape& shape = golden.shape;
  Draws draws(shape.seed);
  RunResult result{.weights = draws.values(rows * dim), .state = {}, .weights_gradient = {}};
  const MutableTableView table = *MutableTableView::over(result.weights, dim);
  Optimizer optimizer = std::move(Optimizer::create(table, golden.algorithm)).value();
  Workspace workspace;
  for (int step = 0; step < steps; ++step) {
    std::vector<std::int64_t> indices(positions);
    for (std::size_t p = 0; p < positions; ++p) {
      indices[p] = static_cast<std::int64_t>(shape.all_rows && p < rows ? p : draws.below(rows));
    }
    std::vector<float> weights;
    if (shape.weighted) weights = draws.values(positions);
    const std::vector<float> gradient = draws.values((shape.pooling ? bags : positions) * dim);
    result.weights_gradient.assign(weights.size(), 0.0F);

    LookupGradient lookup = LookupGradient::of_embedding(indices, gradient, shape.padding_index);
    if (shape.pooling) {
      const Bags::Weights given = shape.weighted ? Bags::Weights(weights) : std::nullopt;
      lookup.bags = Bags::fixed(indices, bags, given);
      lookup.options.pooling = *shape.pooling;
      lookup.weights_gradient = result.weights_gradient;
    }
    if (golden.max_norm) REQUIRE(engine.renormalize(table, indices, *golden.max_norm, workspace).ok());
    const Status status = optimizer.step(engine, table, lookup, golden.step);
    REQUIRE_MESSAGE(status.ok(), golden.name, ": ", status.message(table));
  }
  for (const StateTensor& tensor : optimizer.state()) {
    result.state.emplace_back(tensor.values.begin(), tensor.values.end());
  }
  return result;
}

/// How two lists differ at most, in units of 2^-23 of the element or of `scale`, whichever is larger.
inline double most_units(std::span<const float> expected, std::span<const float> actual, double scale) {
  REQUIRE(expected.size() == actual.size());
  double most = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double unit = 0x1p-23 * std::max(scale, std::abs(static_cast<double>(expected[i])));
    const double apart = std::abs(static_cast<double>(expected[i]) - static_cast<double>(actual[i])) / unit;
    most = apart <= most ? most : apart;  // NaN stays
  }
  return most;
}

}  // namespace rowan::test
