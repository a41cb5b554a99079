#include "perf/goals/growth.hpp"

#include "perf/goals/steps.hpp"

namespace rowan::perf {
namespace {

/// One step: what is usual, but for what is looked at.
struct Point {
  std::string label;
  std::uint64_t dim = 64;
  std::uint64_t bytes = in_memory.bytes;
  Distribution distribution = {};
  std::size_t bags = bags_per_step;
};

const char* place_of(std::uint64_t bytes) {
  for (const Place& place : {in_l2, in_l3}) {
    if (bytes <= place.bytes) return place.name();
  }
  return in_memory.name();
}

void measure(Session& session, const std::string& what, const std::vector<Point>& points) {
  if (points.empty()) return;
  std::printf("  %-20s", what.c_str());
  for (const Point& point : points) {
    const TrainedTable table = trained_table(session, point.bytes, point.dim);
    const IndexSets sets = step_sets(session, table.view, point.bags, point.distribution);
    measure_steps(session,
                  {.goal = "P5 growth",
                   .operation = formatted("row-wise Adagrad of %zu indices", sets[0].size()),
                   .table = table,
                   .place = place_of(point.bytes),
                   .distribution = point.distribution,
                   .bags = point.bags},
                  sets);
    std::printf("   %s %.1f", point.label.c_str(), session.record.cells.back().series.front().median());
    std::fflush(stdout);
  }
  std::printf("\n");
}

}  // namespace

void growth_of_steps(Session& session) {
  constexpr std::uint64_t short_row = 16;  // so that 10,000,000 rows are no more than the other tables
  std::vector<Point> indices;
  std::vector<Point> dims;
  std::vector<Point> skews;
  std::vector<Point> rows;
  for (const std::size_t bags : {20, 200, 2'000, 20'000}) {
    indices.push_back({.label = std::to_string(bags * rows_per_bag), .bags = bags});
  }
  for (const std::uint64_t dim : {16, 32, 64, 128, 256, 512}) {
    dims.push_back({.label = std::to_string(dim), .dim = dim});
  }
  for (const Distribution& distribution : {Distribution{}, {0.8}, {1.05}, {1.2}, {1.5}}) {
    skews.push_back({.label = to_string(distribution), .distribution = distribution});
  }
  for (const std::uint64_t count : {10'000, 100'000, 1'000'000, 10'000'000}) {
    rows.push_back({.label = std::to_string(count), .dim = short_row, .bytes = count * short_row * sizeof(float)});
  }
  if (session.quick()) {
    indices = {indices.front(), indices[2]};
    rows = {rows.front(), rows[2]};
    dims.clear();
    skews.clear();
  }
  std::printf("P5: how a step grows, ns per index; f32 x 64 of 1 GiB, uniform, %zu indices, but for what is named\n",
              bags_per_step * rows_per_bag);
  measure(session, "indices", indices);
  measure(session, "dim", dims);
  measure(session, "skew", skews);
  measure(session, "rows, of 16 columns", rows);
  std::printf("\n");
}

}  // namespace rowan::perf
