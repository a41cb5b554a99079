#include "perf/chart.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace rowan::perf {
namespace {

constexpr double width = 560;
constexpr double height = 330;
constexpr double left = 50;
constexpr double right = 92;  // room for the names at the ends of lines
constexpr double top = 12;
constexpr double bottom = 42;
constexpr double label_height = 13;

bool has_place(const Point& point) { return drawable(point.x) && drawable(point.y); }

/// From values to places along one side.
class Ruler {
 public:
  Ruler(bool logarithmic, double low, double high, double from, double to)
      : logarithmic_(logarithmic), low_(at(low)), high_(at(high)), from_(from), to_(to) {}

  double operator()(double value) const {
    if (high_ <= low_) return (from_ + to_) / 2;
    return from_ + (at(value) - low_) / (high_ - low_) * (to_ - from_);
  }

 private:
  double at(double value) const { return logarithmic_ ? std::log(value) : value; }

  bool logarithmic_;
  double low_;
  double high_;
  double from_;
  double to_;
};

/// Moves labels apart, as little as the order allows, and keeps them within the chart.
void push_apart(std::vector<std::pair<double, std::size_t>>& places) {
  std::sort(places.begin(), places.end());
  double least = top + 4;
  for (auto& [place, line] : places) {
    place = std::max(place, least);
    least = place + label_height;
  }
  double most = height - bottom;
  for (auto at = places.rbegin(); at != places.rend(); ++at) {
    at->first = std::min(at->first, most);
    most = at->first - label_height;
  }
}

class Drawing {
 public:
  Drawing(Markup& out, const Chart& chart) : out_(out), chart_(chart) {
    for (const Line& line : chart.lines) {
      for (const Point& point : line.points) {
        if (!has_place(point)) continue;
        x_low_ = std::min(x_low_, point.x);
        x_high_ = std::max(x_high_, point.x);
        y_low_ = std::min(y_low_, point.y);
        y_high_ = std::max(y_high_, point.y);
      }
    }
    if (empty()) return;
    for (const Level& level : chart.levels) {
      if (drawable(level.y)) y_high_ = std::max(y_high_, level.y);
    }
    y_ticks_ = chart.y.ticks.empty() ? round_ticks(y_low_, y_high_) : chart.y.ticks;
    x_ticks_ = chart.x.ticks.empty() ? round_ticks(x_low_, x_high_) : chart.x.ticks;
    y_low_ = std::min(y_low_, y_ticks_.front());
    y_high_ = std::max(y_high_, y_ticks_.back());
  }

  bool empty() const { return x_high_ < x_low_; }

  void draw() {
    out_ << "<figure><figcaption>" << std::string_view(chart_.title)
         << "</figcaption><svg viewBox=\"0 0 560 330\" role=\"img\"><title>" << std::string_view(chart_.title)
         << "</title><desc>" << std::string_view(chart_.description) << "</desc>";
    grid();
    for (const Level& level : chart_.levels) draw_level(level);
    for (const Line& line : chart_.lines) draw_line(line);
    names();
    out_ << "</svg></figure>\n";
  }

 private:
  Ruler across() const { return {chart_.x.logarithmic, x_low_, x_high_, left + 14, width - right - 10}; }
  Ruler up() const { return {chart_.y.logarithmic, y_low_, y_high_, height - bottom, top}; }

  void grid() {
    const Ruler x = across();
    const Ruler y = up();
    for (const double tick : y_ticks_) {
      out_ << "<path class=\"grid\" d=\"M" << left << " " << y(tick) << "H" << width - right
           << "\"/><text class=\"end\" x=\"" << left - 6 << "\" y=\"" << y(tick) + 4 << "\">"
           << std::string_view(short_number(tick)) << "</text>";
    }
    double free_from = 0;
    for (const double tick : x_ticks_) {
      if (tick < x_low_ || tick > x_high_) continue;
      out_ << "<path class=\"tick\" d=\"M" << x(tick) << " " << height - bottom << "v5\"/>";
      const std::string text = short_number(tick);
      const double half = 3.6 * static_cast<double>(text.size()) + 3;
      if (x(tick) - half < free_from) continue;
      free_from = x(tick) + half;
      out_ << "<text class=\"middle\" x=\"" << x(tick) << "\" y=\"" << height - bottom + 18 << "\">"
           << std::string_view(text) << "</text>";
    }
    out_ << "<path class=\"axis\" d=\"M" << left << " " << top << "V" << height - bottom << "H" << width - right
         << "\"/><text class=\"middle name\" x=\"" << (left + width - right) / 2 << "\" y=\"" << height - 6 << "\">"
         << std::string_view(chart_.x.name) << "</text><text class=\"middle name\" transform=\"translate(13 "
         << (top + height - bottom) / 2 << ") rotate(-90)\">" << std::string_view(chart_.y.name) << "</text>";
  }

  /// Two digits where there are more, and no zeros behind the point.
  static std::string short_number(double number) {
    std::string text = fixed(number, number < 0.1 ? 3 : number < 10 ? 2 : 0);
    if (text.find('.') == std::string::npos) return text;
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
  }

  void draw_level(const Level& level) {
    if (!drawable(level.y)) return;
    const double y = up()(level.y);
    out_ << "<path class=\"level\" d=\"M" << left << " " << y << "H" << width - right << "\"/>";
    level_labels_.emplace_back(y, level.name);
  }

  void draw_line(const Line& line) {
    const Ruler x = across();
    const Ruler y = up();
    out_ << "<g class=\"look" << line.look << "\">";
    Markup path;
    for (const Point& point : line.points) {
      if (!has_place(point)) continue;
      if (path.str().empty()) {
        path << "M";
      } else {
        path << "L";
      }
      path << x(point.x) << " " << y(point.y);
    }
    if (line.dotted) {
      out_ << "<path class=\"dotted\" d=\"" << path << "\"/>";
    } else {
      out_ << "<path class=\"line\" d=\"" << path << "\"/>";
    }
    for (const Point& point : line.points) {
      if (!has_place(point) || (line.dotted && point.note.empty())) continue;
      out_ << "<g>";
      if (line.dotted) {
        out_ << "<path class=\"cap\" d=\"M" << x(point.x) - 5 << " " << y(point.y) << "h10\"/>";
      } else {
        draw_mark(out_, line.look, x(point.x), y(point.y));
      }
      out_ << "<title>" << std::string_view(point.note) << "</title></g>";
    }
    out_ << "</g>";
  }

  void names() {
    std::vector<std::pair<double, std::size_t>> places;
    for (std::size_t i = 0; i < chart_.lines.size(); ++i) {
      const std::vector<Point>& points = chart_.lines[i].points;
      const auto last = std::find_if(points.rbegin(), points.rend(), has_place);
      if (last != points.rend() && !chart_.lines[i].name.empty()) places.emplace_back(up()(last->y) + 4, i);
    }
    push_apart(places);
    for (const auto& [y, i] : places) {
      out_ << "<text class=\"label look" << chart_.lines[i].look << "\" x=\"" << width - right + 6 << "\" y=\"" << y
           << "\">" << std::string_view(chart_.lines[i].name) << "</text>";
    }
    for (const auto& [y, name] : level_labels_) {
      out_ << "<text class=\"label\" x=\"" << left + 6 << "\" y=\"" << (y < top + 16 ? y + 15 : y - 5) << "\">"
           << std::string_view(name) << "</text>";
    }
  }

  Markup& out_;
  const Chart& chart_;
  double x_low_ = INFINITY;
  double x_high_ = -INFINITY;
  double y_low_ = INFINITY;
  double y_high_ = -INFINITY;
  std::vector<double> x_ticks_;
  std::vector<double> y_ticks_;
  std::vector<std::pair<double, std::string>> level_labels_;
};

}  // namespace

bool drawable(double number) { return number > 1e-12 && number < 1e12; }

void draw(Markup& out, const Chart& chart) {
  Drawing drawing(out, chart);
  if (!drawing.empty()) drawing.draw();
}

void draw_mark(Markup& out, int look, double x, double y) {
  switch (look) {
    case 0:
      out << "<circle class=\"mark\" cx=\"" << x << "\" cy=\"" << y << "\" r=\"4\"/>";
      return;
    case 1:
      out << "<path class=\"mark\" d=\"M" << x - 3.6 << " " << y - 3.6 << "h7.2v7.2h-7.2z\"/>";
      return;
    case 2:
      out << "<path class=\"mark\" d=\"M" << x << " " << y - 4.8 << "l4.6 8h-9.2z\"/>";
      return;
    case 3:
      out << "<path class=\"mark\" d=\"M" << x << " " << y - 5 << "l5 5l-5 5l-5 -5z\"/>";
      return;
    case 4:
      out << "<path class=\"mark\" d=\"M" << x << " " << y + 4.8 << "l4.6 -8h-9.2z\"/>";
      return;
    case 5:
      out << "<path class=\"stroke\" d=\"M" << x - 4 << " " << y - 4 << "l8 8m0 -8l-8 8\"/>";
      return;
    case 6:
      out << "<path class=\"stroke\" d=\"M" << x - 5 << " " << y << "h10m-5 -5v10\"/>";
      return;
    default:
      out << "<circle class=\"hollow\" cx=\"" << x << "\" cy=\"" << y << "\" r=\"4\"/>";
  }
}

std::vector<double> round_ticks(double low, double high) {
  constexpr std::array steps = {1.0, 2.0, 5.0};
  std::vector<double> ticks;
  const int first = static_cast<int>(std::floor(std::log10(low)));
  const int last = static_cast<int>(std::ceil(std::log10(high)));
  for (int power = first; power <= last; ++power) {
    for (const double step : steps) ticks.push_back(step * std::pow(10.0, power));
  }
  // The last tick at or below `low`, and the first at or above `high`, end the scale.
  const auto begin = std::prev(std::upper_bound(ticks.begin(), ticks.end(), low * (1 + 1e-9)));
  const auto end = std::lower_bound(begin, ticks.end(), high * (1 - 1e-9));
  return {begin, end == ticks.end() ? end : std::next(end)};
}

}  // namespace rowan::perf
