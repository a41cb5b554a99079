// Google Benchmark suite of lookups: element type, dim, bag length, size of the table, skew of the indices, threads.
// Items per second are rows read; bytes per second are row bytes read. Index sets rotate, tables are random.
//
// There are thousands of them; --benchmark_filter picks, as in --benchmark_filter='embedding_bag/DRAM/f32x128/'.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "perf/memory.hpp"
#include "perf/suite.hpp"
#include "perf/workload.hpp"
#include "rowan/engine.hpp"

namespace {

using namespace rowan;
using namespace rowan::perf;

struct Place {
  const char* name;
  std::uint64_t bytes;
};
constexpr Place places[] = {{"L1L2", 320 << 10}, {"L3", 12 << 20}, {"DRAM", 512 << 20}};
constexpr std::uint64_t dims[] = {16, 32, 50, 64, 100, 128, 200, 256, 300, 512, 768, 1024};
constexpr std::size_t bag_lengths[] = {1, 10, 50, 200};
constexpr std::size_t rows_per_call = 4000;

/// What a benchmark is about.
struct Work {
  Place place;
  DType dtype;
  std::uint64_t dim;
  Distribution distribution;
  std::size_t bag;  ///< 0: not pooled
  int threads;
};

/// The table of this place, type and dim. One lies in memory at a time: benchmarks run in an order that uses it for
/// many.
const TableView& table_of(const Work& work) {
  static const Block memory(std::max_element(std::begin(places), std::end(places), [](Place a, Place b) {
                              return a.bytes < b.bytes;
                            })->bytes);
  using Key = std::tuple<std::uint64_t, DType, std::uint64_t>;
  static std::map<Key, TableView> last;
  const Key key(work.place.bytes, work.dtype, work.dim);
  auto found = last.find(key);
  if (found == last.end()) {
    last.clear();
    const int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    found =
        last.emplace(key, random_table(memory.bytes().first(work.place.bytes), work.dim, work.dtype, 7, threads)).first;
  }
  return found->second;
}

/// Engines are kept: the threads of one have started before anything is timed.
const Engine& engine_of(int threads) {
  static std::map<int, Engine> engines;
  const auto found = engines.find(threads);
  if (found != engines.end()) return found->second;
  return engines.emplace(threads, EngineOptions{threads == 1 ? Threads::caller() : Threads::own(threads)})
      .first->second;
}

void look_up(benchmark::State& state, const Work& work) {
  const TableView& table = table_of(work);
  const Engine& engine = engine_of(work.threads);
  // A call is as large for each thread as for one alone; in all sets together are more rows than caches hold.
  const std::size_t rows = rows_per_call * static_cast<std::size_t>(work.threads);
  const std::size_t outputs = work.bag == 0 ? rows : rows / work.bag;
  const IndexSets sets(table.rows(), rows, 100, work.distribution, 3);
  const std::vector<std::int64_t> offsets = even_offsets(outputs + 1, std::max<std::size_t>(work.bag, 1));
  std::vector<float> out(outputs * work.dim);
  std::size_t call = 0;
  for (auto _ : state) {
    const auto indices = sets[call++ % sets.size()];
    const Status status = work.bag == 0 ? engine.embedding(table, indices, out)
                                        : engine.embedding_bag(table, {indices, offsets}, out,
                                                               {.pooling = Pooling::sum, .include_last_offset = true});
    if (!status) state.SkipWithError("refused");
    benchmark::DoNotOptimize(out.data());
  }
  count_rows(state, rows, table.row_bytes());
}

std::string name_of(const Work& work) {
  return std::string(work.bag == 0 ? "embedding/" : "embedding_bag/") + work.place.name + "/" +
         std::string(to_string(work.dtype)) + "x" + std::to_string(work.dim) + "/" +
         (work.bag == 0 ? "" : "bag" + std::to_string(work.bag) + "/") + to_string(work.distribution) + "/threads" +
         std::to_string(work.threads);
}

void register_all() {
  std::vector<int> thread_counts = {1};
  const int most = static_cast<int>(std::thread::hardware_concurrency());
  if (most > 1) thread_counts.push_back(most);
  std::vector<std::size_t> lengths(std::begin(bag_lengths), std::end(bag_lengths));
  lengths.push_back(0);
  for (const Place place : places) {
    for (int type = 0; type < dtype_count; ++type) {
      for (const std::uint64_t dim : dims) {
        for (const std::size_t bag : lengths) {
          for (const Distribution distribution : {Distribution{}, Distribution{1.05}}) {
            for (const int threads : thread_counts) {
              const Work work{place, static_cast<DType>(type), dim, distribution, bag, threads};
              benchmark::RegisterBenchmark(name_of(work).c_str(), [work](benchmark::State& s) {
                look_up(s, work);
              })->UseRealTime();
            }
          }
        }
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) { return rowan::perf::run_suite(argc, argv, register_all); }
