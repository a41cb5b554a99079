// Whether bytes are well-formed UTF-8.
#pragma once

#include <string_view>

namespace rowan::detail {

/// As the Unicode standard has it: no overlong forms, no surrogates, nothing beyond U+10FFFF.
inline bool is_utf8(std::string_view text) noexcept {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = p + text.size();
  const auto continues = [&](int count) {
    for (int i = 1; i <= count; ++i) {
      if (end - p <= i || (p[i] & 0xC0) != 0x80) return false;
    }
    return true;
  };
  while (p != end) {
    if (*p < 0x80) {
      ++p;
    } else if (*p >= 0xC2 && *p <= 0xDF) {
      if (!continues(1)) return false;
      p += 2;
    } else if ((*p & 0xF0) == 0xE0) {
      if (!continues(2) || (*p == 0xE0 && p[1] < 0xA0) || (*p == 0xED && p[1] > 0x9F)) return false;
      p += 3;
    } else if (*p >= 0xF0 && *p <= 0xF4) {
      if (!continues(3) || (*p == 0xF0 && p[1] < 0x90) || (*p == 0xF4 && p[1] > 0x8F)) return false;
      p += 4;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace rowan::detail
