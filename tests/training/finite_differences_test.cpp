// Gradients against what the forward pass itself says: the loss sum(G * out) a little to either side of every weight of
// the table and of every per-sample weight, for every pooling, policy and form of bags.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "rowan/engine.hpp"
#include "tests/support/random_calls.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr std::uint64_t rows = 7;

/// A call whose arrays can be moved a little.
struct Call {
  Call(Random& random, std::uint64_t dim_, Pooling pooling, bool weighted_, BadIndex policy, bool fixed_)
      : dim(dim_), weighted(weighted_), fixed(fixed_), table(rows * dim), weights(indices.size()), gradient(4 * dim) {
    // Whole numbers, each once: a small step changes no maximum and no minimum.
    std::iota(table.begin(), table.end(), -10.0F);
    std::shuffle(table.begin(), table.end(), random);
    for (float& x : table) x = x / 8;
    for (float& weight : weights) weight = 0.5F + static_cast<float>(below(random, 64)) / 64;
    for (float& g : gradient) g = static_cast<float>(below(random, 129)) / 64 - 1;
    options = {.pooling = pooling, .padding_index = 2, .bad_index = policy, .default_row = 5};
    if (policy == BadIndex::reject) std::replace(indices.begin(), indices.end(), 99, 6);
  }

  Bags bags() const {
    const Bags::Weights given = weighted ? Bags::Weights(weights) : std::nullopt;
    return fixed ? Bags::fixed(indices, 4, given) : Bags::by_lengths(indices, lengths, given);
  }
  TableView view() const { return *TableView::over(table, dim); }
  double loss(const Engine& engine) const {
    std::vector<float> out(gradient.size());
    REQUIRE(engine.embedding_bag(view(), bags(), out, options).ok());
    double sum = 0;
    for (std::size_t i = 0; i < out.size(); ++i) sum += static_cast<double>(gradient[i]) * static_cast<double>(out[i]);
    return sum;
  }
  /// The slope of the loss in `x`, an element of this call. Losses are known to some 2^-21, twice that over the step
  /// is under 2^-13; its square times a third derivative is no more.
  double slope(const Engine& engine, float& x) const {
    constexpr float step = 1.0F / 128;
    const float middle = x;
    x = middle + step;
    const double above = loss(engine);
    x = middle - step;
    const double under = loss(engine);
    x = middle;
    return (above - under) / (2 * static_cast<double>(step));
  }

  std::uint64_t dim;
  bool weighted;
  bool fixed;
  std::vector<std::int32_t> indices = {1, 3, 1, 2, 0, 99, 4, 4, 2, 2, 2, 2, 6, 1, 99, 3};
  std::vector<std::int32_t> lengths = {7, 0, 5, 4};  // an empty bag; four of padding and more
  std::vector<float> table;
  std::vector<float> weights;
  std::vector<float> gradient;
  BagOptions options;
};

constexpr double tolerance = 1e-3;

std::size_t check(Call& call) {
  const Engine engine;
  std::vector<float> weights_gradient(call.weighted ? call.indices.size() : 0);
  const LookupGradient lookup{call.bags(), call.gradient, call.options, weights_gradient};
  SparseGradient sparse;
  REQUIRE(engine.embedding_bag_backward(call.view(), std::span(&lookup, 1), sparse).ok());
  std::vector<float> dense(call.table.size(), 0.0F);
  for (std::size_t i = 0; i < sparse.rows().size(); ++i) {
    std::copy_n(sparse.values().data() + i * call.dim, call.dim, dense.data() + sparse.rows()[i] * call.dim);
  }
  const auto compare = [&](float computed, float& x, const char* what, std::size_t i) {
    const double slope = call.slope(engine, x);
    CHECK_MESSAGE(std::abs(slope - static_cast<double>(computed)) <= tolerance, "pooling ",
                  static_cast<int>(call.options.pooling), ", ", what, " ", i, ": ", computed, " for ", slope);
  };
  for (std::size_t i = 0; i < dense.size(); ++i) compare(dense[i], call.table[i], "weight", i);
  for (std::size_t j = 0; j < weights_gradient.size(); ++j) {
    compare(weights_gradient[j], call.weights[j], "per-sample weight", j);
  }
  return dense.size() + weights_gradient.size();
}

}  // namespace

TEST_CASE("gradients are the slopes of the forward pass") {
  Random random(20261128);
  std::size_t compared = 0;
  for (const Pooling pooling : all_poolings) {
    for (const bool weighted : {false, true}) {
      if (weighted ? !may_have_weights(pooling) : pooling >= Pooling::mean_by_weight) continue;
      for (const BadIndex policy : {BadIndex::reject, BadIndex::skip, BadIndex::default_row}) {
        for (const bool fixed : {false, true}) {
          for (const std::uint64_t dim : {1, 3, 5, 19}) {
            Call call(random, dim, pooling, weighted, policy, fixed);
            compared += check(call);
          }
        }
      }
    }
  }
  MESSAGE(compared, " slopes compared");
  CHECK(compared > 10'000);
}
