// JSON as events, so that a hostile text is refused at the first one that does not belong, and duplicate keys show.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rowan::detail {

/// What stands in a text, one after the other. Each call says whether to go on.
class JsonEvents {
 public:
  virtual bool null() = 0;
  virtual bool boolean(bool value) = 0;
  virtual bool number(std::int64_t value) = 0;                       ///< a negative integer
  virtual bool number(std::uint64_t value) = 0;                      ///< any other integer that 64 bits hold
  virtual bool number(double value, const std::string& digits) = 0;  ///< all other numbers
  virtual bool string(std::string& value) = 0;                       ///< which may be moved from, as a key may
  virtual bool key(std::string& name) = 0;
  virtual bool start_object() = 0;
  virtual bool end_object() = 0;
  virtual bool start_array() = 0;
  virtual bool end_array() = 0;
  /// The text is not JSON there; ends it.
  virtual void not_json(std::size_t byte) = 0;

 protected:
  ~JsonEvents() = default;
};

/// Whether all of the text is JSON and no event said no. Nesting costs memory for one bit a level. Throws
/// std::bad_alloc.
bool parse_json(std::string_view text, JsonEvents& events);

/// A string as JSON has it, in quotes. It is UTF-8.
std::string json_string(std::string_view text);

}  // namespace rowan::detail
