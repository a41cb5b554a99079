// The whole matrix of table type, output type, pooling and index type: each cell has its 10,000 random calls, without
// empty bags, whose outputs equal the reference's to the bit on the tier that this run is for.
#include <doctest/doctest.h>

#include <vector>

#include "rowan/engine.hpp"
#include "tests/support/effort.hpp"
#include "tests/support/random_calls.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr std::uint64_t seed = 20261124;

/// Small tables of one type: many dims around the widths of registers, odd alignments and strides.
std::vector<RandomTable> tables_of(Random& random, DType dtype) {
  std::vector<RandomTable> tables;
  for (std::uint64_t dim = 1; dim <= 40; ++dim) {
    tables.emplace_back(random, 1 + below(random, 60), dim, dtype, below(random, 8),
                        below(random, 3) * below(random, 9));
  }
  for (const std::uint64_t dim : {63, 64, 65, 100, 127, 131}) {
    tables.emplace_back(random, 1 + below(random, 60), dim, dtype, below(random, 8), below(random, 9));
  }
  return tables;
}

}  // namespace

TEST_CASE("every cell of table type, output type, pooling and index type equals the reference") {
  Random random(seed);
  const Engine engine;
  const int calls = cases(3'000);
  std::size_t cells = 0;
  std::size_t compared = 0;
  for (const DType dtype : all_dtypes) {
    const std::vector<RandomTable> tables = tables_of(random, dtype);
    for (const DType output : output_dtypes) {
      for (const IndexKind kind : all_index_kinds) {
        for (const Pooling pooling : all_poolings) {
          const CallShape shape{.output = output,
                                .pooling = pooling,
                                .indices = kind,
                                .most_bags = 2,
                                .longest_bag = 4,
                                .empty_bags = false};
          for (int i = 0; i < calls; ++i) {
            const Outcome outcome =
                compare_random_bags(random, engine, tables[below(random, tables.size())].view(), shape);
            REQUIRE_MESSAGE(outcome.difference.empty(), to_string(dtype), " to ", to_string(output), " pooling ",
                            static_cast<int>(pooling), " index kind ", static_cast<int>(kind), ": ",
                            outcome.difference);
            compared += outcome.compared;
          }
          ++cells;
        }
        for (int i = 0; i < calls; ++i) {
          const Outcome outcome =
              compare_random_rows(random, engine, tables[below(random, tables.size())].view(), output, kind);
          REQUIRE_MESSAGE(outcome.difference.empty(), to_string(dtype), " to ", to_string(output), " index kind ",
                          static_cast<int>(kind), ": ", outcome.difference);
          compared += outcome.compared;
        }
        ++cells;
      }
    }
  }
  MESSAGE("seed ", seed, ": ", cells, " cells, ", calls, " calls each, ", compared, " elements compared");
  CHECK(cells == 8 * 3 * 6 * 8);
  CHECK(compared > cells * static_cast<std::size_t>(calls));
}
