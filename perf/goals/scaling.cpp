// P11: what a second thread gains on a table in cache, beside what it gains for a loop that only calculates: on a
// shared machine that is anything from nothing to everything, so both are measured in turn.
#include "perf/goals/goals.hpp"
#include "perf/goals/lookups.hpp"
#include "perf/team.hpp"

namespace rowan::perf {
namespace {

constexpr std::size_t samples = 15;
constexpr int chains = 8;

/// Multiplications and additions in registers. Returns a value that depends on all of them.
float calculate(std::size_t rounds) {
  float values[chains];
  for (int i = 0; i < chains; ++i) values[i] = 1.0F + static_cast<float>(i);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (float& value : values) value = value * 0.999F + 0.001F;
  }
  float sum = 0;
  for (const float value : values) sum += value;
  return sum;
}

/// Time on two threads over time on one, sample by sample.
Series shares(std::string who, const Series& one, const Series& two) {
  Series series{std::move(who), {}};
  for (std::size_t i = 0; i < one.samples.size(); ++i) series.samples.push_back(two.samples[i] / one.samples[i]);
  return series;
}

void measure(Session& session, DType dtype, std::uint64_t dim, const std::string& place, std::uint64_t bytes) {
  constexpr std::size_t rounds = 2'000'000;
  const TableView table = random_table(session.memory(bytes), dim, dtype, session.seed(), 1);
  const IndexSets sets = index_sets(session, table, {});
  const std::size_t reads = sets[0].size();
  const std::vector<std::int64_t> offsets = even_offsets(reads / rows_per_bag + 1, rows_per_bag);
  std::vector<float> out(reads / rows_per_bag * dim);
  Team team(2);

  const auto lookups = [&](int threads) {
    return [&, engine = &session.engine(threads)](std::size_t number) {
      require(engine->embedding_bag(table, {sets[number % sets.size()], offsets}, out,
                                    {.pooling = Pooling::sum, .include_last_offset = true}));
    };
  };
  const Side sides[] = {{"rowan 1", lookups(1)},
                        {"rowan 2", lookups(2)},
                        {"arithmetic 1",
                         [&](std::size_t) {
                           volatile float result = calculate(rounds);
                           static_cast<void>(result);
                         }},
                        {"arithmetic 2", [&](std::size_t) {
                           team.run([&](int) {
                             volatile float result = calculate(rounds / 2);
                             static_cast<void>(result);
                           });
                         }}};
  Turns turns = session.turns(2);
  turns.samples = samples;
  const std::vector<Series> series = take_turns(sides, turns, 1);

  Cell cell;
  cell.goal = "P11";
  cell.operation = "embedding_bag";
  cell.dtype = std::string(to_string(dtype));
  cell.dim = dim;
  cell.rows = table.rows();
  cell.row_bytes = table.row_bytes();
  cell.place = place;
  cell.distribution = "uniform";
  cell.bag = rows_per_bag;
  cell.threads = 2;
  cell.pages = session.pages();
  cell.unit = "of the time on 1 thread";
  cell.series = {shares("rowan", series[0], series[1]), shares("arithmetic", series[2], series[3])};
  session.record.cells.push_back(std::move(cell));
}

}  // namespace

void second_thread(Session& session) {
  const std::string what = "two threads over one, in cache: >= 0.95 of what a loop gains that only calculates";
  if (session.thread_counts().size() < 2) {
    return conclude(session.record, {"P11", what, "there is one processor", Verdict::unknown});
  }
  for (const auto& [dtype, dim] : {std::pair{DType::f32, 64}, std::pair{DType::f32, 128}, std::pair{DType::i8, 128}}) {
    measure(session, dtype, static_cast<std::uint64_t>(dim), "L1/L2", std::uint64_t{320} << 10);
    measure(session, dtype, static_cast<std::uint64_t>(dim), "L3", std::uint64_t{12} << 20);
  }
  const std::vector<const Cell*> cells = cells_of(session.record, "P11");
  std::printf("P11: time on two threads over time on one; arithmetic / rowan\n");
  print_cells(cells, "arithmetic");
  const Summary summary = summarize(cells, "arithmetic");
  conclude(session.record, {"P11", what, summary.text(), verdict(summary.worst >= 0.95)});
}

}  // namespace rowan::perf
