#include "tools/output.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "tools/failure.hpp"

namespace rowan::tool {
namespace {

[[noreturn]] void refuse(int error_number) {
  throw Failure(fmt::format("cannot write to standard output: {}", std::strerror(error_number)));
}

}  // namespace

void write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) refuse(errno);
}

void finish_output() {
  if (std::fflush(stdout) != 0) refuse(errno);
}

std::string grouped(std::uint64_t number) {
  std::string text = fmt::format("{}", number);
  for (std::size_t i = text.size(); i > 3;) text.insert(i -= 3, 1, ',');
  return text;
}

std::string readable_bytes(std::uint64_t bytes) {
  constexpr std::string_view units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1000) return fmt::format("{} byte{}", bytes, plural(bytes));
  auto value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  for (; value >= 999.95 && unit + 1 < std::size(units); ++unit) value /= 1000;
  return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string printable(std::string_view token) {
  std::string text;
  for (const char c : token) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      text += c;
    }
  }
  return text;
}

std::string in_quotes(std::string_view token) { return fmt::format("\"{}\"", printable(token)); }

}  // namespace rowan::tool
