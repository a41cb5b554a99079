// Google Benchmark suite of training: optimizer, dim, skew of the indices. One step is 512 bags of 50 rows of an f32
// table that no cache holds, on one thread. Items per second are indices; bytes per second are bytes of the rows that
// they name, once each. Index sets rotate, and what state they touch is touched before.
#include <benchmark/benchmark.h>

#include <span>
#include <string>
#include <vector>

#include "perf/memory.hpp"
#include "perf/suite.hpp"
#include "perf/workload.hpp"
#include "rowan/optimizer.hpp"

namespace {

using namespace rowan;
using namespace rowan::perf;

constexpr std::uint64_t table_bytes = std::uint64_t{256} << 20;
constexpr std::size_t bags = 512;
constexpr std::size_t rows_per_bag = 50;
constexpr std::size_t sets_in_rotation = 40;

struct Named {
  const char* name;
  Algorithm algorithm;
};
const Named algorithms[] = {
    {"sgd", Sgd{}},          {"momentum", Sgd{.momentum = 0.9F}},
    {"adagrad", Adagrad{}},  {"row_wise_adagrad", RowWiseAdagrad{}},
    {"adam", Adam{}},        {"row_wise_adam", RowWiseAdam{}},
    {"rms_prop", RmsProp{}}, {"ftrl", Ftrl{}},
};

/// A table of random values in memory that all share: benchmarks of one dim run one after the other.
MutableTableView table_of(std::uint64_t dim) {
  static const Block memory(table_bytes);
  static std::uint64_t filled = 0;
  const std::uint64_t rows = table_bytes / (dim * sizeof(float));
  if (filled != dim) static_cast<void>(random_table(memory.bytes(), dim, DType::f32, 7, 1));
  filled = dim;
  return MutableTableView::over(memory.bytes(), rows, dim, DType::f32).value();
}

void learn(benchmark::State& state, const Algorithm& algorithm, std::uint64_t dim, const Distribution& distribution) {
  static const Engine engine;
  const MutableTableView table = table_of(dim);
  const IndexSets sets(table.rows(), bags * rows_per_bag, sets_in_rotation, distribution, 3);
  const std::vector<std::int64_t> offsets = even_offsets(bags + 1, rows_per_bag);
  std::vector<float> gradient(bags * dim);
  static_cast<void>(random_table(std::as_writable_bytes(std::span(gradient)), dim, DType::f32, 5, 1));
  Optimizer optimizer = Optimizer::create(table, algorithm).value();
  const auto step = [&](std::size_t call) {
    return optimizer.step(engine, table,
                          LookupGradient{.bags = {sets[call % sets.size()], offsets},
                                         .gradient = gradient,
                                         .options = {.pooling = Pooling::sum, .include_last_offset = true}});
  };
  for (std::size_t call = 0; call < sets.size(); ++call) {
    if (!step(call)) return state.SkipWithError("refused");
  }
  std::size_t call = 0;
  for (auto _ : state) benchmark::DoNotOptimize(step(call++));
  count_rows(state, bags * rows_per_bag, table.row_bytes());
}

void register_all() {
  for (const std::uint64_t dim : {32, 64, 128, 256}) {
    for (const Named& named : algorithms) {
      for (const Distribution distribution : {Distribution{}, Distribution{1.05}, Distribution{1.2}}) {
        const std::string full_name =
            std::string(named.name) + "/f32x" + std::to_string(dim) + "/" + to_string(distribution);
        benchmark::RegisterBenchmark(full_name.c_str(), [&named, dim, distribution](benchmark::State& state) {
          learn(state, named.algorithm, dim, distribution);
        })->UseRealTime();
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) { return rowan::perf::run_suite(argc, argv, register_all); }
