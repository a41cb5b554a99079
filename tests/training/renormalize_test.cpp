// Rows brought back to a largest norm, against the scalar reference to the bit.
#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "tests/support/effort.hpp"
#include "tests/support/random_steps.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr std::uint64_t seed = 20261130;
constexpr MaxNorm::Type all_types[] = {MaxNorm::Type::l1, MaxNorm::Type::l2, MaxNorm::Type::infinity};

Outcome compare(const Engine& engine, const TableView& table, IndexSpan indices, const MaxNorm& max_norm,
                Workspace& workspace) {
  const WritableCopy expected(table);
  const WritableCopy actual(table, 3);
  const Status by_reference = reference::renormalize(expected.view(), indices, max_norm);
  const Status by_engine = engine.renormalize(actual.view(), indices, max_norm, workspace);
  if (!by_reference.ok() || !by_engine.ok()) {
    return {.compared = 0, .difference = by_engine.message(table) + " / " + by_reference.message(table)};
  }
  return compare_tables(expected, actual);
}

}  // namespace

TEST_CASE("renormalised rows are the reference's, for every type, norm and dim") {
  Random random(seed);
  const Engine engine;
  Workspace workspace;
  std::size_t compared = 0;
  for (int i = cases(2'000); i > 0; --i) {
    const std::uint64_t rows = 1 + below(random, 40);
    const std::uint64_t dim = 1 + below(random, below(random, 3) == 0 ? 20 : 300);
    const DType dtype = trainable_dtypes[below(random, 3)];
    const RandomTable table(random, rows, dim, dtype, below(random, 4), below(random, 3) * below(random, 9));
    const IndexKind kind = all_index_kinds[below(random, 6)];
    std::vector<std::int64_t> values(below(random, 30));
    for (auto& value : values) value = index_below(random, rows, kind);
    const MaxNorm max_norm{
        .max_norm = one_of(random, {0.0F, 0.5F, 4.0F, 30.0F, std::numeric_limits<float>::infinity()}),
        .norm_type = all_types[below(random, 3)]};
    const Outcome outcome = compare(engine, table.view(), Integers(kind, values), max_norm, workspace);
    CHECK_MESSAGE(outcome.difference.empty(), to_string(dtype), " norm ", static_cast<int>(max_norm.norm_type), ": ",
                  outcome.difference);
    compared += outcome.compared;
  }
  MESSAGE("seed ", seed, ": ", compared, " elements compared");
}

TEST_CASE("rows of a large call, on threads") {
  Random random(seed + 1);
  const RandomTable table(random, 20'000, 33, DType::f32);
  std::vector<std::int32_t> indices(100'000);
  for (auto& index : indices) index = static_cast<std::int32_t>(below(random, below(random, 20'000) + 1));
  for (const int threads : {1, 2, 3, 8}) {
    const Engine engine({.threads = Threads::own(threads)});
    Workspace workspace;
    for (const MaxNorm::Type type : all_types) {
      const Outcome outcome = compare(engine, table.view(), indices, {.max_norm = 3.0F, .norm_type = type}, workspace);
      CHECK_MESSAGE(outcome.difference.empty(), threads, " threads: ", outcome.difference);
    }
  }
}

TEST_CASE("a row at its norm, below it, or with a NaN keeps its bits; one beyond it comes to just under") {
  std::vector<float> values = {3, 4, 0, 0.3F, 0.4F, 0, 6, -8, 0, std::numeric_limits<float>::quiet_NaN(), 100, 0};
  const MutableTableView table = *MutableTableView::over(values, 3);
  const std::vector<std::int32_t> indices = {2, 0, 3, 1, 2, 2};  // row 2 is scaled once
  const Engine engine;
  Workspace workspace;
  REQUIRE(engine.renormalize(table, indices, {.max_norm = 5.0F}, workspace).ok());
  CHECK(std::vector<float>(values.begin(), values.begin() + 6) == std::vector<float>{3, 4, 0, 0.3F, 0.4F, 0});
  const float factor = 5.0F / (10.0F + 1e-7F);
  CHECK(values[6] == 6 * factor);
  CHECK(values[7] == -8 * factor);
  CHECK(values[9] != values[9]);
  CHECK(values[10] == 100.0F);
}
