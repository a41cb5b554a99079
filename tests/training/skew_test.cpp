// Gradients and steps of calls that are large enough to be split: every number of threads, indices drawn evenly, by
// Zipf's law, and all of one row, whose occurrences are then summed in chunks and a tree. To the bit, as everything.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "tests/support/effort.hpp"
#include "tests/support/random_steps.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr std::uint64_t seed = 20261129;

enum class Draw : std::uint8_t { uniform, zipf, one_row };
constexpr Draw all_draws[] = {Draw::uniform, Draw::zipf, Draw::one_row};

std::vector<std::int64_t> draw_indices(Random& random, Draw draw, std::size_t count, std::uint64_t rows) {
  std::vector<std::int64_t> indices(count, static_cast<std::int64_t>(rows / 2));
  if (draw == Draw::uniform) {
    for (auto& index : indices) index = static_cast<std::int64_t>(below(random, rows));
  } else if (draw == Draw::zipf) {
    std::vector<double> weights(rows);
    for (std::uint64_t r = 0; r < rows; ++r) weights[r] = std::pow(static_cast<double>(r + 1), -1.05);
    std::discrete_distribution<std::int64_t> zipf(weights.begin(), weights.end());
    for (auto& index : indices) index = zipf(random);
  }
  return indices;
}

/// A lookup of bags of eight, and a gradient of its output that is rounded at every addition.
struct LargeLookup {
  LargeLookup(Random& random, Draw draw, Pooling pooling_, bool weighted_, std::size_t count, std::uint64_t rows,
              std::uint64_t dim)
      : pooling(pooling_),
        weighted(weighted_),
        indices(draw_indices(random, draw, count, rows)),
        weights(count),
        gradient(count / 8 * dim) {
    std::normal_distribution<float> normal;
    for (float& weight : weights) weight = normal(random);
    for (float& g : gradient) g = normal(random);
  }
  LookupGradient lookup(std::vector<float>& weights_gradient) const {
    weights_gradient.assign(weighted ? weights.size() : 0, 12345.0F);
    const Bags::Weights given = weighted ? Bags::Weights(weights) : std::nullopt;
    return {Bags::fixed(indices, indices.size() / 8, given),
            gradient,
            {.pooling = pooling, .padding_index = 3},
            weights_gradient};
  }

  Pooling pooling;
  bool weighted;
  std::vector<std::int64_t> indices;
  std::vector<float> weights;
  std::vector<float> gradient;
};

std::vector<Engine> engines() {
  std::vector<Engine> made;
  for (const int threads : {1, 2, 3, 8}) {
    made.emplace_back(EngineOptions{.threads = Threads::own(threads)});
    REQUIRE(made.back().status().ok());
  }
  return made;
}

/// One gradient and one step, fused and not, by each engine.
std::size_t check(Random& random, std::span<const Engine> with, std::span<const LargeLookup> parts,
                  const RandomTable& table, const Algorithm& algorithm, const StepOptions& step) {
  const auto lookups_into = [&](WeightsGradients& out) {
    out.resize(parts.size());
    std::vector<LookupGradient> lookups;
    for (std::size_t i = 0; i < parts.size(); ++i) lookups.push_back(parts[i].lookup(out[i]));
    return lookups;
  };
  const OptimizerOptions rounding{.rounding = Rounding::stochastic, .seed = random()};
  Optimizer fresh = std::move(Optimizer::create(table.view(), algorithm, rounding)).value();
  const WritableCopy expected(table.view());
  const StateCopy expected_state(fresh);
  reference::Gradient expected_gradient;
  WeightsGradients expected_weights;
  const GradientOptions backward{.scale_grad_by_freq = step.scale_grad_by_freq};
  REQUIRE(reference::embedding_bag_backward(table.view(), lookups_into(expected_weights), expected_gradient, backward)
              .ok());
  REQUIRE(reference::step(fresh, expected.view(), expected_state.spans(), expected_gradient, step).ok());

  std::size_t compared = 0;
  const auto note = [&](const Outcome& outcome, const Engine& engine, const char* what) {
    CHECK_MESSAGE(outcome.difference.empty(), what, " with ", engine.concurrency(), " threads: ", outcome.difference);
    compared += outcome.compared;
  };
  for (const Engine& engine : with) {
    WeightsGradients weights;
    SparseGradient gradient;
    REQUIRE(engine.embedding_bag_backward(table.view(), lookups_into(weights), gradient, backward).ok());
    note(compare_gradients(expected_gradient, gradient), engine, "backward");
    note(compare_weights(expected_weights, weights), engine, "backward");
    for (const bool fused : {true, false}) {
      Optimizer optimizer = std::move(Optimizer::create(table.view(), algorithm, rounding)).value();
      const WritableCopy actual(table.view());
      const Status status = fused ? optimizer.step(engine, actual.view(), lookups_into(weights), step)
                                  : optimizer.step(engine, actual.view(), gradient, step);
      REQUIRE_MESSAGE(status.ok(), status.message(table.view()));
      note(compare_weights(expected_weights, weights), engine, fused ? "fused step" : "step");
      note(compare_tables(expected, actual), engine, fused ? "fused step" : "step");
      note(compare_state(expected_state, optimizer), engine, fused ? "fused step" : "step");
    }
  }
  return compared;
}

}  // namespace

TEST_CASE("large calls on 1, 2, 3 and 8 threads, whatever the indices") {
  Random random(seed);
  const std::vector<Engine> with = engines();
  constexpr Pooling poolings[] = {Pooling::sum, Pooling::mean_by_count, Pooling::sqrt_n, Pooling::max};
  const std::size_t count = static_cast<std::size_t>(cases(15'000)) * 8;
  std::size_t compared = 0;
  std::size_t i = 0;
  for (const Draw draw : all_draws) {
    for (const Pooling pooling : poolings) {
      const std::uint64_t dim = 8 + below(random, 30);
      const RandomTable table(random, 5'000, dim, trainable_dtypes[i % 3]);
      const bool weighted = pooling >= Pooling::mean_by_weight || (may_have_weights(pooling) && i % 2 == 1);
      std::vector<LargeLookup> parts;
      parts.emplace_back(random, draw, pooling, weighted, count, 5'000, dim);
      if (i % 4 == 1) parts.emplace_back(random, Draw::zipf, Pooling::mean, false, count / 2, 5'000, dim);
      const Algorithm algorithms[] = {RowWiseAdagrad{}, Adam{}, Ftrl{}, Sgd{.momentum = 0.9F, .nesterov = true}};
      StepOptions step{.scale_grad_by_freq = i % 4 == 3};
      if (i % 2 == 0) step.clip_norm = 1.0F;
      compared += check(random, with, parts, table, algorithms[i % 4], step);
      ++i;
    }
  }
  MESSAGE("seed ", seed, ": ", compared, " elements compared");
  CHECK(compared > 10'000);
}

TEST_CASE("large tables, most of whose rows occur once or not at all") {
  Random random(seed + 3);
  const std::vector<Engine> with = engines();
  const std::size_t count = static_cast<std::size_t>(cases(2'000)) * 32;
  std::size_t compared = 0;
  std::size_t i = 0;
  for (const std::uint64_t rows :
       {count / 2, count, 3 * count, 20 * count}) {  // the last more than a filter has places
    const std::uint64_t dim = 1 + below(random, 5);
    const RandomTable table(random, rows, dim, trainable_dtypes[i % 3]);
    std::vector<LargeLookup> parts;
    parts.emplace_back(random, Draw::uniform, i == 1 ? Pooling::max : Pooling::sum, i == 2, count, rows, dim);
    if (i % 2 == 1) parts.emplace_back(random, Draw::uniform, Pooling::mean, false, count / 4, rows, dim);
    const Algorithm algorithms[] = {RowWiseAdagrad{}, RowWiseAdam{}, Sgd{}, RowWiseAdagrad{}};
    compared += check(random, with, parts, table, algorithms[i], {.scale_grad_by_freq = i == 2});
    ++i;
  }
  MESSAGE("seed ", seed + 3, ": ", compared, " elements compared");
  CHECK(compared > 10'000);
}

TEST_CASE("rows with as many occurrences as fill a chunk, one more, and many times that") {
  Random random(seed + 1);
  const std::vector<Engine> with = engines();
  constexpr std::uint64_t dim = 5;
  std::size_t compared = 0;
  for (const std::size_t bags : {511, 512, 513, 1024, 1025, 1536, 1537, 2561, 12'801}) {
    const RandomTable table(random, 9, dim, DType::f32);
    std::vector<LargeLookup> parts;
    parts.emplace_back(random, Draw::one_row, Pooling::sum, bags % 2 == 1, bags * 8, 9, dim);
    if (bags % 3 == 0) parts.emplace_back(random, Draw::uniform, Pooling::sum, false, 40'000, 9, dim);
    compared += check(random, with, parts, table, Adagrad{}, {});
  }
  MESSAGE("seed ", seed + 1, ": ", compared, " elements compared");
}

TEST_CASE("the chunks show: sums of more than 4,096 occurrences are not those in one go") {
  Random random(seed + 2);
  const Engine engine;
  const RandomTable table(random, 5, 1, DType::f32);
  for (const std::size_t count : {4'096, 4'104, 100'008}) {
    const LargeLookup large(random, Draw::one_row, Pooling::sum, false, count, 5, 1);
    std::vector<float> none;
    const LookupGradient lookup = large.lookup(none);
    SparseGradient gradient;
    REQUIRE(engine.embedding_bag_backward(table.view(), std::span(&lookup, 1), gradient).ok());
    std::vector<float> terms;
    for (std::size_t j = 0; j < count; ++j) terms.push_back(large.gradient[j / 8]);
    std::vector<float> sums;
    for (std::size_t begin = 0; begin < count; begin += 4'096) {
      float sum = 0.0F;
      for (std::size_t j = begin; j < std::min(begin + 4'096, count); ++j) sum += terms[j];
      sums.push_back(sum);
    }
    for (std::size_t left = sums.size(); left > 1; left = (left + 1) / 2) {
      for (std::size_t k = 0; k < left; k += 2) sums[k / 2] = k + 1 < left ? sums[k] + sums[k + 1] : sums[k];
    }
    float in_one_go = 0.0F;
    for (const float term : terms) in_one_go += term;
    REQUIRE(gradient.values().size() == 1);
    CHECK(same_bits(gradient.values()[0], sums[0]));
    CHECK((gradient.values()[0] == in_one_go) == (count <= 4'096));
  }
}
