// P1 and P3: pooled lookups in a table that no cache holds. P2: the same in tables that one holds.
#include "perf/goals/pooled.hpp"

#include <algorithm>
#include <functional>

#include "perf/goals/goals.hpp"
#include "perf/goals/lookups.hpp"
#include "perf/goals/places.hpp"
#include "perf/shapes.hpp"

namespace rowan::perf {
namespace {

constexpr DType apart[] = {DType::bf16, DType::f8_e4m3, DType::f8_e5m2};  // of which FBGEMM vectorises none on x86

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
             const Standing& standing) {
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
                         .with_ceiling = place.level == MemoryLevel::memory,
                         .samples = range.samples,
                         .standing = standing},
                        sets);
      }
    }
  }
}

std::vector<const Cell*> those_of(const std::vector<const Cell*>& cells, const std::function<bool(const Cell&)>& kept) {
  std::vector<const Cell*> found;
  std::copy_if(cells.begin(), cells.end(), std::back_inserter(found), [&](const Cell* cell) { return kept(*cell); });
  return found;
}

}  // namespace

double standing_from_memory(const Cell& cell) {
  return std::min(standing_out_of_cache(cell), standing_at_ceiling(cell));
}

std::string goal_apart(const std::string& kind) { return "apart" + kind; }

void print_apart(const Session& session, const std::string& kind) {
  const std::vector<const Cell*> cells = cells_of(session.record, goal_apart(kind));
  if (cells.empty()) return;
  std::printf("Types that are shown and not counted; others / rowan\n");
  print_cells(cells, "fbgemm");
  std::printf("\n");
}

void judge_from_memory(Session& session, const std::string& kind, const std::string& what) {
  const std::vector<const Cell*> cells = cells_of(session.record, "P1" + kind);
  if (cells.empty()) return;
  std::printf("P1%s, P3%s: pooled lookups, %s; others / rowan\n", kind.c_str(), kind.c_str(), what.c_str());
  print_cells(cells, "fbgemm");

  const bool known = session.fbgemm != nullptr;
  conclude(session.record,
           {"P1" + kind,
            "pooled lookup out of cache: every cell >= 0.95 of its ceiling or >= 1.05x FBGEMM, none < 0.97x FBGEMM",
            (known ? "FBGEMM: " + summarize(cells, "fbgemm").text() : std::string(fbgemm_absent)) +
                "; ceiling: " + summarize(cells, "ceiling").text(),
            verdict(all_stand(cells, standing_out_of_cache), known)});

  const std::vector<const Cell*> long_rows =
      those_of(cells, [](const Cell& cell) { return cell.row_bytes >= fills_cache_lines; });
  conclude(
      session.record,
      {"P3" + kind, "rows of 128 bytes and more: >= 0.95 of what a loop reads that only touches them",
       summarize(long_rows, "ceiling").text(), verdict(all_stand(long_rows, standing_at_ceiling), !long_rows.empty())});
}

void judge_in_cache(Session& session, const std::string& kind, const std::string& what) {
  const std::vector<const Cell*> cells = cells_of(session.record, "P2" + kind);
  if (cells.empty()) return;
  std::printf("P2%s: pooled lookups, %s; others / rowan\n", kind.c_str(), what.c_str());
  print_cells(cells, "fbgemm");
  const Summary all = summarize(cells, "fbgemm");
  const Summary l1 = summarize(those_of(cells, [](const Cell& cell) { return cell.place == in_l1.name(); }), "fbgemm");
  const bool holds =
      all.geometric_mean >= 1.1 && (l1.cells == 0 || l1.geometric_mean >= 1.2) && all_stand(cells, standing_in_cache);
  conclude(session.record,
           {"P2" + kind, "pooled lookup in cache: >= 1.1x FBGEMM, tables in L1 >= 1.2x, no cell < 0.97x",
            session.fbgemm ? "all: " + all.text() + "; L1: " + l1.text() : std::string(fbgemm_absent),
            verdict(holds, session.fbgemm != nullptr && all.cells != 0)});
}

void pooled_from_memory(Session& session) {
  for (const DType dtype : counted_types) {
    measure(session, "P1", dtype, in_memory, counted_range(session), standing_from_memory);
  }
  for (const DType dtype : apart) measure(session, goal_apart(""), dtype, in_memory, apart_range(session), {});
  judge_from_memory(session, "",
                    formatted("table of 1 GiB on pages of %s, bags of %zu", session.pages().c_str(), rows_per_bag));
  print_apart(session, "");
}

void pooled_in_cache(Session& session) {
  for (const Place& place : {in_l1, in_l2, in_l3}) {
    for (const DType dtype : counted_types) {
      measure(session, "P2", dtype, place, counted_range(session), standing_in_cache);
    }
  }
  judge_in_cache(session, "",
                 formatted("tables of 24 KiB, 320 KiB and 12 MiB on pages of %s, bags of %zu", session.pages().c_str(),
                           rows_per_bag));
}

}  // namespace rowan::perf
