// The sections of the report page, and how they look at cells. to_html() in page.cpp puts them together.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "perf/markup.hpp"
#include "perf/record.hpp"

namespace rowan::perf::page {

extern const std::string_view style;
extern const std::string_view script;

/// How the page shows types; others are drawn with the last look.
int look_of_type(std::string_view dtype);
/// Types in the order of their looks, narrower ones later.
bool earlier_type(std::string_view a, std::string_view b);

/// A side that says how fast something could be, and is no competitor.
bool is_yardstick(std::string_view who);

/// Who a side is, as people write it.
std::string display_name(std::string_view who);

/// The cell's Rowan side, where it has samples.
const Series* ours(const Cell& cell);

/// Bytes of rows per nanosecond, that is GB per second; empty where the cell counts something else.
std::optional<double> gb_per_second(const Cell& cell, const Series& side);

/// GB/s that the memory gave beside the cell: measured in it, or in the record for such rows and pages.
std::optional<double> ceiling_of(const Record& record, const Cell& cell);

/// "embedding_bag, bags of 50".
std::string work_of(const Cell& cell);
/// "DRAM, uniform, 2 threads".
std::string where_of(const Cell& cell);

/// Cells that differ in type and dim alone, under what they have in common; in the order of the record. Cells of one
/// dim alone make no group: there is nothing to draw against it.
struct Group {
  std::string title;
  std::vector<const Cell*> cells;
};
std::vector<Group> groups_of(const Record& record);

void write_machine(Markup& out, const Record& record);
void write_goals(Markup& out, const Record& record);
void write_peers(Markup& out, const Record& record);      ///< lost cells first, then undecided ones, then the rest
void write_all_cells(Markup& out, const Record& record);  ///< what no peer stands beside
void write_rooflines(Markup& out, const Record& record);
void write_heat_maps(Markup& out, const Record& record);
void write_percentiles(Markup& out, const Record& record);
void write_scaling(Markup& out, const Record& record);

}  // namespace rowan::perf::page
