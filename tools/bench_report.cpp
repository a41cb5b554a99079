// rowan bench --report: a sweep over element types, dims, places and threads of this machine, drawn as one page.
#include <algorithm>
#include <chrono>
#include <thread>

#include "perf/ceiling.hpp"
#include "perf/memory.hpp"
#include "perf/places.hpp"
#include "perf/record.hpp"
#include "perf/turns.hpp"
#include "perf/workload.hpp"
#include "tools/bench.hpp"
#include "tools/bench_calls.hpp"
#include "tools/bench_latency.hpp"
#include "tools/bench_lookup.hpp"
#include "tools/engine.hpp"
#include "tools/failure.hpp"
#include "tools/output.hpp"
#include "tools/text_file.hpp"

namespace rowan::tool {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t bag = 50;
constexpr std::size_t samples = 9;
constexpr std::size_t least_sets = 8;

struct Plan {
  std::vector<DType> dtypes;
  std::vector<std::uint64_t> dims;
  std::vector<perf::Distribution> distributions = {{}, {1.05}};
  std::vector<perf::Place> places;
  std::vector<int> thread_counts;
  double seconds = 0;  ///< for all of it

  std::size_t cells() const {
    return dtypes.size() * dims.size() * distributions.size() * places.size() * thread_counts.size();
  }
  std::uint64_t most_bytes() const {
    return std::max_element(places.begin(), places.end(),
                            [](perf::Place a, perf::Place b) { return a.bytes < b.bytes; })
        ->bytes;
  }
};

Plan plan_of(const BenchArguments& arguments, const perf::Machine& machine) {
  Plan plan;
  plan.places = perf::report_places(perf::caches_of(machine), perf::available_memory(), arguments.quick);
  const int most =
      arguments.threads != 0 ? arguments.threads : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  plan.thread_counts = {1};
  if (most > 1) plan.thread_counts.push_back(most);
  if (arguments.quick) {
    plan.dtypes = {DType::f32, DType::f16, DType::i8, DType::i4};
    plan.dims = {32, 128, 512};
    plan.seconds = 36;
  } else {
    for (int i = 0; i < dtype_count; ++i) plan.dtypes.push_back(static_cast<DType>(i));
    plan.dims = {16, 64, 128, 256, 768};
    plan.seconds = 150;
  }
  return plan;
}

std::size_t bags_per_call(const TableView& table) {
  return std::clamp<std::uint64_t>((std::uint64_t{4} << 20) / table.row_bytes(), 2'000, 40'000) / bag;
}

/// What is measured, with what, and when it must be over.
class Sweep {
 public:
  Sweep(const BenchArguments& arguments, perf::Machine machine)
      : plan_(plan_of(arguments, machine)),
        start_(Clock::now()),
        memory_(plan_.most_bytes()),
        cells_left_(plan_.cells()) {
    record_.command = arguments.quick ? "rowan bench --report --quick" : "rowan bench --report";
    record_.date = utc_now();
    record_.seed = arguments.seed;
    record_.machine = std::move(machine);
    for (const int threads : plan_.thread_counts) {
      engines_.emplace_back(EngineOptions{threads == 1 ? Threads::caller() : Threads::own(threads)});
      need(engines_.back());
    }
  }

  const Plan& plan() const { return plan_; }

  perf::Record run() {
    for (const perf::Place place : plan_.places) {
      for (const DType dtype : plan_.dtypes) {
        for (const std::uint64_t dim : plan_.dims) measure_table(place, dtype, dim);
      }
    }
    measure_ceilings();
    measure_latencies();
    return std::move(record_);
  }

 private:
  TableView table(perf::Place place, DType dtype, std::uint64_t dim) {
    return perf::random_table(memory_.bytes().first(place.bytes), dim, dtype, record_.seed, plan_.thread_counts.back());
  }

  void measure_table(perf::Place place, DType dtype, std::uint64_t dim) {
    const TableView view = table(place, dtype, dim);
    const std::size_t bags = bags_per_call(view);
    const bool in_memory = place.level == perf::MemoryLevel::memory;
    const std::size_t past_caches =
        in_memory ? perf::calls_past_caches(perf::caches_of(record_.machine), view.row_bytes(), bags * bag) : 0;
    const std::size_t set_count = std::max(least_sets, past_caches);
    for (const perf::Distribution& distribution : plan_.distributions) {
      const perf::IndexSets sets(view.rows(), bags * bag, set_count, distribution, record_.seed);
      const Calls calls(sets, bags, bag, false);
      Lookup lookup({}, view, calls);
      static_cast<void>(lookup.check(engines_.front()));
      for (std::size_t i = 0; i < engines_.size(); ++i) {
        perf::Cell cell;
        cell.operation = "embedding_bag";
        cell.dtype = to_string(dtype);
        cell.dim = dim;
        cell.rows = view.rows();
        cell.row_bytes = view.row_bytes();
        cell.place = place.name();
        cell.distribution = perf::to_string(distribution);
        cell.bag = bag;
        cell.threads = plan_.thread_counts[i];
        cell.pages = perf::pages_of(memory_.bytes().first(place.bytes));
        cell.series = measure_cell(engines_[i], lookup, view, sets, cell);
        record_.cells.push_back(std::move(cell));
        --cells_left_;
      }
    }
  }

  std::vector<perf::Series> measure_cell(const Engine& engine, Lookup& lookup, const TableView& view,
                                         const perf::IndexSets& sets, const perf::Cell& cell) {
    const double seconds = seconds_left() / static_cast<double>(cells_left_);
    std::vector<perf::Side> sides;
    sides.push_back({"rowan", [&](std::size_t number) { lookup.run(engine, number); }});
    perf::Team team(cell.threads);
    if (cell.place == perf::name_of(perf::MemoryLevel::memory)) {
      const perf::RowMemory rows{view.data(), view.row_bytes(), view.row_stride()};
      const perf::Ahead ahead = perf::fastest_ahead(rows, sets, sets[0].size(), team);
      sides.push_back({"ceiling", [&, rows, ahead](std::size_t number) {
                         const volatile std::uint64_t sum = touch_rows(rows, sets[number % sets.size()], ahead, team);
                         static_cast<void>(sum);
                       }});
    }
    // Half of the time is what goes before and between the samples.
    const double share = seconds / 2 / static_cast<double>(samples * sides.size());
    return perf::take_turns(sides, {.samples = samples, .seconds = share}, static_cast<double>(sets[0].size()));
  }

  void measure_ceilings() {
    const perf::Place place = plan_.places.back();
    if (place.level != perf::MemoryLevel::memory) return;
    const std::span<const std::byte> bytes = memory_.bytes().first(place.bytes);
    for (const int threads : plan_.thread_counts) {
      record_.ceilings.push_back(
          {threads, perf::pages_of(bytes), 0, perf::sequential_gb_per_second(bytes, threads, 0.3)});
    }
  }

  /// Calls as a server makes them: few rows, large table.
  void measure_latencies() {
    struct Kind {
      const char* what;
      std::size_t bags;
      std::size_t rows;
      bool embedding;
    };
    constexpr Kind kinds[] = {
        {"one row", 1, 1, true}, {"one bag of 50", 1, bag, false}, {"100 bags of 50", 100, bag, false}};
    constexpr std::uint64_t dim = 64;
    const perf::Place place = plan_.places.back();
    const TableView view = table(place, DType::f32, dim);
    for (const Kind& kind : kinds) {
      const perf::IndexSets sets(view.rows(), kind.bags * kind.rows, 200'000 / (kind.bags * kind.rows), {},
                                 record_.seed);
      const Calls calls(sets, kind.bags, kind.rows, false);
      Lookup lookup({.embedding = kind.embedding}, view, calls);
      const auto call = [&](std::size_t number) { lookup.run(engines_.front(), number); };
      call(0);
      record_.percentiles.push_back(
          percentiles_of(fmt::format("{}, f32 × {}, {}", kind.what, dim, place.name()), single_calls(0.4, call)));
    }
  }

  double seconds_left() const {
    return std::max(0.0, plan_.seconds - std::chrono::duration<double>(Clock::now() - start_).count());
  }

  Plan plan_;
  Clock::time_point start_;
  perf::Block memory_;
  std::size_t cells_left_;
  std::vector<Engine> engines_;
  perf::Record record_;
};

}  // namespace

void bench_report(const BenchArguments& arguments) {
  TextFile page(arguments.report, arguments.overwrite);
  const perf::Machine machine = perf::this_machine();
  Sweep sweep(arguments, machine);
  if (!arguments.json) {
    print("measuring {} cells in tables of up to {}: about {:.0f} s\n", sweep.plan().cells(),
          readable_bytes(sweep.plan().most_bytes()), sweep.plan().seconds);
    if (sweep.plan().places.back().level != perf::MemoryLevel::memory) {
      print("{}\n", perf::no_table_out_of_cache(perf::caches_of(machine), perf::available_memory()));
    }
    finish_output();
  }
  const perf::Record record = sweep.run();
  page.publish(perf::to_html(record));
  if (arguments.json) return print("{}\n", perf::to_json(record));
  print("wrote {}\n", arguments.report);
}

}  // namespace rowan::tool
