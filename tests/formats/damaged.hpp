// Readers of foreign formats on damaged files, which they may refuse or not, and must survive.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "rowan/status.hpp"

namespace rowan::test {

/// Calls `read` with the bytes, in memory that ends where they end.
template <class Read>
auto read_exactly(std::string_view bytes, const Read& read) {
  const auto memory = std::make_unique<std::byte[]>(bytes.size());
  if (!bytes.empty()) std::memcpy(memory.get(), bytes.data(), bytes.size());
  return read(std::span<const std::byte>(memory.get(), bytes.size()));
}

/// Reads every beginning of the file, and the file with every bit of it flipped, alone.
template <class Read>
void survive_damage(const std::string& file, const Read& read) {
  const auto check = [&](std::string_view damaged) {
    const auto result = read_exactly(damaged, read);
    if (result.ok()) return true;
    const bool known = result.error().code == Code::malformed_file || result.error().code == Code::format_unsupported;
    return known && !result.error().message.empty();
  };
  for (std::size_t length = 0; length < file.size(); ++length) {
    CHECK_MESSAGE(check(std::string_view(file).substr(0, length)), "cut at byte ", length);
  }
  std::string flipped = file;
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      flipped[at] = static_cast<char>(file[at] ^ (1 << bit));
      CHECK_MESSAGE(check(flipped), "bit ", bit, " of byte ", at, " flipped");
    }
    flipped[at] = static_cast<char>(file[at] ^ 0xFF);
    CHECK_MESSAGE(check(flipped), "all bits of byte ", at, " flipped");
    flipped[at] = file[at];
  }
}

}  // namespace rowan::test
