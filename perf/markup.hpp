// HTML and SVG in which only literals are markup: whatever a record holds is escaped on its way in.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace rowan::perf {

class Markup {
 public:
  /// A literal is markup. Text in an array that is no literal would be taken for one: there is none in this project.
  template <std::size_t size>
  Markup& operator<<(const char (&literal)[size]) {
    text_.append(literal, size - 1);
    return *this;
  }
  /// Any other text is content, also within quotes of an attribute.
  Markup& operator<<(std::string_view content);
  Markup& operator<<(std::integral auto number) { return *this << std::string_view(std::to_string(number)); }
  /// A place in a drawing, to a tenth.
  Markup& operator<<(double place);
  Markup& operator<<(const Markup& part) {
    text_ += part.text_;
    return *this;
  }

  const std::string& str() const { return text_; }

 private:
  std::string text_;
};

/// With so many digits behind the point.
std::string fixed(double number, int digits);

/// For people: three significant digits, "–" for what is no number.
std::string readable(double number);

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number);

/// 1 << 20 as "1 MiB", with a digit behind the point where that says more.
std::string binary_size(std::uint64_t bytes);

}  // namespace rowan::perf
