// rowan bench: what a lookup costs per row on this machine, after proof that its answers are right.
#include <algorithm>
#include <chrono>
#include <optional>

#include "perf/ceiling.hpp"
#include "perf/memory.hpp"
#include "perf/places.hpp"
#include "perf/record.hpp"
#include "perf/trace.hpp"
#include "perf/workload.hpp"
#include "tools/bench.hpp"
#include "tools/bench_calls.hpp"
#include "tools/bench_latency.hpp"
#include "tools/bench_lookup.hpp"
#include "tools/engine.hpp"
#include "tools/failure.hpp"
#include "tools/json.hpp"
#include "tools/output.hpp"
#include "tools/tokens.hpp"

namespace rowan::tool {
namespace {

constexpr std::size_t least_indices = 4'000'000;  // drawn in all
constexpr std::size_t most_per_call = 1U << 28;
constexpr std::size_t sample_count = 15;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Rows per call, after a look at the sizes that were asked for.
std::size_t rows_per_call(const BenchArguments& arguments) {
  std::size_t rows = 0;
  if (__builtin_mul_overflow(arguments.batch, arguments.bag, &rows) || rows > most_per_call) {
    throw WrongUsage(fmt::format("--batch times --bag must not exceed {} rows a call", grouped(most_per_call)));
  }
  return rows;
}

/// Rows of a random table whose number nobody has given: where memory allows it, no cache holds them. Traces, whose
/// rows must be there, find the same number on each machine.
std::uint64_t usual_rows(const BenchArguments& arguments, const perf::Machine& machine) {
  constexpr std::uint64_t least = 1'000'000;
  const auto bytes = perf::bytes_out_of_cache(perf::caches_of(machine), perf::available_memory(), 0);
  const auto row = row_bytes(arguments.dtype, arguments.dim);
  if (!bytes || !row || !arguments.trace.empty()) return least;
  return std::max(least, (*bytes + *row - 1) / *row);
}

Table table_of(const BenchArguments& arguments, const perf::Machine& machine) {
  if (!arguments.table.file.empty()) return open_rows(arguments.table);
  const std::uint64_t rows = arguments.rows ? *arguments.rows : usual_rows(arguments, machine);
  return need(Table::create(
      {.rows = rows, .dim = arguments.dim, .dtype = arguments.dtype, .init = Init::normal(arguments.seed)},
      Threads::own(arguments.threads)));
}

std::span<const std::byte> bytes_of(const TableView& table) {
  return {table.data(), (table.rows() - 1) * table.row_stride() + table.row_bytes()};
}

/// Reads a byte of every page, so that no page fault is timed.
void touch(const TableView& table) {
  constexpr std::uint64_t page = 4096;
  const std::span<const std::byte> bytes = bytes_of(table);
  volatile std::byte sink{};
  for (std::uint64_t at = 0; at < bytes.size(); at += page) sink = bytes[at];
  static_cast<void>(sink);
}

/// Whether most lookups of uniform rows miss every cache.
bool out_of_cache(const TableView& table, const perf::Machine& machine) {
  return bytes_of(table).size() >= 2 * perf::caches_of(machine).largest();
}

Calls calls_of(const BenchArguments& arguments, const TableView& table, const perf::Machine& machine) {
  if (arguments.trace.empty()) {
    const std::size_t per_call = rows_per_call(arguments);
    const std::size_t past_caches = out_of_cache(table, machine)
                                        ? perf::calls_past_caches(perf::caches_of(machine), table.row_bytes(), per_call)
                                        : 0;
    const std::size_t count = std::max({std::size_t{4}, (least_indices + per_call - 1) / per_call, past_caches});
    const perf::IndexSets sets(table.rows(), per_call, count, arguments.distribution, arguments.seed);
    return {sets, arguments.batch, arguments.bag, arguments.index.value_or(IndexKind::i64) == IndexKind::i32};
  }
  perf::Trace trace = need(perf::read_trace(arguments.trace, arguments.trace_offsets, arguments.bag));
  need(perf::check_rows(trace, table.rows()));
  const IndexKind recorded = trace.narrow ? IndexKind::i32 : IndexKind::i64;
  return {std::move(trace), arguments.batch, arguments.index.value_or(recorded) == IndexKind::i32};
}

/// Samples of the lookups, about `seconds` in all; and, in turn with them, as many of a loop that only touches the
/// rows. That loop is left out where the caches hold the table: there it is no limit. Both are counted by rows, since
/// a trace's calls differ in them.
std::vector<perf::Series> measure(const Engine& engine, Lookup& lookup, const Calls& calls, const TableView& table,
                                  double seconds, bool with_ceiling) {
  constexpr std::size_t most_touched = 1 << 16;
  const std::size_t per_touch = std::min({calls.most_rows(), most_touched, calls.indices().size()});
  const perf::IndexSets touched(with_ceiling ? calls.indices() : std::vector<std::int64_t>(per_touch), per_touch);
  const perf::RowMemory memory{table.data(), table.row_bytes(), table.row_stride()};
  perf::Team team(with_ceiling ? engine.concurrency() : 1);
  const perf::Ahead ahead = with_ceiling ? perf::fastest_ahead(memory, touched, per_touch, team) : perf::Ahead{};

  std::size_t number = 0;
  const auto look_up = [&] {
    lookup.run(engine, number);
    return lookup.rows_of(number++);
  };
  std::size_t touches = 0;
  const auto touch_rows = [&] {
    const volatile std::uint64_t sum = perf::touch_rows(memory, touched[touches++ % touched.size()], ahead, team);
    static_cast<void>(sum);
    return per_touch;
  };
  // The clock is read once in a while only, which is nothing beside the calls between two readings.
  const auto sample = [&](const auto& call, std::size_t rows_of_call) {
    const std::size_t between = std::max<std::size_t>(1, 2000 / std::max<std::size_t>(rows_of_call, 1));
    static_cast<void>(call());
    std::size_t rows = 0;
    double spent = 0;
    const auto start = Clock::now();
    do {
      for (std::size_t i = 0; i < between; ++i) rows += call();
      spent = seconds_since(start);
    } while (spent < seconds / sample_count || rows == 0);
    return spent * 1e9 / static_cast<double>(rows);
  };
  std::vector<perf::Series> series = {{"rowan", {}}};
  if (with_ceiling) series.push_back({"ceiling", {}});
  for (std::size_t i = 0; i < sample_count; ++i) {
    series.front().samples.push_back(sample(look_up, calls.most_rows()));
    if (with_ceiling) series.back().samples.push_back(sample(touch_rows, per_touch));
  }
  return series;
}

/// What the figures are about, for the record and the JSON.
perf::Cell cell_of(const BenchArguments& arguments, const Engine& engine, const TableView& table) {
  perf::Cell cell;
  cell.operation = arguments.lookup.embedding ? "embedding" : "embedding_bag";
  cell.dtype = to_string(table.dtype());
  cell.dim = table.dim();
  cell.rows = table.rows();
  cell.row_bytes = table.row_bytes();
  cell.distribution = arguments.trace.empty() ? perf::to_string(arguments.distribution) : "recorded";
  cell.bag = arguments.lookup.embedding || !arguments.trace.empty() ? 0 : arguments.bag;
  cell.threads = engine.concurrency();
  cell.pages = perf::pages_of(bytes_of(table));
  return cell;
}

/// The figures that people ask for; every sample is in the record beside them.
struct Figures {
  double ns_per_row = 0;
  double least_ns_per_row = 0;
  double gb_per_second = 0;
  std::optional<double> ceiling_gb_per_second;
  double of_ceiling() const { return gb_per_second / *ceiling_gb_per_second; }
};

Figures figures_of(const perf::Cell& cell) {
  const perf::Series& ours = cell.series.front();
  const perf::Series* const ceiling = cell.find("ceiling");
  const auto bytes = static_cast<double>(cell.row_bytes);
  return {.ns_per_row = ours.median(),
          .least_ns_per_row = *std::min_element(ours.samples.begin(), ours.samples.end()),
          .gb_per_second = bytes / ours.median(),
          .ceiling_gb_per_second = ceiling != nullptr ? std::optional(bytes / ceiling->median()) : std::nullopt};
}

void print_json(const BenchArguments& arguments, const Engine& engine, const TableView& table, const Calls& calls,
                const perf::Record& record) {
  const perf::Cell& cell = record.cells.front();
  const perf::Percentiles& latency = record.percentiles.front();
  const Figures figures = figures_of(cell);
  JsonWriter json;
  json.begin_object()
      .field("file", std::string_view(arguments.table.file))
      .field("rows", table.rows())
      .field("dim", table.dim())
      .field("dtype", to_string(table.dtype()))
      .field("row_stride", table.row_stride())
      .field("operation", arguments.lookup.embedding ? "embedding" : to_string(arguments.lookup.pooling))
      .field("weighted", arguments.lookup.has_weights())
      .field("trace", std::string_view(arguments.trace))
      .field("bag", arguments.bag)
      .field("batch", arguments.batch)
      .field("distribution", std::string_view(cell.distribution))
      .field("index", calls.narrow() ? "i32" : "i64")
      .field("output", to_string(arguments.lookup.output))
      .field("threads", engine.concurrency())
      .field("isa", engine.isa())
      .field("tuning", engine.tuning().origin())
      .field("pages", std::string_view(cell.pages))
      .field("ns_per_row", figures.ns_per_row)
      .field("least_ns_per_row", figures.least_ns_per_row)
      .field("gb_per_second", figures.gb_per_second)
      .field("repetitions", cell.series.front().samples.size())
      .field("p50_us", latency.p50)
      .field("p99_us", latency.p99)
      .field("p999_us", latency.p999)
      .field("calls", latency.calls);
  if (figures.ceiling_gb_per_second) {
    json.field("ceiling_gb_per_second", *figures.ceiling_gb_per_second).field("of_ceiling", figures.of_ceiling());
  }
  json.key("record").json(perf::to_json(record)).end_object();
  print("{}\n", json.text());
}

/// "1.23 ms": three digits in a unit that leaves few before the point.
std::string readable_time(double microseconds) {
  if (microseconds >= 1000) return fmt::format("{:.3g} ms", microseconds / 1000);
  return microseconds >= 1 ? fmt::format("{:.3g} µs", microseconds) : fmt::format("{:.3g} ns", microseconds * 1000);
}

std::string describe_call(const BenchArguments& arguments, const Calls& calls) {
  const bool embedding = arguments.lookup.embedding;
  if (!arguments.trace.empty()) {
    return fmt::format("{} of {} recorded rows, up to {} {} a call",
                       embedding ? "embedding" : to_string(arguments.lookup.pooling), grouped(calls.indices().size()),
                       grouped(embedding ? calls.most_rows() : calls.most_bags()), embedding ? "rows" : "bags");
  }
  if (embedding) return fmt::format("{} row{}", grouped(calls.most_rows()), plural(calls.most_rows()));
  return fmt::format("{} of {} row{} × {} bag{}", to_string(arguments.lookup.pooling), arguments.bag,
                     plural(arguments.bag), grouped(calls.most_bags()), plural(calls.most_bags()));
}

void print_text(const BenchArguments& arguments, const Engine& engine, const TableView& table, const Calls& calls,
                const perf::Record& record, std::size_t checked) {
  const perf::Cell& cell = record.cells.front();
  const perf::Percentiles& latency = record.percentiles.front();
  const Figures figures = figures_of(cell);
  print("table    {} rows × {}, {}, {} per row, {}, pages of {}\n", grouped(table.rows()), table.dim(),
        to_string(table.dtype()), readable_bytes(table.row_bytes()),
        arguments.table.file.empty() ? "random, in memory" : "mapped", cell.pages);
  print("call     {}{}, {} {} indices, {} output, {} thread{}, {}\n", describe_call(arguments, calls),
        arguments.lookup.has_weights() ? ", weighted" : "", cell.distribution, calls.narrow() ? "i32" : "i64",
        to_string(arguments.lookup.output), engine.concurrency(),
        plural(static_cast<std::uint64_t>(engine.concurrency())), engine.isa());
  print("machine  {}, tuning: {}\n", record.machine.cpu, engine.tuning().origin());
  print("checked  {} outputs of one call equal the scalar reference's to the bit\n", grouped(checked));
  print("result   {:.2f} ns/row, {:.2f} GB/s of rows (median of {}; best {:.2f} ns/row)\n", figures.ns_per_row,
        figures.gb_per_second, cell.series.front().samples.size(), figures.least_ns_per_row);
  if (figures.ceiling_gb_per_second) {
    print("ceiling  {:.2f} of the {:.2f} GB/s that a loop reaches which only touches these rows\n",
          figures.of_ceiling(), *figures.ceiling_gb_per_second);
  } else {
    print("ceiling  none: the caches ({}) can hold this table\n", perf::caches_text(record.machine));
  }
  print("latency  p50 {}, p99 {}, p99.9 {} of {} single calls\n", readable_time(latency.p50),
        readable_time(latency.p99), readable_time(latency.p999), grouped(latency.calls));
}

}  // namespace

void bench(const BenchArguments& arguments) {
  if (!arguments.report.empty()) return bench_report(arguments);
  static_cast<void>(rows_per_call(arguments));
  const Engine engine({.threads = arguments.threads == 1 ? Threads::caller() : Threads::own(arguments.threads)});
  need(engine);
  perf::Record record;
  record.command = "rowan bench";
  record.date = utc_now();
  record.seed = arguments.seed;
  record.machine = perf::this_machine();
  const Table table = table_of(arguments, record.machine);
  if (table.rows() == 0) throw Failure(fmt::format("the table {} has no rows to look up", in_quotes(table.name())));
  touch(table);
  const Calls calls = calls_of(arguments, table, record.machine);
  Lookup lookup(arguments.lookup, table, calls);
  const std::size_t checked = lookup.check(engine);

  record.cells.push_back(cell_of(arguments, engine, table));
  record.cells.front().series =
      measure(engine, lookup, calls, table, arguments.seconds, out_of_cache(table, record.machine));
  record.percentiles.push_back(
      percentiles_of(describe_call(arguments, calls),
                     single_calls(arguments.seconds / 2, [&](std::size_t number) { lookup.run(engine, number); })));
  if (arguments.json) return print_json(arguments, engine, table, calls, record);
  print_text(arguments, engine, table, calls, record, checked);
}

}  // namespace rowan::tool
