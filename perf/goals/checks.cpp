// P10: what the checks of indices and offsets cost. A call with many indices and no bag checks every index and
// pools nothing, since a refusal is promised for indices behind the last offset too: so the public interface itself
// times the check. What the call costs without an index, measured in turn with it, is taken off.
#include <cstdlib>
#include <optional>

#include "perf/goals/goals.hpp"
#include "perf/goals/lookups.hpp"

namespace rowan::perf {
namespace {

// Of a call: the fewest that the goal speaks of, and many. Those of a sample lie in L2, as a caller's do that has just
// made them.
constexpr std::size_t counts[] = {500, 20'000};
constexpr std::size_t indices_of_sample = 20'000;
constexpr double rows_that_count = 10;  // ns per row

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

/// ns per index of the check alone, in calls of so many indices.
double measure_check(Session& session, const Engine& engine, const TableView& table, std::size_t count) {
  const IndexSets sets(table.rows(), indices_of_sample, 2, {}, session.seed());
  const std::int64_t no_bag[] = {0};
  const BagOptions options{.pooling = Pooling::sum, .include_last_offset = true};
  std::vector<std::int64_t> bad(sets[0].begin(), sets[0].end());
  bad.back() = static_cast<std::int64_t>(table.rows());
  if (engine.embedding_bag(table, {bad, no_bag}, std::span<float>(), options)) {
    fail("an index behind the last bag is not checked, so that its check cannot be timed");
  }

  Cell cell;
  cell.goal = "P10";
  cell.operation = formatted("check of %zu, %s", count, std::string(engine.isa()).c_str());
  cell.dtype = "i64";
  cell.rows = table.rows();
  cell.place = "L2";
  cell.distribution = "uniform";
  cell.pages = session.pages();
  cell.unit = "ns/index";
  const auto calls = [&](std::size_t number, std::size_t taken) {
    for (std::size_t at = 0; at + count <= indices_of_sample; at += count) {
      require(engine.embedding_bag(table, {sets[number % 2].subspan(at, taken), no_bag}, std::span<float>(), options));
    }
  };
  const Side sides[] = {{"rowan", [&](std::size_t number) { calls(number, count); }},
                        {"empty call", [&](std::size_t number) { calls(number, 0); }}};
  cell.series = take_turns(sides, session.turns(1), indices_of_sample);
  const double checks = extra(cell);
  session.record.cells.push_back(std::move(cell));
  return checks;
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
    const double limit = std::string_view(tier) == "avx512" ? 0.1 : 0.2;
    for (const std::size_t count : counts) {
      best_tier = measure_check(session, *engine, table, count);
      holds = holds && best_tier <= limit;
      seen += formatted("%s %.3f ns per index of %zu (<= %.1f), ", tier, best_tier, count, limit);
    }
  }

  const IndexSets sets = index_sets(session, table, {});
  measure_lookups(session, {.goal = "P10", .table = table, .place = "DRAM", .distribution = {}, .peers = {}}, sets);
  const double row = session.record.cells.back().series.front().median();
  const double share = best_tier / row;
  seen += formatted("%.1f%% of %.1f ns per row of f32 x 64 out of cache", share * 100, row);
  holds = holds && (row < rows_that_count || share <= 0.03);

  std::printf("P10: checks alone, and the lookup that they are judged by\n");
  print_cells(cells_of(session.record, "P10"), "");
  conclude(
      session.record,
      {"P10",
       "checks: <= 3% where a row costs >= 10 ns; <= 0.1 ns per index on avx512, <= 0.2 on others, of 500 and more",
       seen, verdict(holds)});
}

}  // namespace rowan::perf
