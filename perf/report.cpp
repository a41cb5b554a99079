// How a session's cells and goals are put into words.
#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

#include "perf/session.hpp"

namespace rowan::perf {
namespace {

/// Order in which cells are shown: what is lost, what cannot be told, the rest.
int rank(const Comparison& comparison) { return comparison.undecided() ? 1 : comparison.ratio < 1 ? 0 : 2; }

constexpr const char* remarks[] = {"  lost", "  undecided", ""};

}  // namespace

std::string formatted(const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  char text[400];
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

std::string describe(const Cell& cell) {
  const std::string shape = cell.dim != 0 ? cell.dtype + " x " + std::to_string(cell.dim) : cell.dtype;
  const std::string bag = cell.bag != 0 ? ", bag " + std::to_string(cell.bag) : "";
  return cell.operation + " " + shape + bag + ", " + cell.place + ", " + cell.distribution + ", " +
         std::to_string(cell.threads) + (cell.threads == 1 ? " thread" : " threads");
}

std::string Summary::text() const {
  if (cells == 0) return "no cells";
  std::string text = formatted("geometric mean %.2f, worst cell %.2f (%s), %zu of %zu cells lost, %zu undecided",
                               geometric_mean, worst, describe(*worst_cell).c_str(), lost, cells, undecided);
  if (again != 0) text += formatted(", %zu measured again", again);
  return text;
}

Summary summarize(const std::vector<const Cell*>& cells, std::string_view who) {
  Summary summary;
  double logs = 0;
  for (const Cell* cell : cells) {
    const Series* const theirs = cell->find(who);
    if (theirs == nullptr) continue;
    const Comparison comparison = compare(cell->series.front(), *theirs);
    logs += std::log(comparison.ratio);
    summary.undecided += comparison.undecided();
    summary.lost += rank(comparison) == 0;
    summary.again += cell->runs > 1;
    if (summary.cells++ == 0 || comparison.ratio < summary.worst) {
      summary.worst = comparison.ratio;
      summary.worst_cell = cell;
    }
  }
  if (summary.cells != 0) summary.geometric_mean = std::exp(logs / static_cast<double>(summary.cells));
  return summary;
}

std::vector<const Cell*> cells_of(const Record& record, std::string_view goal, std::string_view who) {
  std::vector<const Cell*> cells;
  for (const Cell& cell : record.cells) {
    if (cell.goal == goal && (who.empty() || cell.find(who) != nullptr)) cells.push_back(&cell);
  }
  return cells;
}

void print_cells(std::vector<const Cell*> cells, std::string_view who) {
  const auto against = [who](const Cell* cell) {
    const Series* const theirs = cell->find(who);
    return theirs != nullptr ? rank(compare(cell->series.front(), *theirs)) : 2;
  };
  std::stable_sort(cells.begin(), cells.end(), [&](const Cell* a, const Cell* b) { return against(a) < against(b); });
  for (const Cell* cell : cells) {
    std::printf("  %-62s %8.2f %s", describe(*cell).c_str(), cell->series.front().median(), cell->unit.c_str());
    for (std::size_t i = 1; i < cell->series.size(); ++i) {
      const Series& theirs = cell->series[i];
      const Comparison comparison = compare(cell->series.front(), theirs);
      std::printf("   %s %8.2f %5.2fx (%.2f-%.2f)", theirs.who.c_str(), theirs.median(), comparison.ratio,
                  comparison.low, comparison.high);
    }
    std::printf("%s%s\n", remarks[against(cell)], cell->runs > 1 ? "  measured again" : "");
  }
}

void conclude(Record& record, Goal goal) {
  static constexpr const char* words[] = {"holds", "MISSED", "unknown"};
  std::printf("%s: %s\n  %s\n  %s\n\n", goal.id.c_str(), words[static_cast<int>(goal.verdict)], goal.text.c_str(),
              goal.seen.c_str());
  std::fflush(stdout);
  record.goals.push_back(std::move(goal));
}

}  // namespace rowan::perf
