// Google Benchmark suite of lookups: type, dim, bag length, size of the table and skew of the indices.
// Items per second are rows read; bytes per second are row bytes read. Index sets rotate, tables are random.
#include <benchmark/benchmark.h>

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "perf/workload.hpp"
#include "rowan/engine.hpp"
#include "rowan/table.hpp"

namespace {

using namespace rowan;
using namespace rowan::perf;

/// The last table that was asked for: benchmarks run in an order that uses one table for many.
const Table& random_table(std::uint64_t bytes, std::uint64_t dim, DType dtype) {
  static std::map<std::tuple<std::uint64_t, std::uint64_t, DType>, Table> last;
  const auto key = std::make_tuple(bytes, dim, dtype);
  if (const auto found = last.find(key); found != last.end()) return found->second;
  last.clear();
  return last
      .emplace(key, Table::create({.rows = bytes / (dim * element_size(dtype)),
                                   .dim = dim,
                                   .dtype = dtype,
                                   .init = Init::uniform(-1.0F, 1.0F, 7)},
                                  Threads::own())
                        .value())
      .first->second;
}

struct Place {
  const char* name;
  std::uint64_t bytes;
};
constexpr Place places[] = {{"L2", 512 << 10}, {"L3", 8 << 20}, {"DRAM", 512 << 20}};

void report(benchmark::State& state, const Table& table, std::size_t rows) {
  const auto items = static_cast<std::int64_t>(state.iterations() * rows);
  state.SetItemsProcessed(items);
  state.SetBytesProcessed(items * static_cast<std::int64_t>(table.view().row_bytes()));
}

void pooled(benchmark::State& state, Place place, DType dtype, Distribution distribution, std::uint64_t dim,
            std::size_t length) {
  const Table& table = random_table(place.bytes, dim, dtype);
  const std::size_t bags = std::max<std::size_t>(1, 4000 / length);
  const IndexSets sets(table.rows(), bags * length, 16, distribution, 3);
  const std::vector<std::int64_t> offsets = even_offsets(bags, length);
  std::vector<float> out(bags * dim);
  const Engine engine;
  std::size_t call = 0;
  for (auto _ : state) {
    const Bags<std::int64_t> input{sets[call++ % sets.size()], offsets};
    if (!engine.embedding_bag(table, input, out, {.pooling = Pooling::sum}).ok()) state.SkipWithError("refused");
    benchmark::DoNotOptimize(out.data());
  }
  report(state, table, bags * length);
}

void unpooled(benchmark::State& state, Place place, DType dtype, Distribution distribution, std::uint64_t dim,
              std::size_t count) {
  const Table& table = random_table(place.bytes, dim, dtype);
  const IndexSets sets(table.rows(), count, 64, distribution, 3);
  std::vector<float> out(count * dim);
  const Engine engine;
  std::size_t call = 0;
  for (auto _ : state) {
    if (!engine.embedding(table, sets[call++ % sets.size()], out).ok()) state.SkipWithError("refused");
    benchmark::DoNotOptimize(out.data());
  }
  report(state, table, count);
}

void register_all() {
  for (const Place place : places) {
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
      for (const std::uint64_t dim : {16, 32, 64, 100, 128, 256, 300}) {
        const std::string shape =
            std::string(place.name) + "/" + std::string(to_string(dtype)) + "x" + std::to_string(dim);
        for (const std::size_t length : {1, 10, 50}) {
          for (const Distribution distribution : {Distribution{}, Distribution{1.05}}) {
            const std::string name =
                "embedding_bag/" + shape + "/bag" + std::to_string(length) + "/" + to_string(distribution);
            benchmark::RegisterBenchmark(name.c_str(), pooled, place, dtype, distribution, dim, length);
          }
        }
        for (const std::size_t count : {1, 1000}) {
          const std::string name = "embedding/" + shape + "/rows" + std::to_string(count);
          benchmark::RegisterBenchmark(name.c_str(), unpooled, place, dtype, Distribution{}, dim, count);
        }
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("rowan_tier", std::string(rowan::Engine().isa()));
  register_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
