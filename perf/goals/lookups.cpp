#include "perf/goals/lookups.hpp"

#include <algorithm>

#include "perf/ceiling.hpp"
#include "perf/places.hpp"

namespace rowan::perf {
namespace {

constexpr std::size_t least_sets = 8;

/// Reads of one call of this work: whole bags, about 16 MiB of rows per thread, and no more than 4 MiB of sums. Where
/// L1 holds the table, no more indices than L2 holds beside it.
std::size_t reads_per_call(const Session& session, const TableView& table, std::size_t bag, int threads) {
  const bool in_l1 = level_of(table.rows() * table.row_bytes(), caches_of(session.record.machine)) == MemoryLevel::l1;
  const std::uint64_t reads =
      std::clamp<std::uint64_t>((std::uint64_t{16} << 20) / table.row_bytes(), 5'000, in_l1 ? 20'000 : 100'000);
  const std::uint64_t most_bags = (std::uint64_t{4} << 20) / (table.dim() * sizeof(float));
  const auto count = static_cast<std::size_t>(threads);
  return std::max(count, count * std::min<std::uint64_t>(reads, most_bags * bag) / bag) * bag;
}

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
  cell.bag = work.pooled ? work.bag : 0;
  cell.threads = work.threads;
  cell.pages = session.pages();
  return cell;
}

}  // namespace

IndexSets index_sets(const Session& session, const TableView& table, const Distribution& distribution,
                     std::size_t bag) {
  const Caches caches = caches_of(session.record.machine);
  const MemoryLevel level = level_of(table.rows() * table.row_bytes(), caches);
  const std::size_t reads = reads_per_call(session, table, bag, session.thread_counts().back());
  std::size_t sets = least_sets;
  if (level == MemoryLevel::l1) sets = 1;  // indices that L2 holds, as a caller's are who has just made them
  if (level == MemoryLevel::memory) sets = std::max(sets, calls_past_caches(caches, table.row_bytes(), reads));
  return {table.rows(), reads, sets, distribution, session.seed()};
}

void measure_lookups(Session& session, const LookupWork& work, const IndexSets& sets) {
  Cell cell = cell_of(session, work);
  const std::size_t reads = reads_per_call(session, work.table, work.bag, work.threads);
  const std::size_t outputs = work.pooled ? reads / work.bag : reads;
  const std::vector<std::int64_t> offsets = even_offsets(outputs + 1, work.bag);
  const std::size_t parts = sets[0].size() / reads;  // fewer threads read less in a call: sets are several calls then
  const auto indices = [&](std::size_t number) {
    return sets[number / parts % sets.size()].subspan(number % parts * reads, reads);
  };

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
  measure_runs(
      cell, [&] { return take_turns(sides, turns, static_cast<double>(reads)); }, work.standing);
  session.record.cells.push_back(std::move(cell));
}

}  // namespace rowan::perf
