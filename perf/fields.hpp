// Lists in options: "P1,P4", "96,17,i8".
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace rowan::perf {

/// What stands between the commas; an empty text is one empty field. Refers to the text.
inline std::vector<std::string_view> fields_of(std::string_view text) {
  std::vector<std::string_view> fields;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    fields.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return fields;
}

}  // namespace rowan::perf
