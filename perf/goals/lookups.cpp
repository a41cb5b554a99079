#include "perf/goals/lookups.hpp"

#include <algorithm>

#include "perf/ceiling.hpp"

namespace rowan::perf {
namespace {

constexpr std::size_t sets_in_rotation = 8;

Cell cell_of(const Session& session, const LookupWork& work) {
  Cell cell;
  cell.goal = work.goal;
  cell.operation = work.pooled ? "embedding_bag" : "embedding";
  cell.dtype = std::string(to_string(work.table.dtype()));
  cell.dim = work.table.dim();
  cell.rows = work.table.rows();
  cell.row_bytes = work.table.row_bytes();
  cell.place = work.place;
  cell.distribution = to_string(work.distribution);
  cell.bag = work.pooled ? rows_per_bag : 0;
  cell.threads = work.threads;
  cell.pages = session.pages();
  return cell;
}

}  // namespace

std::size_t reads_per_call(const TableView& table, int threads) {
  const std::uint64_t reads = (std::uint64_t{16} << 20) / table.row_bytes();
  return static_cast<std::size_t>(threads) * std::clamp<std::uint64_t>(reads, 5'000, 100'000) / rows_per_bag *
         rows_per_bag;
}

IndexSets index_sets(const Session& session, const TableView& table, const Distribution& distribution) {
  return {table.rows(), reads_per_call(table, session.thread_counts().back()), sets_in_rotation, distribution,
          session.seed()};
}

void measure_lookups(Session& session, const LookupWork& work, const IndexSets& sets) {
  Cell cell = cell_of(session, work);
  const std::size_t reads = reads_per_call(work.table, work.threads);
  const std::size_t outputs = work.pooled ? reads / rows_per_bag : reads;
  const std::vector<std::int64_t> offsets = even_offsets(outputs + 1, rows_per_bag);
  const auto indices = [&](std::size_t number) { return sets[number % sets.size()].first(reads); };

  const Engine& engine = session.engine(work.threads);
  std::vector<float> out(outputs * work.table.dim());
  std::vector<float> their_out(out.size());
  std::vector<Side> sides;
  sides.push_back({"rowan", [&](std::size_t number) {
                     const BagOptions options{.pooling = Pooling::sum, .include_last_offset = true};
                     require(work.pooled ? engine.embedding_bag(work.table, {indices(number), offsets}, out, options)
                                         : engine.embedding(work.table, indices(number), out));
                   }});
  sides.front().call(0);

  std::vector<std::unique_ptr<PeerTable>> tables;
  for (Peer* const peer : work.peers) {
    if (peer == nullptr || !(work.pooled ? peer->pools(work.table.dtype()) : peer->gathers(work.table.dtype())))
      continue;
    PeerTable* const table = tables.emplace_back(peer->over(work.table, work.threads)).get();
    const auto call = [&, table](std::size_t number) {
      if (work.pooled) return table->embedding_bag(indices(number), offsets, their_out);
      table->embedding(indices(number));
    };
    call(0);
    require_equal(out, table->answer(out.size()), cell, peer->who());
    sides.push_back({peer->who(), call, work.threads > 1 ? peer->settle() : 0});
  }

  Team team(work.with_ceiling ? work.threads : 1);
  if (work.with_ceiling) {
    const RowMemory memory{work.table.data(), work.table.row_bytes(), work.table.row_stride()};
    const Ahead ahead = fastest_ahead(memory, sets, reads, team);
    sides.push_back({"ceiling", [&, memory, ahead](std::size_t number) {
                       volatile std::uint64_t sum = touch_rows(memory, indices(number), ahead, team);
                       static_cast<void>(sum);
                     }});
  }
  Turns turns = session.turns(work.threads);
  if (work.samples != 0) turns.samples = work.samples;
  cell.series = take_turns(sides, turns, static_cast<double>(reads));
  session.record.cells.push_back(std::move(cell));
}

}  // namespace rowan::perf
