// The exact search over unit rows: against a plain double-precision one, and to the bit between tiers, thread
// counts and block shapes.
#include "engine/search/unit_rows.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "simd/dispatch.hpp"
#include "simd/scalar.hpp"

namespace {

using namespace rowan;
using detail::UnitQuery;
using detail::UnitRows;

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

std::vector<float> random_values(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(static_cast<std::int32_t>(random())) * 0x1p-31F;
  return values;
}

UnitQuery query_of(std::span<const float> vector, std::vector<std::uint64_t> excluded = {}) {
  const std::vector<double> exact(vector.begin(), vector.end());
  return {detail::normalized(exact).value(), std::move(excluded)};
}

TableView view_of(std::span<const float> values, std::uint64_t dim) { return *TableView::over(values, dim); }

std::vector<Neighbor> search(const TableView& table, const UnitQuery& query, std::size_t k,
                             const simd::KernelTable& kernels = *simd::select_kernels_from_environment().kernels,
                             Threads threads = Threads::caller()) {
  UnitRows rows(table, kernels, threads);
  REQUIRE(rows.measure().ok());
  auto answers = rows.search({&query, 1}, k);
  REQUIRE(answers.ok());
  return answers->front();
}

std::vector<std::uint64_t> rows_of(const std::vector<Neighbor>& neighbors) {
  std::vector<std::uint64_t> rows;
  for (const Neighbor& neighbor : neighbors) rows.push_back(neighbor.row);
  return rows;
}

bool same_bits(const std::vector<Neighbor>& a, const std::vector<Neighbor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Neighbor& x, const Neighbor& y) {
    return x.row == y.row && std::memcmp(&x.cosine, &y.cosine, sizeof(float)) == 0;
  });
}

double exact_cosine(std::span<const float> row, std::span<const float> unit) {
  double dot = 0;
  double squares = 0;
  for (std::size_t c = 0; c < row.size(); ++c) {
    dot += static_cast<double>(row[c]) * static_cast<double>(unit[c]);
    squares += static_cast<double>(row[c]) * static_cast<double>(row[c]);
  }
  return dot / std::sqrt(squares);
}

}  // namespace

TEST_CASE("the nearest rows are those of a search in double precision") {
  for (const std::size_t dim : {1, 2, 3, 7, 15, 16, 17, 31, 33, 50, 64, 67, 300}) {
    CAPTURE(dim);
    const std::size_t count = 3000;  // several blocks, and a last one that is not whole
    const auto values = random_values(count * dim, dim);
    const UnitQuery query = query_of(random_values(dim, 99));
    const auto found = search(view_of(values, dim), query, 20);
    REQUIRE(found.size() == 20);

    std::vector<double> cosines;
    for (std::size_t row = 0; row < count; ++row) {
      cosines.push_back(exact_cosine(std::span(values).subspan(row * dim, dim), query.unit));
    }
    std::vector<double> sorted = cosines;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    for (std::size_t i = 0; i < found.size(); ++i) {
      CHECK(found[i].cosine == doctest::Approx(cosines[found[i].row]).epsilon(1e-5));
      CHECK(cosines[found[i].row] == doctest::Approx(sorted[i]).epsilon(1e-5));
    }
  }
}

TEST_CASE("answers have the same bits on every tier and at every thread count") {
  for (const std::size_t dim : {1, 5, 16, 50, 129}) {
    CAPTURE(dim);
    const auto values = random_values(20'000 * dim, dim + 1);
    const TableView table = view_of(values, dim);
    const UnitQuery query = query_of(random_values(dim, 7), {3, 5});
    const auto expected = search(table, query, 50, simd::baseline_kernels);
    for (int tier = 0; tier < simd::tier_count; ++tier) {
      const simd::KernelTable* kernels = simd::kernels_of(static_cast<simd::Tier>(tier));
      if (kernels == nullptr) continue;
      CAPTURE(kernels->name);
      for (const int threads : {1, 2, 4}) {
        CHECK(same_bits(search(table, query, 50, *kernels, Threads::own(threads)), expected));
      }
    }
  }
}

TEST_CASE("many queries in one pass get the answers that each gets alone") {
  const std::size_t dim = 24;
  const auto values = random_values(5000 * dim, 3);
  UnitRows rows(view_of(values, dim), *simd::select_kernels_from_environment().kernels, Threads::own(2));
  REQUIRE(rows.measure().ok());
  std::vector<UnitQuery> queries;
  for (std::uint64_t seed = 0; seed < 70; ++seed) queries.push_back(query_of(random_values(dim, seed), {seed}));
  const auto together = rows.search(queries, 3);
  REQUIRE(together.ok());
  for (std::size_t q = 0; q < queries.size(); ++q) {
    const auto alone = rows.search({&queries[q], 1}, 3);
    REQUIRE(alone.ok());
    CHECK(same_bits((*together)[q], alone->front()));
  }
}

TEST_CASE("of equal cosines the lower row comes first, across blocks and tiles too") {
  const std::size_t count = 10'000;
  const std::vector<float> values(count, 2.0F);
  for (const int threads : {1, 3}) {
    const auto found = search(view_of(values, 1), query_of(std::vector<float>{1.0F}, {0, 4}), 5,
                              *simd::select_kernels_from_environment().kernels, Threads::own(threads));
    CHECK(rows_of(found) == std::vector<std::uint64_t>{1, 2, 3, 5, 6});
  }
}

TEST_CASE("rows without a direction are never an answer") {
  const std::vector<float> values = {0, 0, not_a_number, 1, infinity, 1, 1, 1, -0.0F, 0, -1, -1};
  const auto found = search(view_of(values, 2), query_of(std::vector<float>{1, 1}), 100);
  CHECK(rows_of(found) == std::vector<std::uint64_t>{3, 5});
  CHECK(found.front().cosine == doctest::Approx(1.0));
  CHECK(found.back().cosine == doctest::Approx(-1.0));
}

TEST_CASE("very long and very short rows keep their direction") {
  const std::vector<float> values = {1, 0, 3e38F, 3e38F, 1e-38F, 1e-38F, 1e-45F, 0, -3e38F, 1e-45F, 2e-20F, 1e-20F};
  const UnitQuery query = query_of(std::vector<float>{1, 1});
  const auto found = search(view_of(values, 2), query, 100);
  CHECK(rows_of(found) == std::vector<std::uint64_t>{1, 2, 5, 0, 3, 4});
  for (const Neighbor& neighbor : found) {
    CHECK(neighbor.cosine ==
          doctest::Approx(exact_cosine(std::span(values).subspan(neighbor.row * 2, 2), query.unit)).epsilon(1e-6));
  }
}

TEST_CASE("k of nothing, of one, of all rows and of more") {
  const auto values = random_values(3000, 5);
  const UnitQuery query = query_of(std::vector<float>{1, 0, 0}, {2});
  CHECK(search(view_of(values, 3), query, 0).empty());
  CHECK(search(view_of(values, 3), query, 1).size() == 1);
  const auto all = search(view_of(values, 3), query, 1000);
  CHECK(all.size() == 999);
  CHECK(same_bits(search(view_of(values, 3), query, std::numeric_limits<std::size_t>::max()), all));
  CHECK(std::is_sorted(all.begin(), all.end(), [](auto& a, auto& b) { return a.cosine > b.cosine; }));
  CHECK(search(view_of({}, 3), query, 10).empty());
}

TEST_CASE("narrower and padded tables answer like the f32 table of their values") {
  const std::size_t dim = 19;
  const std::size_t count = 2500;
  const auto values = random_values(count * dim, 11);
  const UnitQuery query = query_of(random_values(dim, 12));
  for (int number = 1; number < dtype_count; ++number) {
    const auto dtype = static_cast<DType>(number);
    const auto element = static_cast<simd::Element>(number);
    CAPTURE(to_string(dtype));
    const std::size_t stride = 64;
    std::vector<std::byte> bytes(count * stride);
    std::vector<float> decoded;
    for (std::size_t row = 0; row < count; ++row) {
      simd::encode(element, &values[row * dim], dim, &bytes[row * stride]);
      for (std::size_t c = 0; c < dim; ++c) decoded.push_back(simd::decode(element, &bytes[row * stride], dim, c));
    }
    const TableView narrow = *TableView::over(bytes, count, dim, dtype, stride);
    CHECK(same_bits(search(narrow, query, 30), search(view_of(decoded, dim), query, 30)));
  }
}
