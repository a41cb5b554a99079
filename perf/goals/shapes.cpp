// P1, P2 and P3 at shapes that no fixed list has.
#include <algorithm>

#include "perf/goals/goals.hpp"
#include "perf/goals/lookups.hpp"
#include "perf/goals/pooled.hpp"

namespace rowan::perf {
namespace {

const std::string kind = " shapes";

std::string goal_of(const LookupShape& shape, MemoryLevel level) {
  if (!is_counted(shape.dtype)) return goal_apart(kind);
  return (level == MemoryLevel::memory ? "P1" : "P2") + kind;
}

Standing limit_of(const LookupShape& shape, MemoryLevel level) {
  if (!is_counted(shape.dtype)) return {};
  return level == MemoryLevel::memory ? standing_from_memory : standing_in_cache;
}

/// Skews to measure: with --quick uniform and one Zipf of those that a shape has.
std::vector<Distribution> skews_of(const Session& session, const LookupShape& shape) {
  std::vector<Distribution> skews = shape.distributions;
  if (session.quick() && skews.size() > 2) skews.resize(2);
  return skews;
}

std::string describe(const LookupShape& shape) {
  return std::string(to_string(shape.dtype)) + " x " + std::to_string(shape.dim) + " in bags of " +
         std::to_string(shape.bag);
}

void measure(Session& session, const LookupShape& shape, const Place& chosen) {
  const std::uint64_t row = row_bytes(shape.dtype, shape.dim).value();
  const std::span<std::byte> memory = session.memory(std::max(chosen.bytes, row));
  const TableView table = random_table(memory, shape.dim, shape.dtype, session.seed(), session.thread_counts().back());
  for (const Distribution& distribution : skews_of(session, shape)) {
    const IndexSets sets = index_sets(session, table, distribution, shape.bag);
    for (const int threads : session.thread_counts()) {
      measure_lookups(session,
                      {.goal = goal_of(shape, chosen.level),
                       .table = table,
                       .place = chosen.name(),
                       .distribution = distribution,
                       .threads = threads,
                       .bag = shape.bag,
                       .peers = {session.fbgemm.get()},
                       .with_ceiling = chosen.level == MemoryLevel::memory,
                       .samples = is_counted(shape.dtype) ? 0U : 3U,  // a row takes FBGEMM a microsecond
                       .standing = limit_of(shape, chosen.level)},
                      sets);
    }
  }
}

}  // namespace

void shapes_asked_for(Session& session, const std::vector<LookupShape>& shapes) {
  session.release_memory();
  const Caches caches = caches_of(session.record.machine);
  const std::uint64_t available = available_memory();
  std::vector<Result<Place>> places;
  for (const LookupShape& shape : shapes) {
    places.push_back(table_of(shape, caches, available));
    if (!places.back() && shape.rows != 0) fail(describe(shape) + ": " + places.back().error().message);
  }
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    if (places[i]) {
      measure(session, shapes[i], *places[i]);
    } else {
      std::printf("left out: %s: %s\n", describe(shapes[i]).c_str(), places[i].error().message.c_str());
    }
  }
  const std::string what = "shapes that were asked for";
  judge_from_memory(session, kind, what);
  judge_in_cache(session, kind, what);
  print_apart(session, kind);
}

}  // namespace rowan::perf
