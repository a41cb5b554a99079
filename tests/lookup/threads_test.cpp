// The same bits whatever runs a call: any number of threads, any arena, any number of callers.
#include <doctest/doctest.h>

#include <xmmintrin.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

#include "rowan/engine.hpp"
#include "rowan/reference.hpp"
#include "tests/support/random_tables.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

/// A call that is large enough to be split, over a table with every kind of value.
struct LargeCall {
  explicit LargeCall(std::uint64_t seed) : random(seed), table(random, 2000, 96, DType::f32) {
    for (auto& index : indices) index = static_cast<std::int64_t>(below(random, 2000));
    offsets = random_offsets<std::int64_t>(random, 800, indices.size(), false);
    std::sort(offsets.begin(), offsets.end());
  }
  Bags bags() const { return {indices, offsets}; }
  std::vector<float> pooled(const Engine& engine, Pooling pooling) const {
    std::vector<float> out(offsets.size() * 96);
    CHECK(engine.embedding_bag(table.view(), bags(), out, {.pooling = pooling, .padding_index = 5}).ok());
    return out;
  }

  Random random;
  RandomTable table;
  std::vector<std::int64_t> indices = std::vector<std::int64_t>(40'000);
  std::vector<std::int64_t> offsets;
};

}  // namespace

TEST_CASE("results do not depend on the number of threads or on the arena") {
  const LargeCall call(7);
  for (const Pooling pooling : {Pooling::sum, Pooling::mean, Pooling::max}) {
    std::vector<float> expected(call.offsets.size() * 96);
    REQUIRE(reference::embedding_bag(call.table.view(), call.bags(), expected, {.pooling = pooling, .padding_index = 5})
                .ok());
    for (const Threads threads : {Threads::caller(), Threads::own(1), Threads::own(2), Threads::own(3), Threads::own(8),
                                  Threads::own(), Threads::host()}) {
      const Engine engine({.threads = threads});
      REQUIRE(engine.status().ok());
      for (int repeat = 0; repeat < 3; ++repeat) {
        CHECK(first_difference(expected, call.pooled(engine, pooling)) == expected.size());
      }
    }
  }
}

TEST_CASE("large un-pooled calls are split without a gap") {
  const LargeCall call(8);
  std::vector<float> expected(call.indices.size() * 96);
  REQUIRE(reference::embedding(call.table.view(), call.indices, expected).ok());
  const Engine engine({.threads = Threads::own(3)});
  std::vector<float> out(expected.size(), -1.0F);
  REQUIRE(engine.embedding(call.table.view(), call.indices, out).ok());
  CHECK(first_difference(expected, out) == expected.size());
}

TEST_CASE("many host threads call one engine (class 16)") {
  const LargeCall call(9);
  for (const Threads threads : {Threads::own(2), Threads::host(), Threads::caller()}) {
    const Engine engine({.threads = threads});
    const std::vector<float> expected = call.pooled(engine, Pooling::mean);
    std::vector<std::size_t> differences(6, 0);
    std::vector<std::thread> callers;
    for (std::size_t t = 0; t < differences.size(); ++t) {
      callers.emplace_back([&, t] {
        for (int i = 0; i < 4; ++i) {
          const std::vector<float> out = call.pooled(engine, Pooling::mean);
          if (first_difference(expected, out) != expected.size()) ++differences[t];
        }
      });
    }
    for (std::thread& caller : callers) caller.join();
    CHECK(std::count(differences.begin(), differences.end(), 0) == 6);
  }
}

TEST_CASE("workers use the caller's floating-point mode and get their own back") {
  constexpr unsigned flush_and_zero = 0x8040;
  // Denormals: flushed to zero in the sum when the caller says so, on whichever thread the tile runs.
  const std::vector<float> values(1000 * 64, 1e-39F);
  const TableView table = *TableView::over(values, 64);
  std::vector<std::int32_t> indices(400'000);
  for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<std::int32_t>(i % 1000);
  const Bags bags = Bags::fixed(indices, 40'000);
  const Engine engine({.threads = Threads::own(3)});

  const unsigned before = _mm_getcsr();
  std::vector<float> flushed(40'000 * 64, 1.0F);
  _mm_setcsr(before | flush_and_zero);
  const bool ok = engine.embedding_bag(table, bags, flushed, {.pooling = Pooling::sum}).ok();
  _mm_setcsr(before);
  CHECK(ok);
  CHECK(std::all_of(flushed.begin(), flushed.end(), [](float x) { return x == 0.0F; }));

  std::vector<float> kept(40'000 * 64, 1.0F);
  CHECK(engine.embedding_bag(table, bags, kept, {.pooling = Pooling::sum}).ok());
  CHECK(std::none_of(kept.begin(), kept.end(), [](float x) { return x == 0.0F; }));
}

TEST_CASE("an engine that cannot have its threads says so") {
  const Engine engine({.threads = Threads::own(-1)});
  CHECK(!engine.status().ok());
  CHECK(engine.status().message() == "the number of threads is -1; it must be at least 0");
  CHECK(engine.concurrency() == 0);
}
