// P1 and P3: pooled lookups in a table that no cache holds. P2: the same in tables that one holds.
#include <algorithm>

#include "perf/goals/goals.hpp"
#include "perf/goals/lookups.hpp"
#include "perf/goals/places.hpp"

namespace rowan::perf {
namespace {

constexpr DType counted[] = {DType::f32, DType::f16, DType::i8, DType::i4};
constexpr DType apart[] = {DType::bf16, DType::f8_e4m3, DType::f8_e5m2};  // of which FBGEMM vectorises none on x86
constexpr std::uint64_t fills_cache_lines = 128;                          // bytes of a row, for P3 to count it

/// What is measured of each type in each place.
struct Range {
  std::vector<std::uint64_t> dims;
  std::vector<Distribution> distributions;
  std::vector<int> threads;
  std::size_t samples = 0;  ///< 0: the session's
};

Range counted_range(const Session& session) {
  if (session.quick()) return {{32, 128}, {{}, {1.05}}, session.thread_counts()};
  return {{16, 32, 64, 128, 256, 512, 768}, {{}, {1.05}, {1.2}}, session.thread_counts()};
}

/// Less: a row takes FBGEMM a microsecond here.
Range apart_range(const Session& session) {
  if (session.quick()) return {{128}, {{}}, {1}, 3};
  return {{128}, {{}, {1.05}}, session.thread_counts()};
}

/// All cells of one type in one place.
void measure(Session& session, const std::string& goal, DType dtype, const Place& place, const Range& range,
             bool with_ceiling) {
  for (const std::uint64_t dim : range.dims) {
    const TableView table =
        random_table(session.memory(place.bytes), dim, dtype, session.seed(), session.thread_counts().back());
    for (const Distribution& distribution : range.distributions) {
      const IndexSets sets = index_sets(session, table, distribution);
      for (const int threads : range.threads) {
        measure_lookups(session,
                        {.goal = goal,
                         .table = table,
                         .place = place.name(),
                         .distribution = distribution,
                         .threads = threads,
                         .peers = {session.fbgemm.get()},
                         .with_ceiling = with_ceiling,
                         .samples = range.samples},
                        sets);
      }
    }
  }
}

}  // namespace

void pooled_from_memory(Session& session) {
  for (const DType dtype : counted) measure(session, "P1", dtype, in_memory, counted_range(session), true);
  for (const DType dtype : apart) measure(session, "", dtype, in_memory, apart_range(session), true);

  const std::vector<const Cell*> cells = cells_of(session.record, "P1");
  std::printf("P1, P3: pooled lookups, table of 1 GiB on pages of %s, bags of %zu; others / rowan\n",
              session.pages().c_str(), rows_per_bag);
  print_cells(cells, "fbgemm");
  std::printf(" not counted:\n");
  print_cells(cells_of(session.record, ""), "fbgemm");

  const Summary peers = summarize(cells, "fbgemm");
  const Summary ceilings = summarize(cells, "ceiling");
  const bool at_ceiling = ceilings.worst >= 0.9;
  const bool known = session.fbgemm != nullptr || at_ceiling;
  conclude(session.record,
           {"P1", "pooled lookup out of cache: >= 1.7x FBGEMM, no cell < 1.1x, or every cell at >= 0.9 of its ceiling",
            (session.fbgemm ? "FBGEMM: " + peers.text() : std::string(fbgemm_absent)) + "; ceiling: " + ceilings.text(),
            verdict((peers.geometric_mean >= 1.7 && peers.worst >= 1.1) || at_ceiling, known)});

  std::vector<const Cell*> long_rows;
  std::copy_if(cells.begin(), cells.end(), std::back_inserter(long_rows),
               [](const Cell* cell) { return cell->row_bytes >= fills_cache_lines; });
  const Summary long_ceilings = summarize(long_rows, "ceiling");
  conclude(session.record, {"P3", "rows of 128 bytes and more: >= 0.9 of what a loop reads that only touches them",
                            long_ceilings.text(), verdict(long_ceilings.worst >= 0.9)});
}

void pooled_in_cache(Session& session) {
  for (const Place& place : {in_l2, in_l3}) {
    for (const DType dtype : counted) measure(session, "P2", dtype, place, counted_range(session), false);
  }
  const std::vector<const Cell*> cells = cells_of(session.record, "P2");
  std::printf("P2: pooled lookups, tables of 320 KiB and 12 MiB on pages of %s, bags of %zu; others / rowan\n",
              session.pages().c_str(), rows_per_bag);
  print_cells(cells, "fbgemm");
  const Summary peers = summarize(cells, "fbgemm");
  conclude(session.record, {"P2", "pooled lookup in cache: >= 1.2x FBGEMM, no cell < 1.0x",
                            session.fbgemm ? peers.text() : std::string(fbgemm_absent),
                            verdict(peers.geometric_mean >= 1.2 && peers.worst >= 1.0, session.fbgemm != nullptr)});
}

}  // namespace rowan::perf
