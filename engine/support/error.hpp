// Building the sentences of errors, and turning what the operating system and the allocator say into them.
#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "rowan/status.hpp"

namespace rowan::detail {

/// A text or a number, as a part of a longer text. Refers to the text.
class Part {
 public:
  Part(std::string_view text) noexcept : value_(text) {}
  Part(const std::string& text) noexcept : value_(std::string_view(text)) {}
  Part(const char* text) noexcept : value_(std::string_view(text)) {}
  template <std::unsigned_integral Number>
  Part(Number number) noexcept : value_(std::uint64_t{number}) {}
  template <std::signed_integral Number>
  Part(Number number) noexcept : value_(std::int64_t{number}) {}
  Part(float number) noexcept : value_(number) {}
  Part(double number) noexcept : value_(number) {}

  void append_to(std::string& text) const;

 private:
  std::variant<std::string_view, std::uint64_t, std::int64_t, float, double> value_;
};

std::string join(std::initializer_list<Part> parts);
Error joined_error(Code code, std::initializer_list<Part> parts);

/// The parts, texts and numbers, one behind the other.
template <class... Parts>
std::string concat(const Parts&... parts) {
  return join({Part(parts)...});
}

/// "1 row", "2 rows".
inline std::string counted(std::uint64_t count, std::string_view noun) {
  return concat(count, " ", noun, count == 1 ? "" : "s");
}

/// The text as one line of a bounded length: what a hostile file says of itself ends up in sentences, and those
/// in terminals and logs. Control characters become \xNN.
std::string printable(std::string_view text);

/// A name that a file gives, in quotes and short enough for a sentence.
std::string in_quotes(std::string_view name);

/// An Error whose sentence is the parts one behind the other, made printable.
template <class... Parts>
Error make_error(Code code, const Parts&... parts) {
  return joined_error(code, {Part(parts)...});
}

/// What the operating system refused: `what` is the whole subject, as in "cannot open tables.safetensors".
Error os_error(int error_number, std::string_view what);

/// What to say where even that needs memory.
Error unexpected(const char* what) noexcept;

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
