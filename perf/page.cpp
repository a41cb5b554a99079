// The report page: its frame, the machine, the goals; and how its sections look at cells.
#include "perf/page.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace rowan::perf {
namespace page {
namespace {

constexpr std::array<std::string_view, 8> types = {"f32", "f16", "bf16", "f8_e4m3", "f8_e5m2", "i8", "i4", "i2"};

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += between;
    text += part;
  }
  return text;
}

void write_fact(Markup& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out << "<div><dt>" << name << "</dt><dd>" << value << "</dd></div>\n";
}

}  // namespace

int look_of_type(std::string_view dtype) {
  const auto found = std::find(types.begin(), types.end(), dtype);
  return static_cast<int>(std::min<std::ptrdiff_t>(found - types.begin(), types.size() - 1));
}

bool earlier_type(std::string_view a, std::string_view b) {
  const auto place = [](std::string_view type) { return std::find(types.begin(), types.end(), type); };
  return place(a) != place(b) ? place(a) < place(b) : a < b;
}

bool is_yardstick(std::string_view who) { return who == "ceiling" || who == "arithmetic" || who.ends_with(" loop"); }

std::string display_name(std::string_view who) {
  if (who == "rowan") return "Rowan";
  if (who == "fbgemm") return "FBGEMM";
  return std::string(who);
}

const Series* ours(const Cell& cell) {
  const Series* const side = cell.find("rowan");
  return side != nullptr && !side->samples.empty() ? side : nullptr;
}

std::optional<double> gb_per_second(const Cell& cell, const Series& side) {
  if (cell.unit != "ns/row" || cell.row_bytes == 0 || side.samples.empty()) return std::nullopt;
  const double rate = static_cast<double>(cell.row_bytes) / side.median();
  return std::isfinite(rate) && rate > 0 ? std::optional(rate) : std::nullopt;
}

std::optional<double> ceiling_of(const Record& record, const Cell& cell) {
  if (const Series* const side = cell.find("ceiling")) {
    if (const auto rate = gb_per_second(cell, *side)) return rate;
  }
  // A record's ceilings are of uniform rows in memory; skewed ones are in cache in part and pass them.
  if (cell.place != "DRAM" || cell.distribution != "uniform" || cell.unit != "ns/row") return std::nullopt;
  for (const Ceiling& ceiling : record.ceilings) {
    if (ceiling.row_bytes == cell.row_bytes && ceiling.threads == cell.threads && ceiling.pages == cell.pages &&
        ceiling.row_bytes != 0 && ceiling.gb_per_second > 0) {
      return ceiling.gb_per_second;
    }
  }
  return std::nullopt;
}

std::string work_of(const Cell& cell) {
  if (cell.bag == 0) return cell.operation;
  return cell.operation + (cell.bag == 1 ? ", bags of 1 row" : ", bags of " + grouped(cell.bag) + " rows");
}

std::string where_of(const Cell& cell) {
  std::string text;
  for (const std::string& part : {cell.place, cell.distribution}) {
    if (!part.empty()) text += part + ", ";
  }
  return text + std::to_string(cell.threads) + (cell.threads == 1 ? " thread" : " threads");
}

std::vector<Group> groups_of(const Record& record) {
  std::vector<Group> groups;
  for (const Cell& cell : record.cells) {
    if (cell.dim == 0 || ours(cell) == nullptr) continue;
    const std::string title = work_of(cell) + ": " + where_of(cell);
    const auto found = std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.title == title; });
    if (found == groups.end()) {
      groups.push_back({title, {&cell}});
    } else {
      found->cells.push_back(&cell);
    }
  }
  std::erase_if(groups, [](const Group& group) {
    return std::all_of(group.cells.begin(), group.cells.end(),
                       [&](const Cell* cell) { return cell->dim == group.cells.front()->dim; });
  });
  return groups;
}

void write_machine(Markup& out, const Record& record) {
  const Machine& machine = record.machine;
  std::vector<std::string> pages;
  for (const Cell& cell : record.cells) {
    if (!cell.pages.empty() && std::find(pages.begin(), pages.end(), cell.pages) == pages.end()) {
      pages.push_back(cell.pages);
    }
  }
  out << "<section id=\"machine\"><h2>Machine and run</h2><dl>\n";
  write_fact(out, "Processor", machine.cpu);
  write_fact(out, "Cores", std::to_string(machine.cores));
  write_fact(out, "Caches", caches_text(machine));
  write_fact(out, "Clock governor", machine.governor);
  write_fact(out, "Pages obtained", joined(pages, ", "));
  write_fact(out, "Kernel", machine.kernel);
  write_fact(out, "Compiler", machine.compiler);
  write_fact(out, "Instruction set", machine.isa);
  write_fact(out, "Peers", joined(machine.peers, ", "));
  write_fact(out, "Absent peers", joined(machine.absent_peers, ", "));
  write_fact(out, "Command", record.command);
  write_fact(out, "Seed", std::to_string(record.seed));
  write_fact(out, "Date (UTC)", record.date);
  out << "</dl></section>\n";
}

void write_goals(Markup& out, const Record& record) {
  if (record.goals.empty()) return;
  out << "<section id=\"goals\"><h2>Goals</h2><div class=\"wide\"><table><thead><tr><th>Goal<th>Asked "
         "for<th>Seen<th>Verdict"
         "</tr></thead><tbody>\n";
  for (const Goal& goal : record.goals) {
    out << "<tr><th scope=\"row\">" << goal.id << "<td>" << goal.text << "<td>" << goal.seen;
    switch (goal.verdict) {
      case Verdict::holds:
        out << "<td class=\"good\">✓ holds";
        break;
      case Verdict::missed:
        out << "<td class=\"bad\">✗ missed";
        break;
      case Verdict::unknown:
        out << "<td class=\"open\">? unknown";
    }
    out << "</tr>\n";
  }
  out << "</tbody></table></div></section>\n";
}

}  // namespace page

std::string to_html(const Record& record) {
  Markup out;
  // The policy lets nothing be fetched, whatever a record smuggles in.
  out << "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
         "script-src 'unsafe-inline'\">"
         "<meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">"
         "<title>Rowan on "
      << record.machine.cpu << "</title>\n<style>";
  std::string head = out.str();
  head += page::style;

  Markup body;
  body << "</style></head><body><main><h1>Rowan on " << record.machine.cpu << "</h1><p class=\"lead\">"
       << caches_text(record.machine) << ", " << record.machine.isa << " tier";
  if (!record.date.empty()) body << ", " << record.date;
  body << "</p>\n";
  page::write_machine(body, record);
  page::write_goals(body, record);
  page::write_peers(body, record);
  page::write_rooflines(body, record);
  page::write_heat_maps(body, record);
  page::write_percentiles(body, record);
  page::write_scaling(body, record);
  page::write_all_cells(body, record);
  body << "</main>\n<script>";
  std::string foot(page::script);
  foot += "</script></body></html>\n";
  return head + body.str() + foot;
}

}  // namespace rowan::perf
