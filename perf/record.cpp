#include "perf/record.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "perf/workload.hpp"

namespace rowan::perf {
namespace {

using Json = nlohmann::json;

constexpr const char* format_name = "rowan measurement record";
constexpr int format_version = 1;

constexpr const char* verdict_names[] = {"holds", "missed", "unknown"};

}  // namespace

void to_json(Json& json, Verdict verdict) { json = verdict_names[static_cast<int>(verdict)]; }

void from_json(const Json& json, Verdict& verdict) {
  const auto name = json.get<std::string>();
  const auto found = std::find(std::begin(verdict_names), std::end(verdict_names), name);
  if (found == std::end(verdict_names)) throw Json::other_error::create(501, "no such verdict", &json);
  verdict = static_cast<Verdict>(found - std::begin(verdict_names));
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Machine, cpu, cores, governor, kernel, compiler, isa, l1_bytes, l2_bytes, l3_bytes,
                                   peers, absent_peers)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Series, who, samples)
// Records that are older say nothing of runs.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Cell, goal, operation, dtype, dim, rows, row_bytes, place, distribution,
                                                bag, threads, pages, unit, series, runs)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Percentiles, what, who, p50, p99, p999, calls)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Ceiling, threads, pages, row_bytes, gb_per_second)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Goal, id, text, seen, verdict)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Record, command, date, seed, machine, cells, percentiles, ceilings, goals)

double Series::median() const { return quantile(samples, 0.5); }

const Series* Cell::find(std::string_view who) const {
  const auto found = std::find_if(series.begin(), series.end(), [who](const Series& one) { return one.who == who; });
  return found != series.end() ? &*found : nullptr;
}

Comparison compare(const Series& ours, const Series& theirs) {
  std::vector<double> ratios(std::min(ours.samples.size(), theirs.samples.size()));
  for (std::size_t i = 0; i < ratios.size(); ++i) ratios[i] = theirs.samples[i] / ours.samples[i];
  return {.ratio = quantile(ratios, 0.5), .low = quantile(ratios, 0.25), .high = quantile(ratios, 0.75)};
}

std::optional<double> ratio_to(const Cell& cell, std::string_view who) {
  const Series* const theirs = cell.find(who);
  if (theirs == nullptr) return std::nullopt;
  return compare(cell.series.front(), *theirs).ratio;
}

double extra(const Cell& cell) {
  std::vector<double> differences = cell.series[0].samples;
  for (std::size_t i = 0; i < differences.size(); ++i) differences[i] -= cell.series[1].samples[i];
  return quantile(std::move(differences), 0.5);
}

std::string to_json(const Record& record) {
  Json json;
  to_json(json, record);
  json["format"] = format_name;
  json["version"] = format_version;
  // Names come from /proc and other libraries: whatever is no UTF-8 in them is replaced, not thrown about.
  return json.dump(1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Record> from_json(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("format") != format_name || json.at("version") != format_version) return std::nullopt;
    return json.get<Record>();
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace rowan::perf
