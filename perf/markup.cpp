#include "perf/markup.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace rowan::perf {

Markup& Markup::operator<<(std::string_view content) {
  for (const char c : content) {
    switch (c) {
      case '&':
        text_ += "&amp;";
        break;
      case '<':
        text_ += "&lt;";
        break;
      case '>':
        text_ += "&gt;";
        break;
      case '"':
        text_ += "&quot;";
        break;
      case '\'':
        text_ += "&#39;";
        break;
      default:
        // A page may hold no control characters but these.
        text_ += static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t' ? c : ' ';
    }
  }
  return *this;
}

Markup& Markup::operator<<(double place) { return *this << std::string_view(fixed(place, 1)); }

std::string fixed(double number, int digits) {
  if (!std::isfinite(number) || std::abs(number) >= 1e15) return "–";
  char text[40];
  const int length = std::snprintf(text, sizeof text, "%.*f", std::clamp(digits, 0, 9), number);
  return {text, static_cast<std::size_t>(length)};
}

std::string readable(double number) {
  const double size = std::abs(number);
  if (size == 0) return "0";
  return fixed(number, size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.09995 ? 2 : 4);
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3;) text.insert(i -= 3, 1, ',');
  return text;
}

std::string binary_size(std::uint64_t bytes) {
  constexpr std::string_view units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < std::size(units); ++unit) size /= 1024;
  return fixed(size, size == std::floor(size) ? 0 : 1) + " " + std::string(units[unit]);
}

}  // namespace rowan::perf
