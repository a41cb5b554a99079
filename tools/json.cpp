#include "tools/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rowan::tool {
namespace {

/// Bytes of the UTF-8 character that `text` starts with, 0 where it starts with none: overlong forms,
/// surrogates and what lies beyond U+10FFFF are none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (length == 0 || length > text.size()) return 0;
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string escaped(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, length);
    const char c = text.front();
    if (length == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", c);
    } else {
      out += character;
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out + '"';
}

template <class Number>
std::string number_text(Number number) {
  if (!std::isfinite(number)) return fmt::format("\"{}\"", std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf");
  std::string text = fmt::format("{}", number);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";  // so that -0 keeps its sign as a float
  return text;
}

}  // namespace

void JsonWriter::separate() {
  if (!first_ && !text_.ends_with(':')) text_ += ',';
  first_ = false;
}

JsonWriter& JsonWriter::raw(std::string_view text) {
  separate();
  text_ += text;
  return *this;
}

JsonWriter& JsonWriter::begin_object() {
  raw("{");
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  text_ += '}';
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  raw("[");
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  text_ += ']';
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) { return raw(escaped(name) + ':'); }
JsonWriter& JsonWriter::value(std::string_view text) { return raw(escaped(text)); }
JsonWriter& JsonWriter::value(bool truth) { return raw(truth ? "true" : "false"); }
JsonWriter& JsonWriter::value(float number) { return raw(number_text(number)); }
JsonWriter& JsonWriter::value(double number) { return raw(number_text(number)); }

JsonWriter& JsonWriter::value(std::span<const float> numbers) {
  begin_array();
  for (const float number : numbers) value(number);
  return end_array();
}

JsonWriter& JsonWriter::value(std::span<const std::uint64_t> numbers) {
  begin_array();
  for (const std::uint64_t number : numbers) value(number);
  return end_array();
}

JsonWriter& JsonWriter::token(std::string_view token) {
  field("token", token);
  if (is_utf8(token)) return *this;
  std::string hex;
  for (const char c : token) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return field("token_hex", hex);
}

}  // namespace rowan::tool
