// Tables that L1 holds, that L2 holds, and larger ones are read by loops that differ in what they prefetch, and so are
// tables under different tunings: each must give the reference's bits, at every number of registers that a row takes.
#include <doctest/doctest.h>

#include <algorithm>

#include "rowan/engine.hpp"
#include "tests/support/effort.hpp"
#include "tests/support/random_calls.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr std::uint64_t seed = 20261201;

/// Few rows, as far apart as makes a table of so many bytes.
RandomTable spread_table(Random& random, DType dtype, std::uint64_t dim, std::uint64_t bytes) {
  const std::uint64_t row = *row_bytes(dtype, dim);
  const std::uint64_t rows = std::clamp<std::uint64_t>(bytes / row, 1, 200);
  return {random, rows, dim, dtype, 0, std::max(row, bytes / rows) - row};
}

/// An engine that prefetches so whatever the table.
Engine engine_of(const Ahead& ahead) {
  Tuning tuning = Tuning::built_in();
  tuning.set_all(ahead);
  return Engine({.tuning = tuning});
}

}  // namespace

TEST_CASE("every type and dim, in tables of every level of the caches, pooled in every way") {
  Random random(seed);
  std::vector<Engine> engines(1);
  for (const Ahead& ahead : {Ahead{0, 0}, Ahead{7, 0}, Ahead{0, 5}, Ahead{11, 3}}) engines.push_back(engine_of(ahead));
  std::size_t compared = 0;
  std::size_t number = 0;
  for (const DType dtype : all_dtypes) {
    for (std::uint64_t dim = 1; dim <= 200; dim += !reduced_effort() ? 1 : dim < 34 ? 3 : 13) {
      for (const std::size_t bytes : {std::size_t{16} << 10, std::size_t{200} << 10, std::size_t{9} << 20}) {
        const RandomTable table = spread_table(random, dtype, dim, bytes);
        const Engine& engine = engines[number++ % engines.size()];
        for (const Pooling pooling : all_poolings) {
          // i64 and u32 are read by the kernels as they are, narrow ones in blocks.
          const CallShape shape{
              .pooling = pooling, .indices = all_index_kinds[below(random, 6)], .most_bags = 12, .longest_bag = 40};
          const Outcome outcome = compare_random_bags(random, engine, table.view(), shape);
          REQUIRE_MESSAGE(outcome.difference.empty(), to_string(dtype), " of ", bytes, " bytes, pooling ",
                          static_cast<int>(pooling), ": ", outcome.difference);
          compared += outcome.compared;
        }
        const Outcome rows = compare_random_rows(random, engine, table.view(), output_dtypes[below(random, 3)],
                                                 all_index_kinds[below(random, 6)]);
        REQUIRE_MESSAGE(rows.difference.empty(), to_string(dtype), " of ", bytes, " bytes: ", rows.difference);
      }
    }
  }
  MESSAGE("seed ", seed, ": ", compared, " elements compared");
}
