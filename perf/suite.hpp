// What the Google Benchmark suites have in common.
#pragma once

#include <benchmark/benchmark.h>

#include <string>

#include "rowan/engine.hpp"

namespace rowan::perf {

/// main() of a suite whose benchmarks register_all() registers.
template <class RegisterAll>
int run_suite(int argc, char** argv, const RegisterAll& register_all) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("rowan_tier", std::string(Engine().isa()));
  register_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

/// Items are rows that are named, bytes are those of the rows.
inline void count_rows(benchmark::State& state, std::size_t rows, std::uint64_t row_bytes) {
  const auto items = static_cast<std::int64_t>(state.iterations() * rows);
  state.SetItemsProcessed(items);
  state.SetBytesProcessed(items * static_cast<std::int64_t>(row_bytes));
}

}  // namespace rowan::perf
