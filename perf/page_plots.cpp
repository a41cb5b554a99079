// Drawings of the report page: rooflines, latencies, scaling over threads.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "perf/chart.hpp"
#include "perf/page.hpp"

namespace rowan::perf::page {
namespace {

/// The group's cells by type, each type's by dim. Where a ceiling stands beside some cells of a type, those alone:
/// other goals have measured the same work at other times.
std::map<std::string, std::vector<const Cell*>> by_type(const Group& group) {
  std::map<std::string, std::vector<const Cell*>> found;
  for (const Cell* const cell : group.cells) found[cell->dtype].push_back(cell);
  for (auto& [dtype, cells] : found) {
    const auto lower = [](const Cell* a, const Cell* b) { return a->dim < b->dim; };
    const auto same = [](const Cell* a, const Cell* b) { return a->dim == b->dim; };
    const auto bare = [](const Cell* cell) { return cell->find("ceiling") == nullptr; };
    if (!std::all_of(cells.begin(), cells.end(), bare)) std::erase_if(cells, bare);
    std::stable_sort(cells.begin(), cells.end(), lower);
    cells.erase(std::unique(cells.begin(), cells.end(), same), cells.end());
  }
  return found;
}

std::vector<double> dims_of(const Group& group) {
  std::set<double> dims;
  for (const Cell* const cell : group.cells) dims.insert(static_cast<double>(cell->dim));
  return {dims.begin(), dims.end()};
}

/// The sequential ceilings of the group's threads and pages.
std::vector<Level> sequential_levels(const Record& record, const Group& group) {
  std::vector<Level> levels;
  for (const Ceiling& ceiling : record.ceilings) {
    if (ceiling.row_bytes != 0 || ceiling.threads != group.cells.front()->threads) continue;
    if (group.cells.front()->place != "DRAM" || ceiling.pages != group.cells.front()->pages) continue;
    if (levels.empty())
      levels.push_back({"sequential reads " + readable(ceiling.gb_per_second), ceiling.gb_per_second});
  }
  return levels;
}

std::string extremes(const Chart& chart) {
  double low = INFINITY;
  double high = 0;
  for (const Line& line : chart.lines) {
    if (line.dotted) continue;
    for (const Point& point : line.points) {
      low = std::min(low, point.y);
      high = std::max(high, point.y);
    }
  }
  return "from " + readable(low) + " to " + readable(high);
}

/// Ticks from 0 to 1, or to the greatest share where noise or a cache has carried one beyond that.
std::vector<double> share_ticks(const Chart& chart) {
  double most = 1;
  for (const Line& line : chart.lines) {
    for (const Point& point : line.points) most = std::max(most, drawable(point.y) ? point.y : 0);
  }
  const double step = most <= 1.2 ? 0.2 : std::ceil(most / 2.5) / 2;
  std::vector<double> ticks;
  for (int i = 0; i * step < most + step / 2; ++i) ticks.push_back(i * step);
  return ticks;
}

void write_roofline(Markup& out, const Record& record, const Group& group) {
  Chart rates{.title = group.title,
              .x = {"dim", true, dims_of(group)},
              .y = {"GB/s of row bytes", true, {}},
              .levels = sequential_levels(record, group)};
  Chart shares{.title = group.title + ": share of the ceiling",
               .x = rates.x,
               .y = {"share of the random-row ceiling", false, {}},
               .levels = {{"ceiling", 1.0}}};
  for (const auto& [dtype, cells] : by_type(group)) {
    const int look = look_of_type(dtype);
    Line rate{dtype, look, false, {}};
    Line ceilings{"", look, true, {}};
    Line share{dtype, look, false, {}};
    for (const Cell* const cell : cells) {
      const auto reached = gb_per_second(*cell, *ours(*cell));
      if (!reached) continue;
      const auto dim = static_cast<double>(cell->dim);
      const std::string what = dtype + ", dim " + std::to_string(cell->dim) + ": ";
      rate.points.push_back({dim, *reached, what + readable(*reached) + " GB/s"});
      const auto ceiling = ceiling_of(record, *cell);
      if (!ceiling) continue;
      ceilings.points.push_back({dim, *ceiling, what + "ceiling " + readable(*ceiling) + " GB/s"});
      share.points.push_back({dim, *reached / *ceiling, what + fixed(*reached / *ceiling, 2) + " of the ceiling"});
    }
    // Ceilings first, so that the lines of what was reached lie over them.
    rates.lines.insert(rates.lines.begin(), std::move(ceilings));
    rates.lines.push_back(std::move(rate));
    if (!share.points.empty()) shares.lines.push_back(std::move(share));
  }
  rates.description = "GB/s of row bytes against dim, one line per type: " + extremes(rates) + ".";
  draw(out, rates);
  shares.y.ticks = share_ticks(shares);
  shares.description = "Share of the random-row ceiling against dim, one line per type: " + extremes(shares) + ".";
  draw(out, shares);
}

void write_type_legend(Markup& out, const std::vector<Group>& groups) {
  const auto earlier = [](const std::string& a, const std::string& b) { return earlier_type(a, b); };
  std::set<std::string, decltype(earlier)> types(earlier);
  for (const Group& group : groups) {
    for (const Cell* const cell : group.cells) types.insert(cell->dtype);
  }
  out << "<p class=\"legend\">";
  for (const std::string& dtype : types) {
    const int look = look_of_type(dtype);
    out << "<span><svg class=\"key look" << look << "\" viewBox=\"0 0 30 14\" aria-hidden=\"true\">"
        << "<path class=\"line\" d=\"M1 7H29\"/>";
    draw_mark(out, look, 15.0, 7.0);
    out << "</svg>" << dtype << "</span>";
  }
  out << "<span><svg class=\"key\" viewBox=\"0 0 30 14\" aria-hidden=\"true\"><path class=\"dotted\" d=\"M1 7H29\"/>"
         "<path class=\"cap\" d=\"M10 7h10\"/></svg>random-row ceiling of the type</span></p>\n";
}

// Latencies: a heading for each kind of call, a row for each side of it, dots at the percentiles.
constexpr double row_height = 26;
constexpr double latency_left = 110;
constexpr double latency_right = 640;
constexpr double latency_width = 900;

void write_latency_axis(Markup& out, const std::vector<double>& ticks, double height, const auto& place) {
  for (const double tick : ticks) {
    out << "<path class=\"grid\" d=\"M" << place(tick) << " 18V" << height - 34 << "\"/><text class=\"middle\" x=\""
        << place(tick) << "\" y=\"" << height - 18 << "\">" << fixed(tick, tick < 1 ? tick < 0.1 ? 2 : 1 : 0)
        << "</text>";
  }
  out << "<text class=\"middle name\" x=\"" << (latency_left + latency_right) / 2 << "\" y=\"" << height - 3
      << "\">microseconds</text>";
}

// Scaling: cells that differ in threads alone.
struct Scaled {
  std::map<int, std::vector<double>> gains;  ///< threads to each cell's gain over its fewest threads
};

std::string without_threads(const Cell& cell) {
  Cell one = cell;
  one.threads = 1;
  const std::string where = where_of(one);
  return work_of(cell) + ": " + where.substr(0, where.rfind(", "));
}

/// Everything but the threads, as a key.
std::string identity(const Cell& cell) {
  return without_threads(cell) + "|" + cell.goal + "|" + cell.dtype + "|" + std::to_string(cell.dim) + "|" +
         std::to_string(cell.rows) + "|" + cell.unit;
}

/// Ticks for gains: doublings and the steps half-way, from the least to the greatest.
std::vector<double> gain_ticks(const Chart& chart) {
  double low = 1;
  double high = 1;
  for (const Line& line : chart.lines) {
    for (const Point& point : line.points) {
      low = std::min(low, point.y);
      high = std::max(high, point.y);
    }
  }
  std::vector<double> ticks;
  double tick = 1;
  while (tick > low) tick /= 2;
  for (; tick < high; tick *= 2) {
    ticks.push_back(tick);
    ticks.push_back(tick * 1.5);
  }
  if (ticks.empty() || ticks.back() < high) ticks.push_back(tick);
  return ticks;
}

double geometric_mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += std::log(value);
  return std::exp(sum / static_cast<double>(values.size()));
}

/// Title -> side -> gains.
std::map<std::string, std::map<std::string, Scaled>> scaling_of(const Record& record) {
  std::map<std::string, std::vector<const Cell*>> families;
  for (const Cell& cell : record.cells) {
    if (ours(cell) != nullptr && cell.threads > 0) families[identity(cell)].push_back(&cell);
  }
  std::map<std::string, std::map<std::string, Scaled>> scaling;
  for (auto& [key, cells] : families) {
    std::stable_sort(cells.begin(), cells.end(), [](const Cell* a, const Cell* b) { return a->threads < b->threads; });
    if (cells.front()->threads == cells.back()->threads) continue;
    for (const Series& base : cells.front()->series) {
      if (base.samples.empty()) continue;
      for (const Cell* const cell : cells) {
        const Series* const side = cell->find(base.who);
        if (side == nullptr || side->samples.empty()) continue;
        const double gain = base.median() / side->median();
        if (!drawable(gain)) continue;
        scaling[without_threads(*cell)][base.who].gains[cell->threads].push_back(gain);
      }
    }
  }
  return scaling;
}

int look_of_side(const std::string& who, int next) { return who == "rowan" ? 0 : who == "ceiling" ? 7 : next; }

}  // namespace

void write_rooflines(Markup& out, const Record& record) {
  std::vector<Group> groups = groups_of(record);
  // Memory first: there the ceilings stand beside the lines.
  std::stable_partition(groups.begin(), groups.end(),
                        [](const Group& group) { return group.cells.front()->place == "DRAM"; });
  const auto has_rate = [](const Group& group) {
    return std::any_of(group.cells.begin(), group.cells.end(),
                       [](const Cell* cell) { return gb_per_second(*cell, *ours(*cell)).has_value(); });
  };
  std::erase_if(groups, [&](const Group& group) { return !has_rate(group); });
  if (groups.empty()) return;
  out << "<section id=\"rooflines\"><h2>Bytes per second against the memory’s limit</h2><p>GB/s counts the bytes of "
         "the "
         "rows that were "
         "asked for. Rows in cache, and the popular ones of a skewed distribution, can pass what memory gives.</p>\n";
  write_type_legend(out, groups);
  out << "<div class=\"grid\">\n";
  for (const Group& group : groups) write_roofline(out, record, group);
  out << "</div></section>\n";
}

void write_percentiles(Markup& out, const Record& record) {
  std::vector<const Percentiles*> shown;
  double low = INFINITY;
  double high = 0;
  for (const Percentiles& one : record.percentiles) {
    if (!drawable(one.p50) || !drawable(one.p99) || !drawable(one.p999)) continue;
    shown.push_back(&one);
    low = std::min(low, one.p50);
    high = std::max({high, one.p50, one.p99, one.p999});
  }
  if (shown.empty()) return;
  std::vector<double> ticks = round_ticks(low, high);
  if (ticks.size() > 9)
    std::erase_if(ticks, [&](double t) { return t != ticks.back() && std::fmod(std::log10(t), 1) != 0; });
  const double from = std::log(std::min(low, ticks.front()));
  const double to = std::max(std::log(std::max(high, ticks.back())), from + 0.1);
  const auto place = [&](double value) {
    return latency_left + (std::log(value) - from) / (to - from) * (latency_right - latency_left);
  };
  std::size_t headings = 0;
  for (std::size_t i = 0; i < shown.size(); ++i) headings += i == 0 || shown[i]->what != shown[i - 1]->what;
  const double height = 18 + row_height * static_cast<double>(shown.size() + headings) + 40;

  out << "<section id=\"latency\"><h2>Latency of single calls</h2>"
         "<p class=\"legend\"><span><svg class=\"key look0\" viewBox=\"0 0 30 14\" aria-hidden=\"true\">";
  draw_mark(out, 0, 15.0, 7.0);
  out << "</svg>p50</span><span><svg class=\"key look1\" viewBox=\"0 0 30 14\" aria-hidden=\"true\">";
  draw_mark(out, 3, 15.0, 7.0);
  out << "</svg>p99</span><span><svg class=\"key look3\" viewBox=\"0 0 30 14\" aria-hidden=\"true\">";
  draw_mark(out, 2, 15.0, 7.0);
  out << "</svg>p99.9</span></p><div class=\"wide\"><svg class=\"latency\" viewBox=\"0 0 " << latency_width << " "
      << height << "\" role=\"img\"><title>Latency of single calls</title><desc>";
  for (const Percentiles* const one : shown) {
    out << one->what << ", " << display_name(one->who) << ": p50 " << readable(one->p50) << ", p99 "
        << readable(one->p99) << ", p99.9 " << readable(one->p999) << " microseconds. ";
  }
  out << "</desc>";
  write_latency_axis(out, ticks, height, place);
  out << "<text class=\"name\" x=\"" << latency_right + 14 << "\" y=\"10\">p50 / p99 / p99.9, calls</text>";
  double y = 18 + row_height / 2;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const Percentiles* const one = shown[i];
    if (i == 0 || one->what != shown[i - 1]->what) {
      out << "<text class=\"label\" x=\"4\" y=\"" << y + 6 << "\">" << one->what << "</text>";
      y += row_height;
    }
    out << "<text class=\"end\" x=\"" << latency_left - 12 << "\" y=\"" << y + 4 << "\">" << display_name(one->who)
        << "</text><path class=\"span\" d=\"M" << place(one->p50) << " " << y << "H" << place(one->p999)
        << "\"/><g class=\"look0\">";
    draw_mark(out, 0, place(one->p50), y);
    out << "</g><g class=\"look1\">";
    draw_mark(out, 3, place(one->p99), y);
    out << "</g><g class=\"look3\">";
    draw_mark(out, 2, place(one->p999), y);
    out << "</g><text x=\"" << latency_right + 14 << "\" y=\"" << y + 4 << "\">" << readable(one->p50) << " / "
        << readable(one->p99) << " / " << readable(one->p999) << ", " << grouped(one->calls) << "</text>";
    y += row_height;
  }
  out << "</svg></div></section>\n";
}

void write_scaling(Markup& out, const Record& record) {
  const auto scaling = scaling_of(record);
  if (scaling.empty()) return;
  out << "<section id=\"scaling\"><h2>Scaling over threads</h2><p>How many times faster than with the fewest threads: "
         "geometric mean "
         "over the types and dims that were measured at both; least and most when pointed at.</p>"
         "<div class=\"grid\">\n";
  for (const auto& [title, sides] : scaling) {
    Chart chart{.title = title, .x = {"threads", true, {}}, .y = {"times as fast", true, {}}};
    std::set<int> counts;
    int look = 1;
    for (const auto& [who, scaled] : sides) {
      Line line{display_name(who), look_of_side(who, look), who == "ceiling", {}};
      if (line.look == look) ++look;
      for (const auto& [threads, gains] : scaled.gains) {
        counts.insert(threads);
        const auto [least, most] = std::minmax_element(gains.begin(), gains.end());
        line.points.push_back({static_cast<double>(threads), geometric_mean(gains),
                               display_name(who) + ", " + std::to_string(threads) +
                                   " threads: " + fixed(geometric_mean(gains), 2) + "×, cells from " +
                                   fixed(*least, 2) + " to " + fixed(*most, 2)});
        chart.description += line.points.back().note + ". ";
      }
      chart.lines.push_back(std::move(line));
    }
    Line ideal{"ideal", 7, true, {}};
    for (const int threads : counts) {
      chart.x.ticks.push_back(threads);
      ideal.points.push_back({static_cast<double>(threads), static_cast<double>(threads) / *counts.begin(), ""});
    }
    chart.lines.insert(chart.lines.begin(), std::move(ideal));
    chart.y.ticks = gain_ticks(chart);
    draw(out, chart);
  }
  out << "</div></section>\n";
}

}  // namespace rowan::perf::page
