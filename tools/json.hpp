// JSON for --json: one value, written as it is told.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace rowan::tool {

/// Commas and quotes are put where they belong; the caller opens and closes objects and arrays in pairs.
/// Numbers that JSON cannot hold become the strings "nan", "inf" and "-inf".
class JsonWriter {
 public:
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);  ///< UTF-8; every byte of something else becomes U+FFFD
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool truth);
  JsonWriter& value(float number);  ///< the shortest digits that give the same f32 back
  JsonWriter& value(double number);
  template <std::integral Integer>
  requires(!std::same_as<Integer, bool>) JsonWriter& value(Integer number) { return raw(std::to_string(number)); }
  JsonWriter& value(std::span<const float> numbers);
  JsonWriter& value(std::span<const std::uint64_t> numbers);

  /// JSON that something else has written.
  JsonWriter& json(std::string_view text) { return raw(text); }

  template <class Value>
  JsonWriter& field(std::string_view name, const Value& content) {
    return key(name).value(content);
  }
  /// "token": the token; where it is not UTF-8, also "token_hex": its bytes, two digits each.
  JsonWriter& token(std::string_view token);

  const std::string& text() const { return text_; }

 private:
  JsonWriter& raw(std::string_view text);
  void separate();

  std::string text_;
  bool first_ = true;  // nothing stands yet in the innermost object or array
};

}  // namespace rowan::tool
