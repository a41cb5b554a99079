// Calls that must be refused, by the engine, the optimizer and the reference alike, without a write.
#pragma once

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "rowan/engine.hpp"
#include "rowan/optimizer.hpp"
#include "rowan/training_reference.hpp"
#include "tests/lookup/refusals.hpp"

namespace rowan::test {

/// A table of ten rows of dim 4 that has learnt a little, with a gradient and room for that of six weights.
class RefusedTraining {
 public:
  explicit RefusedTraining(const Algorithm& algorithm = Adam{})
      : optimizer(std::move(Optimizer::create(table, algorithm)).value()) {
    const std::vector<std::int32_t> indices = {1, 5, 5, 9};
    const std::vector<float> ones(16, 1.0F);
    const LookupGradient lookup = LookupGradient::of_embedding(indices, ones);
    REQUIRE(optimizer.step(engine, table, lookup).ok());
    REQUIRE(engine.embedding_bag_backward(table, std::span(&lookup, 1), gradient).ok());
    remember();
  }

  /// The refusal that backward, replacing and adding, the fused step and the reference all give.
  Status refused(std::span<const LookupGradient> lookups, NonFinite non_finite = NonFinite::reject) {
    const Status status = engine.embedding_bag_backward(table, lookups, gradient, {.non_finite = non_finite});
    CHECK(!status.ok());
    check_same(status,
               engine.embedding_bag_backward(table, lookups, gradient, {.non_finite = non_finite, .accumulate = true}));
    check_same(status, optimizer.step(engine, table, lookups, {.non_finite = non_finite}));
    reference::Gradient by_reference{.rows = {7}, .values = {1, 2, 3, 4}};
    check_same(status, reference::embedding_bag_backward(table, lookups, by_reference, {.non_finite = non_finite}));
    CHECK(by_reference.rows == std::vector<std::uint64_t>{7});
    check_untouched();
    return status;
  }
  Status refused(const LookupGradient& lookup, NonFinite non_finite = NonFinite::reject) {
    return refused(std::span(&lookup, 1), non_finite);
  }
  /// A step with a gradient that is there, which must be refused.
  Status refused_step(const SparseGradient& with, const StepOptions& options = {}) {
    const Status status = optimizer.step(engine, table, with, options);
    CHECK(!status.ok());
    check_untouched();
    return status;
  }

  void check_untouched() const {
    CHECK(values == before_.values);
    CHECK(state() == before_.state);
    CHECK(optimizer.steps() == before_.steps);
    CHECK(std::equal(gradient.rows().begin(), gradient.rows().end(), before_.rows.begin(), before_.rows.end()));
    const std::span<const float> now = gradient.values();
    CHECK(std::equal(now.begin(), now.end(), before_.gradient.begin(), before_.gradient.end()));
    CHECK(std::all_of(weights_gradient.begin(), weights_gradient.end(), [](float x) { return x == untouched; }));
  }

  /// What is there now is what must stay.
  void remember() {
    const std::span<const float> now = std::as_const(gradient).values();
    before_ = {
        values, state(), optimizer.steps(), {gradient.rows().begin(), gradient.rows().end()}, {now.begin(), now.end()}};
  }

  std::vector<float> values = std::vector<float>(10 * 4, 1.0F);
  MutableTableView table = *MutableTableView::over(values, 4);
  Engine engine;
  Optimizer optimizer;
  SparseGradient gradient;
  std::vector<float> weights_gradient = std::vector<float>(6, untouched);

 private:
  struct Remembered {
    std::vector<float> values;
    std::vector<std::vector<float>> state;
    std::uint64_t steps = 0;
    std::vector<std::uint64_t> rows;
    std::vector<float> gradient;
  };

  std::vector<std::vector<float>> state() const {
    std::vector<std::vector<float>> tensors;
    for (const StateTensor& tensor : optimizer.state()) {
      tensors.emplace_back(tensor.values.begin(), tensor.values.end());
    }
    return tensors;
  }

  Remembered before_;
};

}  // namespace rowan::test
