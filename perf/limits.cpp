#include "perf/limits.hpp"

#include <algorithm>
#include <utility>

namespace rowan::perf {
namespace {

constexpr double least_of_fbgemm = 0.97;
constexpr double enough_of_fbgemm = 1.05;
constexpr double enough_of_ceiling = 0.95;
constexpr double enough_of_gain = 0.95;

constexpr double no_limit = 1;

}  // namespace

double standing_out_of_cache(const Cell& cell) {
  const std::optional<double> fbgemm = ratio_to(cell, "fbgemm");
  const double at_ceiling = ratio_to(cell, "ceiling").value_or(0) / enough_of_ceiling;
  if (!fbgemm) return at_ceiling;
  return std::min(*fbgemm / least_of_fbgemm, std::max(at_ceiling, *fbgemm / enough_of_fbgemm));
}

double standing_at_ceiling(const Cell& cell) {
  if (cell.row_bytes < fills_cache_lines) return no_limit;
  return ratio_to(cell, "ceiling").value_or(0) / enough_of_ceiling;
}

double standing_in_cache(const Cell& cell) {
  const std::optional<double> fbgemm = ratio_to(cell, "fbgemm");
  return fbgemm ? *fbgemm / least_of_fbgemm : no_limit;
}

double standing_of_gain(const Cell& cell) { return ratio_to(cell, "arithmetic").value_or(0) / enough_of_gain; }

bool all_stand(const std::vector<const Cell*>& cells, const Standing& standing) {
  return std::all_of(cells.begin(), cells.end(), [&](const Cell* cell) { return standing(*cell) >= 1; });
}

void measure_runs(Cell& cell, const std::function<std::vector<Series>()>& measure, const Standing& standing) {
  constexpr int runs = 3;
  cell.series = measure();
  cell.runs = 1;
  if (!standing || standing(cell) >= 1) return;
  std::vector<std::pair<double, std::vector<Series>>> seen;
  while (true) {
    const double stands = standing(cell);
    seen.emplace_back(stands, std::move(cell.series));
    if (cell.runs == runs) break;
    cell.series = measure();
    ++cell.runs;
  }
  std::sort(seen.begin(), seen.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  cell.series = std::move(seen[runs / 2].second);
}

}  // namespace rowan::perf
