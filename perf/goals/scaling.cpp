// P11: what a second thread gains on a table in cache.
#include "perf/goals/gain.hpp"
#include "perf/goals/goals.hpp"
#include "perf/goals/lookups.hpp"
#include "perf/goals/places.hpp"

namespace rowan::perf {
namespace {

void measure(Session& session, DType dtype, std::uint64_t dim, const Place& place) {
  const TableView table = random_table(session.memory(place.bytes), dim, dtype, session.seed(), 1);
  const IndexSets sets = index_sets(session, table, {});
  const std::size_t reads = sets[0].size();
  const std::vector<std::int64_t> offsets = even_offsets(reads / rows_per_bag + 1, rows_per_bag);
  std::vector<float> out(reads / rows_per_bag * dim);

  const auto lookups = [&](int threads) {
    return [&, engine = &session.engine(threads)](std::size_t number) {
      require(engine->embedding_bag(table, {sets[number % sets.size()], offsets}, out,
                                    {.pooling = Pooling::sum, .include_last_offset = true}));
    };
  };

  Cell cell;
  cell.goal = "P11";
  cell.operation = "embedding_bag";
  cell.dtype = std::string(to_string(dtype));
  cell.dim = dim;
  cell.rows = table.rows();
  cell.row_bytes = table.row_bytes();
  cell.place = place.name();
  cell.distribution = "uniform";
  cell.bag = rows_per_bag;
  cell.threads = 2;
  cell.pages = session.pages();
  cell.unit = unit_of_gain;
  measure_runs(
      cell, [&] { return measure_gain(session, lookups(1), lookups(2)); }, standing_of_gain);
  session.record.cells.push_back(std::move(cell));
}

}  // namespace

void second_thread(Session& session) {
  const std::string what = "two threads over one, in cache: >= 0.95 of what a loop gains that only calculates";
  if (session.thread_counts().size() < 2) {
    return conclude(session.record, {"P11", what, "there is one processor", Verdict::unknown});
  }
  for (const auto& [dtype, dim] : {std::pair{DType::f32, 64}, std::pair{DType::f32, 128}, std::pair{DType::i8, 128}}) {
    for (const Place& place : {in_l2, in_l3}) measure(session, dtype, static_cast<std::uint64_t>(dim), place);
  }
  const std::vector<const Cell*> cells = cells_of(session.record, "P11");
  std::printf("P11: time on two threads over time on one; arithmetic / rowan\n");
  print_cells(cells, "arithmetic");
  const Summary summary = summarize(cells, "arithmetic");
  conclude(session.record, {"P11", what, summary.text(), verdict(all_stand(cells, standing_of_gain))});
}

}  // namespace rowan::perf
