// Tables of the report page: cells beside peers, lost ones first; heat maps; cells of which no peer has a side.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "perf/page.hpp"
#include "perf/workload.hpp"

namespace rowan::perf::page {
namespace {

/// A cell as one peer sees it.
struct Match {
  const Cell* cell = nullptr;
  const Series* theirs = nullptr;
  Comparison comparison;

  bool lost() const { return !comparison.undecided() && comparison.ratio < 1; }
  bool ahead() const { return !comparison.undecided() && comparison.ratio >= 1; }
};

/// Every cell and peer of it, the worst first.
std::vector<Match> matches_of(const Record& record) {
  std::vector<Match> matches;
  for (const Cell& cell : record.cells) {
    const Series* const us = ours(cell);
    if (us == nullptr) continue;
    for (const Series& side : cell.series) {
      if (&side == us || is_yardstick(side.who) || side.samples.empty()) continue;
      const Comparison comparison = compare(*us, side);
      if (std::isfinite(comparison.ratio) && comparison.ratio > 0) matches.push_back({&cell, &side, comparison});
    }
  }
  std::stable_sort(matches.begin(), matches.end(),
                   [](const Match& a, const Match& b) { return a.comparison.ratio < b.comparison.ratio; });
  return matches;
}

bool has_peer(const Cell& cell) {
  return std::any_of(cell.series.begin(), cell.series.end(), [](const Series& side) {
    return side.who != "rowan" && !is_yardstick(side.who) && !side.samples.empty();
  });
}

struct Standing {
  std::size_t lost = 0;
  std::size_t undecided = 0;
  std::size_t ahead = 0;
  double log_sum = 0;
  double worst = INFINITY;
};

void write_standings(Markup& out, const std::vector<Match>& matches) {
  std::map<std::string, Standing> standings;
  for (const Match& match : matches) {
    Standing& standing = standings[match.theirs->who];
    ++(match.comparison.undecided() ? standing.undecided : match.lost() ? standing.lost : standing.ahead);
    standing.log_sum += std::log(match.comparison.ratio);
    standing.worst = std::min(standing.worst, match.comparison.ratio);
  }
  out << "<div class=\"wide\"><table><thead><tr><th>Peer<th class=\"n\">Cells<th class=\"n\">Lost"
         "<th class=\"n\">Undecided<th class=\"n\">Ahead<th class=\"n\">Geometric mean<th class=\"n\">Worst cell"
         "</tr></thead><tbody>\n";
  for (const auto& [who, standing] : standings) {
    const std::size_t cells = standing.lost + standing.undecided + standing.ahead;
    out << "<tr><th scope=\"row\">" << display_name(who) << "<td class=\"n\">" << cells << "<td class=\"n\">"
        << standing.lost << "<td class=\"n\">" << standing.undecided << "<td class=\"n\">" << standing.ahead
        << "<td class=\"n\">" << fixed(std::exp(standing.log_sum / static_cast<double>(cells)), 2)
        << "×<td class=\"n\">" << fixed(standing.worst, 2) << "×</tr>\n";
  }
  out << "</tbody></table></div>\n";
}

void write_work_columns(Markup& out) {
  out << "<th>Work<th class=\"n\">Bag<th>Type<th class=\"n\">Dim<th class=\"n\">Rows<th>Place<th>Skew"
         "<th class=\"n\">Threads<th>Pages";
}

void write_work(Markup& out, const Cell& cell) {
  out << "<td>" << cell.operation;
  if (!cell.goal.empty()) out << " <small>" << cell.goal << "</small>";
  out << "<td class=\"n\">";
  if (cell.bag != 0) out << cell.bag;
  out << "<td>" << cell.dtype << "<td class=\"n\">" << cell.dim << "<td class=\"n\" data-n=\"" << cell.rows << "\">"
      << grouped(cell.rows) << "<td>" << cell.place << "<td>" << cell.distribution << "<td class=\"n\">" << cell.threads
      << "<td>" << cell.pages;
}

void write_rate(Markup& out, const Record& record, const Cell& cell) {
  const auto rate = gb_per_second(cell, *ours(cell));
  const auto ceiling = ceiling_of(record, cell);
  out << "<td class=\"n\">";
  if (rate) out << readable(*rate);
  out << "<td class=\"n\">";
  if (rate && ceiling) out << fixed(*rate / *ceiling, 2);
}

/// A number and its unit, where that is not the usual one.
std::string in_unit(const Cell& cell, double number) {
  return readable(number) + (cell.unit == "ns/row" ? "" : " " + cell.unit);
}

void write_matches(Markup& out, const Record& record, const std::vector<Match>& matches, bool (*wanted)(const Match&)) {
  out << "<div class=\"wide\"><table class=\"sortable\"><thead><tr><th class=\"n\">Ratio<th>Quartiles<th>Against";
  write_work_columns(out);
  out << "<th class=\"n\">Rowan<th class=\"n\">Peer<th class=\"n\">Samples<th class=\"n\">GB/s"
         "<th class=\"n\">Of ceiling</tr></thead><tbody>\n";
  for (const Match& match : matches) {
    if (!wanted(match)) continue;
    const Cell& cell = *match.cell;
    const Comparison& seen = match.comparison;
    out << "<tr><td class=\"n\"><b>" << fixed(seen.ratio, 2) << "×</b><td>" << fixed(seen.low, 2) << "–"
        << fixed(seen.high, 2) << "<td>" << display_name(match.theirs->who);
    write_work(out, cell);
    out << "<td class=\"n\">" << in_unit(cell, ours(cell)->median()) << "<td class=\"n\">"
        << in_unit(cell, match.theirs->median()) << "<td class=\"n\">" << ours(cell)->samples.size();
    write_rate(out, record, cell);
    out << "</tr>\n";
  }
  out << "</tbody></table></div>\n";
}

// Steps of the colour scale by the distance of a ratio from 1, up or down.
constexpr std::array step_bounds = {1.02, 1.1, 1.35, 1.75};

int step_of(double ratio) {
  const double distance = std::max(ratio, 1 / ratio);
  const auto step = std::upper_bound(step_bounds.begin(), step_bounds.end(), distance) - step_bounds.begin();
  return static_cast<int>(ratio < 1 ? -step : step);
}

void write_heat_class(Markup& out, int step) {
  if (step < 0) {
    out << "slow" << -step;
  } else {
    out << "fast" << step;
  }
}

void write_heat_legend(Markup& out) {
  out << "<p class=\"legend heat\">";
  const auto bound = [](int step) { return fixed(step_bounds[static_cast<std::size_t>(step)], 2); };
  for (int step = -4; step <= 4; ++step) {
    out << "<span class=\"";
    write_heat_class(out, step);
    out << "\">";
    if (step == -4) out << "below " << fixed(1 / step_bounds[3], 2);
    if (step < 0 && step > -4) {
      out << "from " << fixed(1 / step_bounds[static_cast<std::size_t>(-step)], 2);
    }
    if (step == 0) out << "1 ± 2%";
    if (step > 0) out << "from " << bound(step - 1);
    out << "</span>";
  }
  out << " the peer's time over Rowan's: more than 1 is faster; ≈ marks a difference within the spread</p>\n";
}

struct Square {
  double log_sum = 0;
  int count = 0;
  bool undecided = false;
};

/// One map: types down, dims across. Cells that share a square are averaged.
void write_heat_map(Markup& out, const std::string& title, const std::vector<const Match*>& matches) {
  std::set<std::uint64_t> dims;
  const auto earlier = [](const std::string& a, const std::string& b) { return earlier_type(a, b); };
  std::map<std::string, std::map<std::uint64_t, Square>, decltype(earlier)> squares(earlier);
  for (const Match* const match : matches) {
    dims.insert(match->cell->dim);
    Square& square = squares[match->cell->dtype][match->cell->dim];
    square.log_sum += std::log(match->comparison.ratio);
    ++square.count;
    square.undecided = match->comparison.undecided();
  }
  out << "<figure class=\"heat\"><figcaption>" << title << "</figcaption><table><thead><tr><th>dim";
  for (const std::uint64_t dim : dims) out << "<th class=\"n\">" << dim;
  out << "</tr></thead><tbody>\n";
  for (const auto& [dtype, row] : squares) {
    out << "<tr><th scope=\"row\">" << dtype;
    for (const std::uint64_t dim : dims) {
      const auto found = row.find(dim);
      if (found == row.end()) {
        out << "<td>";
        continue;
      }
      const double ratio = std::exp(found->second.log_sum / found->second.count);
      out << "<td class=\"";
      write_heat_class(out, step_of(ratio));
      out << "\">";
      if (found->second.undecided && found->second.count == 1) out << "≈";
      out << fixed(ratio, 2);
    }
    out << "</tr>\n";
  }
  out << "</tbody></table></figure>\n";
}

}  // namespace

void write_peers(Markup& out, const Record& record) {
  const std::vector<Match> matches = matches_of(record);
  if (matches.empty()) return;
  const auto count = [&](bool (*wanted)(const Match&)) {
    return static_cast<std::size_t>(std::count_if(matches.begin(), matches.end(), wanted));
  };
  const auto lost = [](const Match& match) { return match.lost(); };
  const auto undecided = [](const Match& match) { return match.comparison.undecided(); };
  const auto ahead = [](const Match& match) { return match.ahead(); };
  out << "<section id=\"peers\"><h2>Beside other libraries</h2><p>Ratios are the peer's time over Rowan's, the median "
         "over samples "
         "taken in turn: more than 1 is faster. Where 1 lies between their quartiles the cell is undecided. Times are "
         "ns per "
         "row.</p>\n";
  write_standings(out, matches);
  out << "<h3>Lost: " << count(lost) << "</h3>\n";
  if (count(lost) != 0) write_matches(out, record, matches, lost);
  out << "<h3>Undecided: " << count(undecided) << "</h3>\n";
  if (count(undecided) != 0) write_matches(out, record, matches, undecided);
  out << "<h3>Ahead: " << count(ahead) << "</h3>\n";
  if (count(ahead) != 0) {
    constexpr std::size_t shown_at_once = 30;
    if (count(ahead) > shown_at_once) {
      out << "<details><summary>Show all</summary>";
      write_matches(out, record, matches, ahead);
      out << "</details>";
    } else {
      write_matches(out, record, matches, ahead);
    }
  }
  out << "</section>\n";
}

void write_all_cells(Markup& out, const Record& record) {
  std::vector<const Cell*> cells;
  for (const Cell& cell : record.cells) {
    if (ours(cell) != nullptr && !has_peer(cell)) cells.push_back(&cell);
  }
  if (cells.empty()) return;
  out << "<section id=\"cells\"><h2>Cells without a peer</h2><p>Medians, in ns per row where nothing else stands "
         "there, and the quartiles of the samples.</p>"
         "<div class=\"wide\"><table class=\"sortable\"><thead><tr>";
  write_work_columns(out);
  out << "<th class=\"n\">Rowan<th>Quartiles<th class=\"n\">Samples<th class=\"n\">GB/s<th class=\"n\">Of ceiling"
         "<th>Beside it</tr></thead><tbody>\n";
  for (const Cell* const cell : cells) {
    const std::vector<double>& samples = ours(*cell)->samples;
    out << "<tr>";
    write_work(out, *cell);
    out << "<td class=\"n\">" << in_unit(*cell, ours(*cell)->median()) << "<td>" << readable(quantile(samples, 0.25))
        << "–" << readable(quantile(samples, 0.75)) << "<td class=\"n\">" << samples.size();
    write_rate(out, record, *cell);
    out << "<td>";
    for (const Series& side : cell->series) {
      if (side.who == "rowan" || side.who == "ceiling" || side.samples.empty()) continue;
      out << side.who << " " << in_unit(*cell, side.median()) << " ";
    }
    out << "</tr>\n";
  }
  out << "</tbody></table></div></section>\n";
}

void write_heat_maps(Markup& out, const Record& record) {
  const std::vector<Match> matches = matches_of(record);
  std::vector<std::string> peers;
  for (const Match& match : matches) {
    if (match.cell->dim != 0 && std::find(peers.begin(), peers.end(), match.theirs->who) == peers.end()) {
      peers.push_back(match.theirs->who);
    }
  }
  std::sort(peers.begin(), peers.end());
  Markup all;
  for (const std::string& peer : peers) {
    Markup maps;
    for (const Group& group : groups_of(record)) {
      std::vector<const Match*> of_group;
      for (const Match& match : matches) {
        if (match.theirs->who == peer &&
            std::find(group.cells.begin(), group.cells.end(), match.cell) != group.cells.end()) {
          of_group.push_back(&match);
        }
      }
      if (!of_group.empty()) write_heat_map(maps, group.title, of_group);
    }
    if (maps.str().empty()) continue;
    all << "<h3>Against " << display_name(peer) << "</h3><div class=\"grid maps\">\n" << maps << "</div>\n";
  }
  if (all.str().empty()) return;
  out << "<section id=\"ratios\"><h2>Ratios by type and dim</h2>\n";
  write_heat_legend(out);
  out << all << "</section>\n";
}

}  // namespace rowan::perf::page
