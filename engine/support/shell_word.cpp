#include "engine/support/shell_word.hpp"

#include <algorithm>
#include <string_view>

namespace rowan::detail {

std::string shell_word(const std::string& path) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./+,:=@%").find(c) != std::string_view::npos;
  };
  if (!path.empty() && std::all_of(path.begin(), path.end(), plain)) return path;
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(path.begin(), path.end(), control)) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string word = "$'";
    for (const char c : path) {
      if (control(c)) {
        word += "\\x";
        word += digits[static_cast<unsigned char>(c) / 16];
        word += digits[static_cast<unsigned char>(c) % 16];
      } else {
        if (c == '\'' || c == '\\') word += '\\';
        word += c;
      }
    }
    return word + "'";
  }
  std::string word = "'";
  for (const char c : path) c == '\'' ? word += "'\\''" : word += c;
  return word + "'";
}

std::string with_file(std::string_view sentence, const std::string& path) {
  constexpr std::string_view name = "FILE";
  std::string whole(sentence);
  const std::size_t at = whole.find(name);
  // An argument that starts with a hyphen would be taken for an option.
  if (at != std::string::npos) whole.replace(at, name.size(), shell_word(path.starts_with('-') ? "./" + path : path));
  return whole;
}

}  // namespace rowan::detail
