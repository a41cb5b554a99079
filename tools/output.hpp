// What the commands print: text to standard output, every byte of which is accounted for.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace rowan::tool {

/// How the system names the standard streams, which the command line calls "-".
inline const std::string standard_input = "/dev/stdin";
inline const std::string standard_output = "/dev/stdout";
/// Whether a file of that name is standard output: then nothing else is printed there.
inline bool is_standard_output(std::string_view path) {
  return path == standard_output || path == "/dev/fd/1" || path == "/proc/self/fd/1";
}

/// Writes bytes to standard output; throws Failure where they cannot be written.
void write(std::string_view text);

template <class... Arguments>
void print(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  write(fmt::format(format, std::forward<Arguments>(arguments)...));
}

/// Writes out what is buffered. Throws Failure where something that was printed was not written.
void finish_output();

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number);

/// 1234567 as "1.2 MB"; powers of 1024 would need another unit.
std::string readable_bytes(std::uint64_t bytes);

/// Now, in UTC, as ISO 8601: "2025-01-31T12:00:00Z".
std::string utc_now();

/// "s" where there is not exactly one.
inline std::string_view plural(std::uint64_t count) { return count == 1 ? "" : "s"; }

/// A token with control characters as \xNN, so that it stays on its line and none reaches a terminal.
std::string printable(std::string_view token);

/// The same between quotes.
std::string in_quotes(std::string_view token);

}  // namespace rowan::tool
