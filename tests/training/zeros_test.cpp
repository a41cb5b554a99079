// Zeros have signs: a gradient is a sum from +0, so that a -0 that is pushed back alone is +0 in it; and what is
// multiplied by nothing keeps its bits.
#include <doctest/doctest.h>

#include <xmmintrin.h>

#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "rowan/engine.hpp"
#include "rowan/optimizer.hpp"

using namespace rowan;

namespace {

constexpr unsigned flush_to_zero = 0x8000;

enum class From : std::uint8_t {
  lookup,    ///< fused
  gradient,  ///< that was pushed back
  host,      ///< that was pushed back and changed
};

/// One step of a table of one weight.
float stepped(From from, float weight, float gradient, const Algorithm& algorithm, const StepOptions& options = {}) {
  const Engine engine;
  std::vector<float> weights = {weight};
  const MutableTableView table = *MutableTableView::over(weights, 1);
  Optimizer optimizer = std::move(Optimizer::create(table, algorithm)).value();
  const std::vector<std::int32_t> indices = {0};
  const std::vector<float> values = {from == From::host ? 1.0F : gradient};
  const LookupGradient lookup = LookupGradient::of_embedding(indices, values);
  if (from == From::lookup) {
    REQUIRE(optimizer.step(engine, table, lookup, options).ok());
    return weights[0];
  }
  SparseGradient sparse;
  REQUIRE(engine.embedding_bag_backward(table, std::span(&lookup, 1), sparse).ok());
  if (from == From::host) sparse.values()[0] = gradient;
  REQUIRE(optimizer.step(engine, table, sparse, options).ok());
  return weights[0];
}

}  // namespace

TEST_CASE("a gradient of -0 is +0, in a step from lookups too") {
  for (const From from : {From::lookup, From::gradient}) {
    // g = +0 + -0 = +0; w = -0 - lr * +0 = -0.
    CHECK(std::signbit(stepped(from, -0.0F, -0.0F, Sgd{})));
    CHECK(std::signbit(stepped(from, -0.0F, -0.0F, Sgd{.momentum = 0.9F})));
    CHECK(std::signbit(stepped(from, -0.0F, -0.0F, Adagrad{})));
    // g = +0 * -1 = -0; w = -0 - lr * -0 = +0.
    CHECK(!std::signbit(stepped(from, -0.0F, -0.0F, Sgd{}, {.scale = -1.0F})));
  }
}

TEST_CASE("a -0 that a host puts into a gradient stays one") {
  CHECK(!std::signbit(stepped(From::host, -0.0F, -0.0F, Sgd{})));
  CHECK(std::signbit(stepped(From::host, -0.0F, -0.0F, Sgd{}, {.scale = -1.0F})));
}

TEST_CASE("a caller that flushes denormals: what is not multiplied is not flushed") {
  constexpr float denormal = 1e-39F;
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | flush_to_zero);
  // Limited or not, g stays 1e-39, and over an eps of 1e-10 moves the weight by 1e-31.
  const float plain = stepped(From::host, 0.0F, denormal, Adagrad{});
  const float limited = stepped(From::host, 0.0F, denormal, Adagrad{}, {.clip_value = 1.0F});
  _mm_setcsr(before);
  CHECK(plain != 0.0F);
  CHECK(limited == plain);
}

TEST_CASE("a caller that flushes denormals: a lookup without weights gives the same beside others that have some") {
  const Engine engine;
  const std::vector<float> values(2, 1.0F);
  const TableView table = *TableView::over(values, 1);
  const std::vector<std::int32_t> row_0 = {0};
  const std::vector<std::int32_t> row_1 = {1};
  const std::vector<float> weight = {2.0F};
  const std::vector<float> denormal = {-1e-39F};
  const std::vector<float> one = {1.0F};
  const LookupGradient lookups[] = {
      {Bags::fixed(row_0, 1), denormal, {.pooling = Pooling::sum}},
      {Bags::fixed(row_1, 1, weight), one, {.pooling = Pooling::sum}},
      {Bags::fixed(row_1, 1), one, {.pooling = Pooling::max}},
  };
  const unsigned before = _mm_getcsr();
  for (const std::size_t count : {1, 2, 3}) {
    SparseGradient gradient;
    _mm_setcsr(before | flush_to_zero);
    const bool ok = engine.embedding_bag_backward(table, std::span(lookups).first(count), gradient).ok();
    _mm_setcsr(before);
    REQUIRE(ok);
    CHECK(std::signbit(gradient.values()[0]));  // +0 + -1e-39, flushed, is -0; and so is fma(1, -1e-39, +0)
  }
}
