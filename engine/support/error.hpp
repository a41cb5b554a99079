// Building the sentences of errors, and turning what the operating system and the allocator say into them.
#pragma once

#include <cerrno>
#include <charconv>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rowan/status.hpp"

namespace rowan::detail {

inline void append_part(std::string& text, std::string_view part) { text.append(part); }
template <class Number>
requires std::is_arithmetic_v<Number>
void append_part(std::string& text, Number number) {
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  text.append(digits, end);
}

/// The parts, texts and numbers, one behind the other.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::string text;
  (append_part(text, parts), ...);
  return text;
}

/// The text as one line of a bounded length: what a hostile file says of itself ends up in sentences, and those
/// in terminals and logs. Control characters become \xNN.
inline std::string printable(std::string_view text) {
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

/// An Error whose sentence is the parts one behind the other, made printable.
template <class... Parts>
Error make_error(Code code, const Parts&... parts) {
  return {code, printable(concat(parts...))};
}

/// What the operating system refused: `what` is the whole subject, as in "cannot open tables.safetensors".
inline Error os_error(int error_number, std::string_view what) {
  Code code = Code::io_error;
  if (error_number == ENOENT) code = Code::not_found;
  if (error_number == EEXIST) code = Code::already_exists;
  if (error_number == ENOSPC || error_number == EDQUOT) code = Code::no_space;
  if (error_number == ENOMEM) code = Code::out_of_memory;
  return make_error(code, what, ": ", std::strerror(error_number));
}

/// What to say where even that needs memory.
inline Error unexpected(const char* what) noexcept {
  try {
    return make_error(Code::invalid_argument, "an unexpected exception: ", what);
  } catch (...) {
    return {Code::out_of_memory, "out of memory"};
  }
}

/// Runs a cold call and turns what the standard library throws into an Error: nothing passes the interface.
template <class Call>
auto guarded(Call&& call) noexcept -> std::invoke_result_t<Call> {
  try {
    return std::forward<Call>(call)();
  } catch (const std::bad_alloc&) {
    return Error{Code::out_of_memory, "out of memory"};  // short enough to need no allocation
  } catch (const std::exception& failure) {
    return unexpected(failure.what());
  } catch (...) {
    return unexpected("of an unknown type");
  }
}

}  // namespace rowan::detail
