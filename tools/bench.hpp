// rowan bench, and what it is told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "perf/workload.hpp"
#include "rowan/dtype.hpp"
#include "tools/bench_lookup.hpp"
#include "tools/commands.hpp"

namespace rowan::tool {

struct BenchArguments {
  TableChoice table;                  ///< no file: a random table in memory
  std::optional<std::uint64_t> rows;  ///< empty: a million, or as many as no cache holds
  std::uint64_t dim = 64;
  DType dtype = DType::f32;
  std::uint64_t bag = 50;
  std::uint64_t batch = 1024;  ///< bags in a call
  perf::Distribution distribution;
  LookupOptions lookup;
  std::optional<IndexKind> index;  ///< i32 or i64; empty: as a trace has it, else i64
  std::string trace;               ///< recorded lookups in place of random ones
  std::string trace_offsets;
  double seconds = 1.0;
  int threads = 1;
  std::uint64_t seed = 1;
  bool json = false;

  // A page about this machine in place of one measurement; the fields above but threads, seed and json say nothing.
  std::string report;
  bool quick = false;
  bool overwrite = false;
};
void bench(const BenchArguments& arguments);
void bench_report(const BenchArguments& arguments);

}  // namespace rowan::tool
