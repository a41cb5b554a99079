// Sentences are put together here, once, and not at every place that has one to say.
#include "engine/support/error.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>

namespace rowan::detail {

void Part::append_to(std::string& text) const {
  const auto append = [&](auto part) {
    if constexpr (std::is_same_v<decltype(part), std::string_view>) {
      text.append(part);
    } else {
      char digits[40];
      const auto end = std::to_chars(digits, digits + sizeof digits, part).ptr;
      text.append(digits, end);
    }
  };
  std::visit(append, value_);
}

std::string join(std::initializer_list<Part> parts) {
  std::string text;
  for (const Part& part : parts) part.append_to(text);
  return text;
}

Error joined_error(Code code, std::initializer_list<Part> parts) { return {code, printable(join(parts))}; }

std::string printable(std::string_view text) {
  constexpr std::size_t longest = 2000;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string line;
  for (const char c : text.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) {
      line += c;
    } else {
      line.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    }
  }
  if (text.size() > longest) line += "...";
  return line;
}

std::string in_quotes(std::string_view name) {
  constexpr std::size_t shown = 80;
  return concat("'", name.substr(0, shown), name.size() > shown ? "...'" : "'");
}

Error os_error(int error_number, std::string_view what) {
  Code code = Code::io_error;
  if (error_number == ENOENT) code = Code::not_found;
  if (error_number == EEXIST) code = Code::already_exists;
  if (error_number == ENOSPC || error_number == EDQUOT) code = Code::no_space;
  if (error_number == ENOMEM) code = Code::out_of_memory;
  return make_error(code, what, ": ", std::strerror(error_number));
}

Error unexpected(const char* what) noexcept {
  try {
    return make_error(Code::invalid_argument, "an unexpected exception: ", what);
  } catch (...) {
    return {Code::out_of_memory, "out of memory"};
  }
}

}  // namespace rowan::detail
