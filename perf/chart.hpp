// Line charts as inline SVG: what the report page draws with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "perf/markup.hpp"

namespace rowan::perf {

/// Colours and marks that are told apart without colour too; the style sheet names the colours.
inline constexpr int look_count = 8;

struct Point {
  double x = 0;
  double y = 0;
  std::string note;  ///< shown when pointed at
};

struct Line {
  std::string name;  ///< stands beside the last point; empty for none
  int look = 0;      ///< in [0, look_count)
  bool dotted = false;
  std::vector<Point> points;  ///< by ascending x; x > 0
};

/// A level that is a line of its own, across the chart.
struct Level {
  std::string name;
  double y = 0;
};

struct Scale {
  std::string name;
  bool logarithmic = true;
  std::vector<double> ticks;  ///< empty: round numbers over what is drawn
};

struct Chart {
  std::string title;
  std::string description = {};  ///< what a reader who cannot see it should know
  Scale x;
  Scale y;
  std::vector<Line> lines = {};
  std::vector<Level> levels = {};
};

/// Draws it as a <figure>. Points and levels that are not drawable are left out; without any, nothing is drawn.
void draw(Markup& out, const Chart& chart);

/// Whether a number has a place on a scale: positive and of a size that something was measured at.
bool drawable(double number);

/// The mark of a look, for legends.
void draw_mark(Markup& out, int look, double x, double y);

/// 1, 2 and 5 times powers of ten that cover [low, high], both positive; from there down and up to it.
std::vector<double> round_ticks(double low, double high);

}  // namespace rowan::perf
