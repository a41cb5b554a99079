// What optimizers keep: names, shapes, first values; which rows a step touches; steps that are gone on with.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "rowan/engine.hpp"
#include "rowan/optimizer.hpp"

using namespace rowan;

namespace {

constexpr std::uint64_t rows = 6;
constexpr std::uint64_t dim = 3;

struct Kept {
  std::string name;
  std::uint64_t columns;
  float first;
};

struct Case {
  Algorithm algorithm;
  std::vector<Kept> kept;
};

const Case all_cases[] = {
    {Sgd{}, {}},
    {Sgd{.momentum = 0.9F}, {{"momentum_buffer", dim, 0.0F}}},
    {Sgd{.momentum = 0.9F, .nesterov = true}, {{"momentum_buffer", dim, 0.0F}}},
    {Adagrad{.initial_accumulator_value = 0.5F}, {{"sum", dim, 0.5F}}},
    {RowWiseAdagrad{.initial_accumulator_value = 2.0F}, {{"sum", 1, 2.0F}}},
    {Adam{}, {{"exp_avg", dim, 0.0F}, {"exp_avg_sq", dim, 0.0F}}},
    {RowWiseAdam{}, {{"exp_avg", dim, 0.0F}, {"exp_avg_sq", 1, 0.0F}}},
    {RmsProp{}, {{"square_avg", dim, 0.0F}}},
    {Ftrl{.initial_accumulator_value = 0.25F}, {{"accumulator", dim, 0.25F}, {"linear", dim, 0.0F}}},
};

/// A table and its optimizer.
struct Learner {
  explicit Learner(const Algorithm& algorithm) : optimizer(std::move(Optimizer::create(table, algorithm)).value()) {}

  void step(const std::vector<std::int32_t>& indices, float gradient) {
    const std::vector<float> values(indices.size() * dim, gradient);
    REQUIRE(optimizer.step(engine, table, LookupGradient::of_embedding(indices, values)).ok());
  }

  Engine engine;
  std::vector<float> weights = std::vector<float>(rows * dim, 1.0F);
  MutableTableView table = *MutableTableView::over(weights, dim);
  Optimizer optimizer;
};

}  // namespace

TEST_CASE("state has its names, its shapes and its first values") {
  for (const Case& c : all_cases) {
    const Learner learner(c.algorithm);
    CHECK(learner.optimizer.rows() == rows);
    CHECK(learner.optimizer.dim() == dim);
    CHECK(learner.optimizer.dtype() == DType::f32);
    CHECK(learner.optimizer.steps() == 0);
    CHECK(learner.optimizer.algorithm().index() == c.algorithm.index());
    REQUIRE(learner.optimizer.state().size() == c.kept.size());
    for (std::size_t k = 0; k < c.kept.size(); ++k) {
      const StateTensor& tensor = learner.optimizer.state()[k];
      CHECK(tensor.name == c.kept[k].name);
      CHECK(tensor.rows == rows);
      CHECK(tensor.columns == c.kept[k].columns);
      REQUIRE(tensor.values.size() == rows * c.kept[k].columns);
      CHECK(std::all_of(tensor.values.begin(), tensor.values.end(), [&](float x) { return x == c.kept[k].first; }));
    }
  }
}

TEST_CASE("a step touches the rows that have a gradient, in weights and state, and no other") {
  for (const Case& c : all_cases) {
    Learner learner(c.algorithm);
    const Learner fresh(c.algorithm);
    learner.step({1, 4, 1}, 0.5F);
    CHECK(learner.optimizer.steps() == 1);
    const auto touched = [](std::uint64_t row) { return row == 1 || row == 4; };
    for (std::uint64_t row = 0; row < rows; ++row) {
      CHECK((learner.weights[row * dim] != 1.0F) == touched(row));
      for (std::size_t k = 0; k < c.kept.size(); ++k) {
        const std::uint64_t at = row * c.kept[k].columns;
        CHECK((learner.optimizer.state()[k].values[at] != fresh.optimizer.state()[k].values[at]) == touched(row));
      }
    }
  }
}

TEST_CASE("a step without lookups is a step that touches nothing") {
  Learner learner(Adam{});
  REQUIRE(learner.optimizer.step(learner.engine, learner.table, std::span<const LookupGradient>()).ok());
  REQUIRE(learner.optimizer.step(learner.engine, learner.table, SparseGradient()).ok());
  CHECK(learner.optimizer.steps() == 2);
  CHECK(learner.weights == std::vector<float>(rows * dim, 1.0F));
}

TEST_CASE("weights, state and steps put back go on to the same bits") {
  for (const Case& c : all_cases) {
    Learner whole(c.algorithm);
    whole.step({0, 1, 5}, 0.5F);
    whole.step({1, 2}, -0.75F);
    Learner resumed(c.algorithm);
    resumed.weights.assign(whole.weights.begin(), whole.weights.end());
    for (std::size_t k = 0; k < c.kept.size(); ++k) {
      std::copy(whole.optimizer.state()[k].values.begin(), whole.optimizer.state()[k].values.end(),
                resumed.optimizer.state()[k].values.begin());
    }
    resumed.optimizer.resume_from(whole.optimizer.steps());
    whole.step({1, 3, 1}, 0.25F);
    resumed.step({1, 3, 1}, 0.25F);
    CHECK(resumed.optimizer.steps() == 3);
    CHECK(resumed.weights == whole.weights);
    for (std::size_t k = 0; k < c.kept.size(); ++k) {
      CHECK(std::equal(whole.optimizer.state()[k].values.begin(), whole.optimizer.state()[k].values.end(),
                       resumed.optimizer.state()[k].values.begin()));
    }
  }
}

TEST_CASE("an optimizer that was moved keeps its state where it was") {
  Learner learner(Adam{});
  learner.step({1}, 0.5F);
  const float* const before = learner.optimizer.state()[0].values.data();
  const Optimizer moved = std::move(learner.optimizer);
  CHECK(moved.state()[0].values.data() == before);
  CHECK(moved.steps() == 1);
}

TEST_CASE("a step of no index changes nothing and is counted") {
  for (const Case& c : all_cases) {
    Learner learner(c.algorithm);
    learner.step({}, 1.0F);
    CHECK(learner.optimizer.steps() == 1);
    CHECK(learner.weights == std::vector<float>(rows * dim, 1.0F));
    for (const StateTensor& tensor : learner.optimizer.state()) {
      for (const float value : tensor.values) CHECK(value == c.kept[&tensor - learner.optimizer.state().data()].first);
    }
  }
}
