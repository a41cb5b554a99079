// Building files byte by byte.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/support/bytes.hpp"

namespace rowan::test {

template <class Number>
void put(std::string& bytes, Number number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

/// Overwrites what stands at a place.
template <class Number>
void put_at(std::string& bytes, std::size_t place, Number number) {
  std::memcpy(bytes.data() + place, &number, sizeof number);
}

template <class Number>
Number number_at(std::string_view bytes, std::size_t place) {
  Number number{};
  std::memcpy(&number, bytes.data() + place, sizeof number);
  return number;
}

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

/// Calls `read` with every beginning of a file, and with the file with each byte changed in turn. Beginnings lie in
/// memory of their own size, so that a sanitizer sees a read behind them.
template <class Read>
void cut_and_flip(const std::string& file, Read&& read) {
  for (std::size_t size = 0; size < file.size(); ++size) {
    const std::unique_ptr<std::byte[]> exact(new std::byte[size]);
    std::memcpy(exact.get(), file.data(), size);
    read(std::span<const std::byte>(exact.get(), size), false);
  }
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (const char change : {'\x01', '\x80', '\xFF'}) {
      std::string changed = file;
      changed[at] = static_cast<char>(changed[at] ^ change);
      read(detail::as_bytes(changed), true);
    }
  }
}

}  // namespace rowan::test
