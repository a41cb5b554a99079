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

/// Calls `read(bytes, whole)` with every beginning of a file, and with the file with each byte changed in turn: by each
/// of the nine `changes`, every bit and all of them, or where that takes long by three.
inline constexpr int all_changes[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF};
inline constexpr int few_changes[] = {0x01, 0x80, 0xFF};

template <class Read>
void for_each_damage(const std::string& file, std::span<const int> changes, const Read& read) {
  for (std::size_t size = 0; size < file.size(); ++size) {
    CAPTURE(size);
    read_exactly(std::string_view(file).substr(0, size),
                 [&](std::span<const std::byte> bytes) { return read(bytes, false); });
  }
  std::string damaged = file;
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (const int change : changes) {
      CAPTURE(at);
      CAPTURE(change);
      damaged[at] = static_cast<char>(file[at] ^ change);
      read_exactly(damaged, [&](std::span<const std::byte> bytes) { return read(bytes, true); });
    }
    damaged[at] = file[at];
  }
}

/// Whatever happens to the file, `read` gives a result or a sentence of a known code.
template <class Read>
void survive_damage(const std::string& file, const Read& read) {
  for_each_damage(file, all_changes, [&](std::span<const std::byte> bytes, bool) {
    const auto result = read(bytes);
    if (result.ok()) return;
    const Code code = result.error().code;
    CHECK((code == Code::malformed_file || code == Code::format_unsupported));
    CHECK(!result.error().message.empty());
  });
}

}  // namespace rowan::test
