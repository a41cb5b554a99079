// The workloads of the benchmarks: that their indices are what their names say, every time.
#include "perf/workload.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>

using namespace rowan::perf;

TEST_CASE("distributions are parsed and printed") {
  CHECK(parse_distribution("uniform")->uniform());
  CHECK(parse_distribution("zipf")->zipf_exponent == 1.05);
  CHECK(parse_distribution("zipf:1.2")->zipf_exponent == 1.2);
  for (const char* text : {"", "zip", "zipf:", "zipf:0", "zipf:-1", "zipf:nan", "zipf:11", "zipf:1.2x", "Uniform"}) {
    CAPTURE(text);
    CHECK(!parse_distribution(text));
  }
  CHECK(to_string({}) == "uniform");
  CHECK(to_string({1.2}) == "zipf:1.2");
}

TEST_CASE("indices are in range and the same for the same seed") {
  for (const Distribution distribution : {Distribution{}, Distribution{1.0}, Distribution{1.05}, Distribution{3.0}}) {
    for (const std::uint64_t rows : {1ULL, 2ULL, 3ULL, 1000ULL, (1ULL << 40) + 7}) {
      CAPTURE(to_string(distribution));
      CAPTURE(rows);
      const auto indices = random_indices(rows, 2000, distribution, 5);
      for (const std::int64_t index : indices) REQUIRE((index >= 0 && static_cast<std::uint64_t>(index) < rows));
      CHECK(indices == random_indices(rows, 2000, distribution, 5));
      if (rows > 1000) CHECK(indices != random_indices(rows, 2000, distribution, 6));
    }
  }
}

TEST_CASE("uniform rows are equally frequent") {
  std::map<std::int64_t, double> counts;
  const std::size_t n = 200'000;
  for (const std::int64_t index : random_indices(20, n, {}, 1)) counts[index] += 1;
  REQUIRE(counts.size() == 20);
  for (const auto& [index, count] : counts) CHECK(std::abs(count / n - 0.05) < 0.003);
}

TEST_CASE("the k-th most popular row of a Zipf distribution has probability proportional to 1 / k^s") {
  for (const double s : {0.7, 1.0, 1.05, 1.2, 2.0}) {
    CAPTURE(s);
    const std::uint64_t rows = 50;
    const std::size_t n = 400'000;
    std::map<std::int64_t, double> counts;
    for (const std::int64_t index : random_indices(rows, n, {s}, 2)) counts[index] += 1;
    std::vector<double> sorted;
    for (const auto& [index, count] : counts) sorted.push_back(count / n);
    std::sort(sorted.begin(), sorted.end(), std::greater<>());

    double sum = 0;
    for (std::uint64_t k = 1; k <= rows; ++k) sum += std::pow(static_cast<double>(k), -s);
    for (std::size_t k = 1; k <= 5; ++k) {
      CHECK(sorted[k - 1] == doctest::Approx(std::pow(static_cast<double>(k), -s) / sum).epsilon(0.03));
    }
  }
}

TEST_CASE("popular rows are scattered over the table") {
  std::map<std::int64_t, std::size_t> counts;
  for (const std::int64_t index : random_indices(1'000'000, 100'000, {1.2}, 3)) ++counts[index];
  std::vector<std::pair<std::size_t, std::int64_t>> popular;
  for (const auto& [index, count] : counts) popular.emplace_back(count, index);
  std::sort(popular.rbegin(), popular.rend());
  std::size_t halves[2] = {};
  for (std::size_t k = 0; k < 100; ++k) ++halves[popular[k].second >= 500'000];
  CHECK(halves[0] > 25);
  CHECK(halves[1] > 25);
}

TEST_CASE("timings are summarized by their median") {
  CHECK(summarize({3, 1, 2}).median == 2);
  CHECK(summarize({4, 1, 2, 3}).median == 2.5);
  CHECK(summarize({4, 1, 2, 3}).least == 1);
  int calls = 0;
  CHECK(measure(0, 7, [&] { ++calls; }).repetitions == 7);
  CHECK(calls == 7);
}
