// Gradients and steps allocate nothing once their workspace has seen the largest call, on the calling thread, whether
// they are answered or refused.
#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "rowan/rowan.hpp"
#include "tests/allocation/counters.hpp"

namespace {

using namespace rowan;
using rowan::test::counted;
using rowan::test::Counts;

constexpr Counts nothing;
constexpr std::uint64_t rows = 2000;
constexpr std::uint64_t dim = 67;
constexpr std::size_t count = 9000;
constexpr std::size_t bags = 900;

/// Three lookups of one table: with weights whose gradient is asked for, of the maximum, and of a mean with padding.
/// One row occurs more often than a chunk has room for.
struct Lookups {
  Lookups() {
    for (std::size_t i = 0; i < count; ++i) indices[i] = static_cast<std::int32_t>(i % 2 == 0 ? 7 : i * 7919 % rows);
    all = {LookupGradient{Bags::fixed(indices, bags, weights), gradient, {.pooling = Pooling::sum}, weights_gradient},
           LookupGradient{Bags::fixed(indices, bags), gradient, {.pooling = Pooling::max}},
           LookupGradient{Bags::fixed(indices, bags), gradient, {.pooling = Pooling::mean, .padding_index = 3}}};
  }

  std::vector<std::int32_t> indices = std::vector<std::int32_t>(count);
  std::vector<float> weights = std::vector<float>(count, 0.5F);
  std::vector<float> weights_gradient = std::vector<float>(count);
  std::vector<float> gradient = std::vector<float>(bags * dim, 0.25F);
  std::vector<LookupGradient> all;
};

}  // namespace

TEST_CASE("gradients allocate nothing once their memory is there") {
  const Engine engine;
  const Lookups lookups;
  std::vector<float> not_finite = lookups.gradient;
  not_finite[5] = not_finite[5] / 0.0F;
  const LookupGradient refused{Bags::fixed(lookups.indices, bags), not_finite};
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const Table table = std::move(Table::create({.rows = rows, .dim = dim, .dtype = dtype})).value();
    for (const std::size_t of_them : {1, 2, 3}) {
      const std::span<const LookupGradient> given = std::span(lookups.all).first(of_them);
      SparseGradient gradient;
      std::array<Status, 4> statuses;
      const auto calls = [&] {
        statuses[0] = engine.embedding_bag_backward(table, given, gradient);
        statuses[1] = engine.embedding_bag_backward(table, given, gradient, {.accumulate = true});
        statuses[2] = engine.embedding_bag_backward(table, given.first(1), gradient, {.scale_grad_by_freq = true});
        statuses[3] = engine.embedding_bag_backward(table, std::span(&refused, 1), gradient);
        gradient.clear();
      };
      CHECK(counted(calls).memory > 0);
      calls();
      CHECK(counted(calls) == nothing);
      for (std::size_t i = 0; i < 3; ++i) CHECK(statuses[i].ok());
      CHECK(statuses[3].code == Code::gradient_not_finite);
    }
  }
}

TEST_CASE("steps allocate nothing once their memory is there") {
  const Engine engine;
  const Lookups lookups;
  const Algorithm algorithms[] = {Sgd{},  Sgd{.momentum = 0.9F}, Adagrad{}, RowWiseAdagrad{},
                                  Adam{}, RowWiseAdam{},         RmsProp{}, Ftrl{}};
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    Table table = std::move(Table::create({.rows = rows, .dim = dim, .dtype = dtype})).value();
    const MutableTableView view = table.mutable_view().value();
    for (const Algorithm& algorithm : algorithms) {
      Optimizer optimizer = std::move(Optimizer::create(view, algorithm, {.rounding = Rounding::stochastic})).value();
      SparseGradient gradient;
      REQUIRE(engine.embedding_bag_backward(view, lookups.all, gradient).ok());
      std::array<Status, 4> statuses;
      const auto calls = [&] {
        statuses[0] = optimizer.step(engine, view, lookups.all, {.clip_norm = 1.0F});
        statuses[1] = optimizer.step(engine, view, lookups.all[0], {.scale_grad_by_freq = true});
        statuses[2] = optimizer.step(engine, view, gradient, {.clip_value = 0.5F, .clip_norm = 1.0F});
        statuses[3] = optimizer.step(engine, view, gradient, {.scale = -1.0F / 0.0F});
      };
      CHECK(counted(calls).memory > 0);
      calls();
      CHECK(counted(calls) == nothing);
      for (std::size_t i = 0; i < 3; ++i) CHECK(statuses[i].ok());
      CHECK(statuses[3].code == Code::step_option);
    }
  }
}

TEST_CASE("rows are brought back to their norm without an allocation") {
  const Engine engine;
  const Lookups lookups;
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    Table table = std::move(Table::create({.rows = rows, .dim = dim, .dtype = dtype})).value();
    const MutableTableView view = table.mutable_view().value();
    Workspace workspace;
    Status status;
    std::uint64_t bytes = 0;
    for (const MaxNorm::Type type : {MaxNorm::Type::l1, MaxNorm::Type::l2, MaxNorm::Type::infinity}) {
      const auto call = [&] {
        status = engine.renormalize(view, lookups.indices, {.max_norm = 0.25F, .norm_type = type}, workspace);
      };
      if (bytes == 0) call();
      bytes = workspace.bytes();
      CHECK(counted(call) == nothing);
      CHECK(status.ok());
      CHECK(workspace.bytes() == bytes);
    }
    CHECK(bytes > 0);
  }
}
