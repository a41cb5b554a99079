// Google Benchmark suite of files: opening them, and finding rows by key.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <unistd.h>

#include "perf/workload.hpp"
#include "rowan/export_table.hpp"
#include "rowan/file.hpp"
#include "rowan/table.hpp"

namespace {

using namespace rowan;
using namespace rowan::perf;

/// A folder for this run, removed at its end.
const std::filesystem::path& folder() {
  struct Folder {
    std::filesystem::path path;
    Folder() {
      std::string pattern = (std::filesystem::temp_directory_path() / "rowan-perf-XXXXXX").string();
      path = ::mkdtemp(pattern.data());
    }
    ~Folder() { std::filesystem::remove_all(path); }
  };
  static const Folder made;
  return made.path;
}

/// Opens a file of one table; the header is in the page cache, no row is read.
void open_file(benchmark::State& state) {
  const auto bytes = static_cast<std::uint64_t>(state.range(0)) << 20;
  const std::string path = folder() / "open.safetensors";
  create_table_file(path, {.rows = bytes / 256, .dim = 64, .init = Init::zeros()}, {.overwrite = true}).value();
  for (auto _ : state) benchmark::DoNotOptimize(Table::open(path).value().rows());
  std::filesystem::remove(path);
}
BENCHMARK(open_file)->ArgName("MiB")->Arg(1)->Arg(64)->Arg(1024)->Arg(4096)->Arg(10240)->Unit(benchmark::kMicrosecond);

/// Opens another library's file: plain safetensors or .npy.
void open_foreign(benchmark::State& state) {
  const auto bytes = static_cast<std::uint64_t>(state.range(0)) << 20;
  const auto format = state.range(1) != 0 ? TargetFormat::npy : TargetFormat::safetensors;
  const std::string path = folder() / "foreign";
  const Table table = Table::create({.rows = bytes / 256, .dim = 64, .init = Init::zeros()}).value();
  export_table(table, path, format, {.overwrite = true}).value();
  for (auto _ : state) benchmark::DoNotOptimize(Table::open(path).value().rows());
  std::filesystem::remove(path);
}
BENCHMARK(open_foreign)->ArgNames({"MiB", "npy"})->ArgsProduct({{1, 64, 1024}, {0, 1}})->Unit(benchmark::kMicrosecond);

/// Opens a text of 200,000 words through its sidecar.
void open_sidecar(benchmark::State& state) {
  const std::string path = folder() / "words.txt";
  std::filesystem::remove(path + ".rowan.safetensors");  // of the text as it was written the last time
  {
    std::ofstream text(path);
    for (int row = 0; row < 200'000; ++row) text << "word" << row << " 1 2 3 4 5 6 7 8\n";
  }
  static_cast<void>(Table::open(path, {.sidecar = true}).value());
  for (auto _ : state) benchmark::DoNotOptimize(Table::open(path, {.sidecar = true}).value().rows());
}
BENCHMARK(open_sidecar)->Unit(benchmark::kMicrosecond);

/// Opens a file of many tables.
void open_tables(benchmark::State& state) {
  const auto tables = static_cast<std::size_t>(state.range(0));
  const std::string path = folder() / "tables.safetensors";
  std::vector<TableLayout> layouts(tables);
  for (std::size_t i = 0; i < tables; ++i) layouts[i] = {.name = "feature_" + std::to_string(i), .dim = 16};
  TableWriter writer = TableWriter::create(path, layouts, {.overwrite = true}).value();
  const std::vector<float> rows(std::size_t{100} * 16, 1.0F);
  for (std::size_t i = 0; i < tables; ++i) writer.append(i, rows).value();
  writer.publish().value();
  for (auto _ : state) benchmark::DoNotOptimize(Table::open_all(path).value().size());
}
BENCHMARK(open_tables)->ArgName("tables")->Arg(1)->Arg(8)->Arg(100)->Unit(benchmark::kMicrosecond);

/// A table of u64 ids, mixed from the row number as a feature hash would.
std::uint64_t id_of(std::uint64_t row) { return row * 0x9E37'79B9'7F4A'7C15U; }

Table table_of_ids(std::uint64_t rows) {
  const std::string path = folder() / ("ids" + std::to_string(rows) + ".safetensors");
  if (!std::filesystem::exists(path)) {
    TableWriter writer = TableWriter::create(path, {{.dim = 1, .keys = KeyKind::u64}}).value();
    constexpr std::uint64_t batch = 100'000;
    for (std::uint64_t first = 0; first < rows; first += batch) {
      const std::uint64_t count = std::min(batch, rows - first);
      std::vector<std::uint64_t> ids(count);
      for (std::uint64_t i = 0; i < count; ++i) ids[i] = id_of(first + i);
      writer.append(0, std::vector<float>(count, 1.0F), ids).value();
    }
    writer.publish().value();
  }
  return Table::open(path).value();
}

/// Finds a million keys that are there, in random order, in one call or in one call each.
void find_ids(benchmark::State& state) {
  const auto rows = static_cast<std::uint64_t>(state.range(0));
  const bool batch = state.range(1) != 0;
  const Table table = table_of_ids(rows);
  constexpr std::size_t count = 1'000'000;
  const std::vector<std::int64_t> wanted = random_indices(rows, count, {}, 11);
  std::vector<std::uint64_t> ids(count);
  for (std::size_t i = 0; i < count; ++i) ids[i] = id_of(static_cast<std::uint64_t>(wanted[i]));
  std::vector<std::int64_t> found(count);
  for (auto _ : state) {
    if (batch) {
      if (!table.vocabulary().find(ids, found).ok()) state.SkipWithError("refused");
    } else {
      for (std::size_t i = 0; i < count; ++i) found[i] = table.vocabulary().find(ids[i]);
    }
  }
  if (found != wanted) state.SkipWithError("wrong rows");
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * count));
  state.counters["per_key"] = benchmark::Counter(static_cast<double>(state.iterations() * count),
                                                 benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(find_ids)
    ->ArgNames({"rows", "batch"})
    ->ArgsProduct({{10'000, 10'000'000}, {0, 1}})
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
