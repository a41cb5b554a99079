// One engine, many callers, whose gradients and tables are their own; and workers that compute as their caller does.
#include <doctest/doctest.h>

#include <xmmintrin.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "rowan/engine.hpp"
#include "rowan/optimizer.hpp"
#include "tests/support/random_tables.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr std::uint64_t rows = 3000;
constexpr std::uint64_t dim = 48;

/// Indices and a gradient that are worth threads.
struct Batch {
  explicit Batch(std::uint64_t seed) {
    Random random(seed);
    std::normal_distribution<float> normal;
    for (auto& index : indices) index = static_cast<std::int64_t>(below(random, rows));
    for (float& g : gradient) g = normal(random);
  }
  LookupGradient lookup() const {
    return {Bags::fixed(indices, indices.size() / 10), gradient, {.pooling = Pooling::mean}};
  }
  std::vector<std::int64_t> indices = std::vector<std::int64_t>(60'000);
  std::vector<float> gradient = std::vector<float>(indices.size() / 10 * dim);
};

/// What a few steps of a table of ones come to.
std::vector<float> learnt(const Engine& engine, const Batch& batch) {
  std::vector<float> weights(rows * dim, 1.0F);
  const MutableTableView table = *MutableTableView::over(weights, dim);
  Optimizer optimizer = std::move(Optimizer::create(table, Adam{})).value();
  SparseGradient gradient;
  const LookupGradient lookup = batch.lookup();
  bool ok = true;
  for (int step = 0; step < 2; ++step) {
    ok = ok && optimizer.step(engine, table, lookup).ok();
    ok = ok && engine.embedding_bag_backward(table, std::span(&lookup, 1), gradient).ok();
    ok = ok && optimizer.step(engine, table, gradient).ok();
  }
  return ok ? weights : std::vector<float>();
}

}  // namespace

TEST_CASE("many host threads learn with one engine") {
  const Batch batch(1);
  const std::vector<float> expected = learnt(Engine(), batch);
  for (const Threads threads : {Threads::own(2), Threads::own(3), Threads::host(), Threads::caller()}) {
    const Engine engine({.threads = threads});
    REQUIRE(engine.status().ok());
    std::vector<char> same(5, 0);
    std::vector<std::thread> callers;
    for (char& result : same) {
      callers.emplace_back([&] { result = learnt(engine, batch) == expected ? 1 : 0; });
    }
    for (std::thread& caller : callers) caller.join();
    CHECK(std::count(same.begin(), same.end(), 1) == 5);
  }
}

TEST_CASE("workers go back and step under the caller's floating-point mode") {
  constexpr unsigned flush_and_zero = 0x8040;
  Batch batch(2);
  std::fill(batch.gradient.begin(), batch.gradient.end(), 1e-39F);
  const LookupGradient lookup = batch.lookup();
  const std::vector<float> ones(rows * dim, 1.0F);
  const TableView table = *TableView::over(ones, dim);
  const Engine engine({.threads = Threads::own(3)});
  SparseGradient gradient;

  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | flush_and_zero);
  const bool ok = engine.embedding_bag_backward(table, std::span(&lookup, 1), gradient).ok();
  _mm_setcsr(before);
  CHECK(ok);
  const auto is_zero = [](float x) { return x == 0.0F; };
  CHECK(std::ranges::all_of(std::as_const(gradient).values(), is_zero));
  CHECK(engine.embedding_bag_backward(table, std::span(&lookup, 1), gradient).ok());
  CHECK(std::ranges::none_of(std::as_const(gradient).values(), is_zero));

  for (const bool flush : {false, true}) {  // of nothing but denormals, and a step that moves by them
    std::vector<float> weights(rows * dim, 0.0F);
    const MutableTableView learning = *MutableTableView::over(weights, dim);
    Optimizer optimizer = std::move(Optimizer::create(learning, Sgd{.lr = 0.5F})).value();
    _mm_setcsr(before | (flush ? flush_and_zero : 0));
    const bool stepped = optimizer.step(engine, learning, gradient).ok();
    _mm_setcsr(before);
    CHECK(stepped);
    for (const std::uint64_t row : gradient.rows()) CHECK((weights[row * dim] == 0.0F) == flush);
  }
}
