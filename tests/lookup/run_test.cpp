// Engine::run() against the reference of each request, on every kind of threads.
#include <doctest/doctest.h>

#include <vector>

#include "engine/lookup/memory_policy.hpp"
#include "rowan/engine.hpp"
#include "tests/support/effort.hpp"
#include "tests/support/random_requests.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr std::uint64_t seed = 20261125;

std::vector<Engine> all_engines() {
  std::vector<Engine> engines;
  for (const Threads threads : {Threads::caller(), Threads::own(2), Threads::own(3), Threads::host()}) {
    engines.emplace_back(EngineOptions{.threads = threads});
    REQUIRE(engines.back().status().ok());
  }
  return engines;
}

/// Whether engines that have threads use them.
bool is_split(const std::vector<Request>& requests) {
  const detail::MemoryPolicy policy(Tuning::built_in());
  std::uint64_t ns = 0;
  for (const Request& request : requests) ns += policy.estimated_ns(request.table, request.bags.indices().size(), 0);
  return detail::MemoryPolicy::worth_threads(ns);
}

}  // namespace

TEST_CASE("small calls: every mix of tables, forms, types and poolings equals the reference") {
  Random random(seed);
  const std::vector<Engine> engines = all_engines();
  const int rounds = cases(4'000);
  for (int i = 0; i < rounds; ++i) {
    const MixShape mix{.layout = all_layouts[below(random, 3)], .requests = 1 + below(random, 12)};
    RandomRequests call(random, mix);
    const std::vector<Request> requests = call.requests();
    call.clear();
    const Status status = engines[below(random, engines.size())].run(requests);
    const std::string difference = call.difference(status);
    REQUIRE_MESSAGE(difference.empty(), "seed ", seed, " round ", i, " layout ", static_cast<int>(mix.layout), ": ",
                    difference);
  }
}

TEST_CASE("calls that are split: the same bits on the caller's thread, on own ones and on the host's") {
  Random random(seed + 1);
  const std::vector<Engine> engines = all_engines();
  const int rounds = cases(18);
  for (int i = 0; i < rounds; ++i) {
    MixShape mix{.layout = all_layouts[static_cast<std::size_t>(i) % 3],
                 .requests = 6 + below(random, 10),
                 .most_rows = i % 4 == 0 ? 60'000U : 1'000U,
                 .call = {.most_bags = 500, .longest_bag = 60}};
    RandomRequests call(random, mix);
    while (!is_split(call.requests())) {  // the larger the caches, the more that takes
      mix.requests *= 2;
      call = RandomRequests(random, mix);
    }
    const std::vector<Request> requests = call.requests();
    for (std::size_t e = 0; e < engines.size(); ++e) {
      call.clear();
      const Status status = engines[e].run(requests);
      const std::string difference = call.difference(status);
      REQUIRE_MESSAGE(difference.empty(), "seed ", seed + 1, " round ", i, " engine ", e, ": ", difference);
    }
  }
}

TEST_CASE("many small requests that are worth threads only together") {
  Random random(seed + 2);
  const std::vector<Engine> engines = all_engines();
  for (int i = 0; i < cases(3); ++i) {
    RandomRequests call(random, {.layout = all_layouts[static_cast<std::size_t>(i) % 3],
                                 .requests = 1'200,
                                 .most_rows = 40,
                                 .call = {.most_bags = 10, .longest_bag = 12}});
    const std::vector<Request> requests = call.requests();
    REQUIRE(is_split(requests));
    for (const Engine& engine : engines) {
      call.clear();
      const Status status = engine.run(requests);
      CHECK(call.difference(status) == "");
    }
  }
}

TEST_CASE("one bag repeated over many rows") {
  Random random(seed + 3);
  const RandomTable table(random, 100, 33, DType::i4);
  const std::vector<std::uint16_t> indices = {3, 99, 7};
  constexpr std::uint64_t repeat = 20'000;
  std::vector<std::uint16_t> expected(33);
  REQUIRE(reference::embedding_bag(table.view(), Bags::fixed(indices, 1), OutputView(expected, DType::bf16)).ok());
  for (const Engine& engine : all_engines()) {
    std::vector<std::uint16_t> out(repeat * 40, 7);
    const Request request{.table = table.view(),
                          .bags = Bags::fixed(indices, 1),
                          .out = OutputView(std::span(out), DType::bf16, 40),
                          .repeat = repeat};
    REQUIRE(engine.run(std::span(&request, 1)).ok());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::uint16_t value = i % 40 < 33 ? expected[i % 40] : std::uint16_t{7};
      const bool nan = (value & 0x7FFF) > 0x7F80 && (out[i] & 0x7FFF) > 0x7F80;
      wrong += out[i] == value || nan ? 0 : 1;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("nothing to do is no error") {
  const std::vector<float> values(8, 1.0F);
  const TableView table = *TableView::over(values, 4);
  const std::vector<std::int32_t> none;
  const std::vector<std::int32_t> zero = {0};
  for (const Engine& engine : all_engines()) {
    CHECK(engine.run({}).ok());
    std::vector<float> out;
    const std::vector<Request> empty = {
        {.table = table, .bags = Bags(none, none), .out = out},
        {.table = table, .bags = Bags::fixed(none, 0), .out = out, .repeat = ~std::uint64_t{0}},
        {.table = table, .bags = Bags::by_lengths(none, none), .out = out},
        {.table = table, .bags = Bags(none, zero), .out = out, .options = {.include_last_offset = true}}};
    const Status status = engine.run(empty);
    CHECK(status.ok());
    CHECK(status.value == 0);
    CHECK(status.table == 0);

    // Bags that are there but empty are +0, in a call with others.
    std::vector<float> filled(3 * 4, -1.0F);
    const std::vector<Request> mixed = {
        {.table = table, .bags = Bags(none, none), .out = out},
        {.table = table, .bags = Bags::by_lengths(none, zero), .out = std::span(filled).first(8), .repeat = 2},
        {.table = table, .bags = Bags(zero, zero), .out = std::span(filled).last(4)}};
    REQUIRE(engine.run(mixed).ok());
    CHECK(filled == std::vector<float>{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1});
  }
}

TEST_CASE("bad indices that are skipped or replaced are counted over all requests, once whatever the repeat") {
  const std::vector<float> values = {1, 2, 3};
  const TableView table = *TableView::over(values, 1);
  const std::vector<std::int32_t> some = {0, -1, 2, 7, 1, 3};  // three of them
  const std::vector<std::uint8_t> more = {255, 0, 200, 3};     // three
  const std::vector<std::int64_t> good = {0, 1, 2};
  for (const Engine& engine : all_engines()) {
    std::vector<float> a(3 * 4);
    std::vector<float> b(2);
    std::vector<float> c(1);
    const std::vector<Request> requests = {
        {.table = table,
         .bags = Bags::fixed(some, 3),
         .out = a,
         .options = {.pooling = Pooling::sum, .bad_index = BadIndex::skip},
         .repeat = 4},
        {.table = table, .bags = Bags::fixed(good, 1), .out = c, .options = {.pooling = Pooling::sum}},
        {.table = table,
         .bags = Bags::fixed(more, 2),
         .out = b,
         .options = {.pooling = Pooling::sum, .bad_index = BadIndex::default_row, .default_row = 1}}};
    const Status status = engine.run(requests);
    CHECK(status.ok());
    CHECK(status.value == 6);
    CHECK(status.table == 0);
    CHECK(a == std::vector<float>{1, 1, 1, 1, 3, 3, 3, 3, 2, 2, 2, 2});
    CHECK(b == std::vector<float>{3, 4});
    CHECK(c == std::vector<float>{6});
  }
}

TEST_CASE("a great number of bad indices in a call that is split") {
  Random random(seed + 4);
  const RandomTable table(random, 2'000, 64, DType::f16);
  std::vector<std::int32_t> indices(20'000);
  std::int64_t bad = 0;
  for (auto& index : indices) {
    index = static_cast<std::int32_t>(below(random, 2'100)) - 50;
    bad += index < 0 || index >= 2'000 ? 1 : 0;
  }
  std::vector<float> expected(500 * 64);
  const BagOptions options{.pooling = Pooling::mean, .bad_index = BadIndex::skip};
  const Bags bags = Bags::fixed(indices, 500);
  REQUIRE(reference::embedding_bag(table.view(), bags, expected, options).value == bad);
  for (const Engine& engine : all_engines()) {
    std::vector<float> matrix(500 * 128, -1.0F);
    std::vector<Request> requests;
    for (const std::size_t column : {0, 64}) {
      requests.push_back({.table = table.view(),
                          .bags = bags,
                          .out = OutputView(std::span(matrix).subspan(column), 128),
                          .options = options});
    }
    REQUIRE(is_split(requests));
    const Status status = engine.run(requests);
    REQUIRE(status.ok());
    CHECK(status.value == 2 * bad);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < matrix.size(); ++i) {
      wrong += same_bits(matrix[i], expected[i / 128 * 64 + i % 64]) ? 0 : 1;
    }
    CHECK(wrong == 0);
  }
}
