// P10: what the checks of indices and offsets cost. A call with many indices and no bag checks every index and
// pools nothing, since a refusal is promised for indices behind the last offset too: so the public interface itself
// times the check.
#include <cstdlib>
#include <optional>

#include "perf/goals/goals.hpp"
#include "perf/goals/lookups.hpp"

namespace rowan::perf {
namespace {

constexpr std::size_t indices_per_call = 20'000;  // in L2, as a caller's are that has just made them
constexpr double rows_that_count = 10;            // ns per row

/// An engine of this tier; empty where the processor has no such tier. ROWAN_ISA is read when an engine is made.
std::optional<Engine> engine_of(const char* tier) {
  const char* const set = std::getenv("ROWAN_ISA");
  const std::optional<std::string> before = set != nullptr ? std::optional<std::string>(set) : std::nullopt;
  setenv("ROWAN_ISA", tier, 1);
  Engine engine;
  before ? setenv("ROWAN_ISA", before->c_str(), 1) : unsetenv("ROWAN_ISA");
  if (!engine.status()) return std::nullopt;
  return engine;
}

/// ns per index of the check alone.
Cell measure_check(Session& session, const Engine& engine, const TableView& table) {
  const IndexSets sets(table.rows(), indices_per_call, 2, {}, session.seed());
  const std::int64_t no_bag[] = {0};
  const BagOptions options{.pooling = Pooling::sum, .include_last_offset = true};
  std::vector<std::int64_t> bad(sets[0].begin(), sets[0].end());
  bad.back() = static_cast<std::int64_t>(table.rows());
  if (engine.embedding_bag(table, {bad, no_bag}, std::span<float>(), options)) {
    fail("an index behind the last bag is not checked, so that its check cannot be timed");
  }

  Cell cell;
  cell.goal = "P10";
  cell.operation = "check " + std::string(engine.isa());
  cell.dtype = "i64";
  cell.rows = table.rows();
  cell.place = "L1/L2";
  cell.distribution = "uniform";
  cell.pages = session.pages();
  cell.unit = "ns/index";
  const Side side{"rowan", [&](std::size_t number) {
                    require(engine.embedding_bag(table, {sets[number % 2], no_bag}, std::span<float>(), options));
                  }};
  cell.series = take_turns(std::span(&side, 1), session.turns(1), indices_per_call);
  session.record.cells.push_back(cell);
  return cell;
}

}  // namespace

void cost_of_checks(Session& session) {
  const TableView table = random_table(session.memory(std::uint64_t{1} << 30), 64, DType::f32, session.seed(),
                                       session.thread_counts().back());
  std::string seen;
  bool holds = true;
  double best_tier = 0;
  for (const char* const tier : {"baseline", "avx2", "avx512"}) {
    const std::optional<Engine> engine = engine_of(tier);
    if (!engine) continue;
    const Cell cell = measure_check(session, *engine, table);
    const double limit = std::string_view(tier) == "avx512" ? 0.15 : 0.3;
    best_tier = cell.series.front().median();
    holds = holds && best_tier <= limit;
    seen += formatted("%s %.3f ns per index (<= %.2f), ", tier, best_tier, limit);
  }

  const IndexSets sets = index_sets(session, table, {});
  measure_lookups(session, {.goal = "P10", .table = table, .place = "DRAM", .distribution = {}, .peers = {}}, sets);
  const double row = session.record.cells.back().series.front().median();
  const double share = best_tier / row;
  seen += formatted("%.1f%% of %.1f ns per row of f32 x 64 out of cache", share * 100, row);
  holds = holds && (row < rows_that_count || share <= 0.03);

  std::printf("P10: checks alone, and the lookup that they are judged by\n");
  print_cells(cells_of(session.record, "P10"), "");
  conclude(session.record,
           {"P10", "checks: <= 3% where a row costs >= 10 ns; <= 0.15 ns per index on avx512, <= 0.3 else", seen,
            verdict(holds)});
}

}  // namespace rowan::perf
