// rowan bench: what a lookup costs per row on this machine, after proof that its answers are right.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "perf/workload.hpp"
#include "rowan/reference.hpp"
#include "tools/commands.hpp"
#include "tools/failure.hpp"
#include "tools/json.hpp"
#include "tools/output.hpp"
#include "tools/tokens.hpp"

namespace rowan::tool {
namespace {

// Indices drawn in all, so that the rows of the whole round are far more than any cache holds.
constexpr std::size_t indices_in_all = 4'000'000;
constexpr std::size_t most_per_call = 1U << 28;
constexpr std::size_t repetitions = 15;

std::string_view name_of(Pooling pooling) {
  switch (pooling) {
    case Pooling::mean:
      return "mean";
    case Pooling::max:
      return "max";
    case Pooling::sum:
      break;
  }
  return "sum";
}

/// One call's worth of work, by the engine or by the scalar reference.
class Lookup {
 public:
  Lookup(const BenchArguments& arguments, const Table& table)
      : table_(table),
        bag_(arguments.bag),
        embedding_(arguments.embedding),
        options_{.pooling = arguments.pooling},
        offsets_(perf::even_offsets(arguments.batch, arguments.bag)),
        output_((arguments.embedding ? arguments.batch * arguments.bag : arguments.batch) * table.dim()) {}

  Status run(const Engine& engine, std::span<const std::int64_t> indices) {
    return embedding_ ? engine.embedding(table_, indices, output_)
                      : engine.embedding_bag(table_, {indices, offsets_}, output_, options_);
  }

  /// The first output that differs from the reference's for the same indices; -1 where none does.
  std::int64_t first_difference(std::span<const std::int64_t> indices) const {
    std::vector<float> expected(output_.size());
    need(embedding_ ? reference::embedding(table_, indices, expected)
                    : reference::embedding_bag(table_, {indices, offsets_}, expected, options_));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const bool same = std::memcmp(&expected[i], &output_[i], sizeof(float)) == 0;
      if (!same && !(std::isnan(expected[i]) && std::isnan(output_[i]))) return static_cast<std::int64_t>(i);
    }
    return -1;
  }

  std::size_t outputs() const { return output_.size() / table_.dim(); }
  std::string description() const {
    if (embedding_) return fmt::format("{} rows", grouped(outputs()));
    return fmt::format("{} of {} rows × {} bags", name_of(options_.pooling), bag_, grouped(outputs()));
  }

 private:
  const Table& table_;
  std::size_t bag_;
  bool embedding_;
  BagOptions options_;
  std::vector<std::int64_t> offsets_;
  std::vector<float> output_;
};

/// Rows per call, after a look at the sizes that were asked for.
std::size_t rows_per_call(const BenchArguments& arguments) {
  std::size_t rows = 0;
  if (__builtin_mul_overflow(arguments.batch, arguments.bag, &rows) || rows > most_per_call) {
    throw WrongUsage(fmt::format("--batch times --bag must not exceed {} rows a call", grouped(most_per_call)));
  }
  return rows;
}

Table table_of(const BenchArguments& arguments) {
  if (!arguments.table.file.empty()) return open(arguments.table);
  return need(Table::create({.rows = arguments.rows, .dim = arguments.dim, .dtype = arguments.dtype},
                            Threads::own(arguments.threads)));
}

/// Reads a byte of every page, so that no page fault is timed.
void touch(const TableView& table) {
  constexpr std::uint64_t page = 4096;
  const std::uint64_t bytes = (table.rows() - 1) * table.row_stride() + table.row_bytes();
  volatile std::byte sink{};
  for (std::uint64_t at = 0; at < bytes; at += page) sink = table.data()[at];
  static_cast<void>(sink);
}

struct Measured {
  double ns_per_row = 0;
  double least_ns_per_row = 0;
  double gb_per_second = 0;
  std::size_t repetitions = 0;
};

Measured measure(const Engine& engine, Lookup& lookup, const perf::IndexSets& sets, const TableView& table,
                 double seconds) {
  std::size_t next = 0;
  const auto call = [&] {
    need(lookup.run(engine, sets[next]));
    next = (next + 1) % sets.size();
  };
  const perf::Timing trial = perf::measure(seconds / 10, 3, call);
  const auto calls = static_cast<std::size_t>(std::max(1.0, seconds / repetitions / trial.median));
  const perf::Timing timing = perf::measure(0, repetitions, [&] {
    for (std::size_t i = 0; i < calls; ++i) call();
  });
  const double rows = static_cast<double>(calls) * static_cast<double>(sets[0].size());
  return {
      .ns_per_row = timing.median / rows * 1e9,
      .least_ns_per_row = timing.least / rows * 1e9,
      .gb_per_second = rows * static_cast<double>(table.row_bytes()) / timing.median / 1e9,
      .repetitions = timing.repetitions,
  };
}

void print_json(const BenchArguments& arguments, const Engine& engine, const TableView& table, const Measured& result) {
  JsonWriter json;
  json.begin_object()
      .field("file", std::string_view(arguments.table.file))
      .field("rows", table.rows())
      .field("dim", table.dim())
      .field("dtype", to_string(table.dtype()))
      .field("row_stride", table.row_stride())
      .field("operation", arguments.embedding ? "embedding" : name_of(arguments.pooling))
      .field("bag", arguments.bag)
      .field("batch", arguments.batch)
      .field("distribution", std::string_view(perf::to_string(arguments.distribution)))
      .field("threads", engine.concurrency())
      .field("isa", engine.isa())
      .field("ns_per_row", result.ns_per_row)
      .field("least_ns_per_row", result.least_ns_per_row)
      .field("gb_per_second", result.gb_per_second)
      .field("repetitions", result.repetitions)
      .end_object();
  print("{}\n", json.text());
}

}  // namespace

void bench(const BenchArguments& arguments) {
  const std::size_t per_call = rows_per_call(arguments);
  const Engine engine({.threads = arguments.threads == 1 ? Threads::caller() : Threads::own(arguments.threads)});
  need(engine.status());
  const Table table = table_of(arguments);
  if (table.rows() == 0) throw Failure(fmt::format("the table {} has no rows to look up", quoted(table.name())));
  touch(table);

  const std::size_t calls = std::max<std::size_t>(4, (indices_in_all + per_call - 1) / per_call);
  const perf::IndexSets sets(table.rows(), per_call, calls, arguments.distribution, 1);
  Lookup lookup(arguments, table);
  need(lookup.run(engine, sets[0]));
  if (const std::int64_t at = lookup.first_difference(sets[0]); at >= 0) {
    const auto output = static_cast<std::uint64_t>(at) / table.dim();
    throw Failure(
        fmt::format("output {}, column {}, differs from the scalar reference: this build computes wrong "
                    "answers on this machine, so nothing was measured",
                    output, static_cast<std::uint64_t>(at) % table.dim()));
  }

  const Measured result = measure(engine, lookup, sets, table, arguments.seconds);
  if (arguments.json) return print_json(arguments, engine, table, result);
  print("table    {} rows × {}, {}, {} per row{}\n", grouped(table.rows()), table.dim(), to_string(table.dtype()),
        readable_bytes(table.view().row_bytes()), arguments.table.file.empty() ? ", random, in memory" : ", mapped");
  print("call     {}, {} indices, {} thread{}, {}\n", lookup.description(), perf::to_string(arguments.distribution),
        engine.concurrency(), plural(static_cast<std::uint64_t>(engine.concurrency())), engine.isa());
  print("checked  {} outputs of one call equal the scalar reference's to the bit\n", grouped(lookup.outputs()));
  print("result   {:.2f} ns/row, {:.2f} GB/s of rows (median of {}; best {:.2f} ns/row)\n", result.ns_per_row,
        result.gb_per_second, result.repetitions, result.least_ns_per_row);
}

}  // namespace rowan::tool
