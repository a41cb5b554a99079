// Random gradients of random lookups, pushed back both by an engine and by the reference, and what comes of them
// compared to the bit.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rowan/training_reference.hpp"
#include "tests/support/random_calls.hpp"

namespace rowan::test {

/// A gradient as a call takes it: of any of the three types, with a gap between its rows or without.
class RandomMatrix {
 public:
  RandomMatrix(Random& random, std::size_t rows, std::uint64_t dim, bool finite)
      : dtype_(output_dtypes[below(random, 3)]), stride_(dim + below(random, 3) * below(random, 5)) {
    std::vector<float> values(rows * stride_);
    for (float& value : values) value = finite ? small_float(random) : any_float(random);
    if (dtype_ == DType::f32) {
      floats_ = values;
    } else {
      halves_.resize(values.size());
      simd::encode(static_cast<simd::Element>(dtype_), values.data(), values.size(),
                   reinterpret_cast<std::byte*>(halves_.data()));
    }
  }
  GradientView view() const {
    return dtype_ == DType::f32 ? GradientView(floats_, stride_) : GradientView(halves_, dtype_, stride_);
  }

 private:
  DType dtype_;
  std::uint64_t stride_;
  std::vector<float> floats_;
  std::vector<std::uint16_t> halves_;
};

/// Where the gradients of the weights of some lookups go; empty where none is asked for.
using WeightsGradients = std::vector<std::vector<float>>;

/// What random lookups with gradients are made of; the rest is left to chance.
struct LookupsShape {
  std::size_t most_lookups = 3;
  bool finite = true;
  CallShape call = {.most_bags = 6, .longest_bag = 10};
};

/// Lookups of one table, in every form, and the gradients of their outputs.
class RandomLookups {
 public:
  RandomLookups(Random& random, const TableView& table, const LookupsShape& shape) {
    const std::size_t count = below(random, 20) == 0 ? 0 : 1 + below(random, shape.most_lookups);
    for (std::size_t i = 0; i < count; ++i) {
      CallShape call = shape.call;
      call.pooling = all_poolings[below(random, 7)];
      call.indices = all_index_kinds[below(random, 6)];
      RandomBags bags(random, table, call);
      RandomMatrix gradient(random, bags.size(), table.dim(), shape.finite);
      parts_.push_back({std::move(bags), std::move(gradient), below(random, 2) == 0});
    }
  }

  /// The lookups, whose weights' gradients go to `out`.
  std::vector<LookupGradient> lookups(WeightsGradients& out) const {
    out.assign(parts_.size(), {});
    std::vector<LookupGradient> made;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const Bags bags = parts_[i].bags.bags();
      if (parts_[i].weights_gradient && bags.weights()) out[i].assign(bags.weights()->size(), 12345.0F);
      made.push_back({bags, parts_[i].gradient.view(), parts_[i].bags.options(), out[i]});
    }
    return made;
  }

 private:
  struct Part {
    RandomBags bags;
    RandomMatrix gradient;
    bool weights_gradient;
  };
  std::vector<Part> parts_;
};

/// How many floats of `a` and `b` were compared, and the first that differs.
inline Outcome compare_floats(std::span<const float> expected, std::span<const float> actual, const std::string& what) {
  Outcome outcome{.compared = expected.size(), .difference = {}};
  if (expected.size() != actual.size()) {
    outcome.difference = what + ": " + std::to_string(actual.size()) + " for " + std::to_string(expected.size());
  } else if (const std::size_t at = first_difference(expected, actual); at != expected.size()) {
    outcome.difference = what + " " + std::to_string(at) + " of " + std::to_string(expected.size()) + ": " +
                         std::to_string(std::bit_cast<std::uint32_t>(actual[at])) + " for " +
                         std::to_string(std::bit_cast<std::uint32_t>(expected[at])) + " (bits)";
  }
  return outcome;
}

inline void add(Outcome& all, const Outcome& more) {
  all.compared += more.compared;
  if (all.difference.empty()) all.difference = more.difference;
}

inline Outcome compare_gradients(const reference::Gradient& expected, const SparseGradient& actual) {
  const std::span<const std::uint64_t> rows = actual.rows();
  if (!std::equal(rows.begin(), rows.end(), expected.rows.begin(), expected.rows.end())) {
    return {.compared = 0, .difference = "other rows"};
  }
  Outcome outcome = compare_floats(expected.values, actual.values(), "gradient");
  const double norm = reference::squared_norm(expected);
  const double actual_norm = actual.squared_norm();
  if (norm != actual_norm && !(std::isnan(norm) && std::isnan(actual_norm))) outcome.difference += "another norm";
  return outcome;
}

inline Outcome compare_weights(const WeightsGradients& expected, const WeightsGradients& actual) {
  Outcome outcome;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    add(outcome, compare_floats(expected[i], actual[i], "gradient of weights, lookup " + std::to_string(i) + ","));
  }
  return outcome;
}

/// A few random calls of embedding_bag_backward() into one gradient, which is replaced or added to.
inline Outcome compare_random_backward(Random& random, const Engine& engine, const TableView& table,
                                       SparseGradient& gradient) {
  Outcome outcome;
  reference::Gradient expected;
  const std::size_t calls = 1 + below(random, 2);
  for (std::size_t call = 0; call < calls; ++call) {
    const bool finite = below(random, 2) == 0;
    const GradientOptions options{.scale_grad_by_freq = below(random, 2) == 0,
                                  .non_finite = finite ? NonFinite::reject : NonFinite::keep,
                                  .accumulate = call != 0 && below(random, 2) == 0};
    const RandomLookups random_lookups(random, table, {.finite = finite});
    WeightsGradients expected_weights;
    WeightsGradients actual_weights;
    const Status by_reference =
        reference::embedding_bag_backward(table, random_lookups.lookups(expected_weights), expected, options);
    const Status by_engine =
        engine.embedding_bag_backward(table, random_lookups.lookups(actual_weights), gradient, options);
    if (!by_reference.ok() || !by_engine.ok()) {
      outcome.difference = "refused: " + by_engine.message(table) + " / " + by_reference.message(table);
      return outcome;
    }
    add(outcome, compare_gradients(expected, gradient));
    add(outcome, compare_weights(expected_weights, actual_weights));
  }
  return outcome;
}

}  // namespace rowan::test
