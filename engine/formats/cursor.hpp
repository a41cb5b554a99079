// Reading numbers and texts from bytes in order, never beyond their end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "engine/support/bytes.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {

/// A place in bytes. The first read that would pass their end fails, as do all after it: they give zeros and empty
/// texts, so that a reader may look at ok() once for several. Counts that come from a file are still to be held against
/// left() before anything is allocated for them.
class Cursor {
 public:
  /// `subject` begins the sentence of error(): the path, or the path and a part of it.
  Cursor(std::span<const std::byte> bytes, std::string subject) : bytes_(bytes), subject_(std::move(subject)) {}

  std::uint64_t at() const noexcept { return at_; }
  std::uint64_t left() const noexcept { return bytes_.size() - at_; }
  bool ok() const noexcept { return !failed_in_; }
  /// Of the first read that failed.
  Error error() const {
    return make_error(Code::malformed_file, subject_, " ends at byte ", bytes_.size(), ", in ",
                      failed_in_.value_or("it"));
  }

  /// The next number, little-endian; `what` it is: "the number of tensors".
  template <class Number>
  Number take(const char* what) {
    static_assert(std::is_arithmetic_v<Number>);
    Number number{};
    const std::span<const std::byte> taken = take_bytes(sizeof number, what);
    if (!taken.empty()) std::memcpy(&number, taken.data(), sizeof number);
    return number;
  }
  std::span<const std::byte> take_bytes(std::uint64_t count, const char* what) {
    if (failed_in_ || count > left()) {
      if (!failed_in_) failed_in_ = what;
      return {};
    }
    const auto taken = bytes_.subspan(at_, count);
    at_ += count;
    return taken;
  }
  std::string_view take_text(std::uint64_t count, const char* what) { return as_text(take_bytes(count, what)); }
  /// A text that `end` ends, which is passed.
  std::string_view take_until(char end, const char* what) {
    const std::string_view rest = as_text(bytes_.subspan(at_));
    const std::size_t length = failed_in_ ? std::string_view::npos : rest.find(end);
    if (length == std::string_view::npos) {
      if (!failed_in_) failed_in_ = what;
      return {};
    }
    at_ += length + 1;
    return rest.substr(0, length);
  }
  void skip(std::uint64_t count, const char* what) { static_cast<void>(take_bytes(count, what)); }

 private:
  std::span<const std::byte> bytes_;
  std::string subject_;
  std::uint64_t at_ = 0;
  std::optional<const char*> failed_in_;
};

/// What to note of bytes that the format's own library leaves alone too: "3 bytes behind its last chunk are left out".
inline std::string surplus_note(std::uint64_t bytes, std::string_view behind) {
  return concat(counted(bytes, "byte"), " behind ", behind, bytes == 1 ? " is" : " are", " left out");
}

}  // namespace rowan::detail
