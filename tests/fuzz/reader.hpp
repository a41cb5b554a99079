// What the fuzz targets of readers do with what was read: everything that a program would.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/formats/check.hpp"
#include "engine/formats/decoded_rows.hpp"
#include "engine/formats/registry.hpp"

namespace rowan::fuzz {

inline const std::string path = "FILE";

/// An Error is a sentence that begins with the file.
inline void require_sentence(const Error& error) {
  const bool memory = error.code == Code::out_of_memory;
  if (!memory && error.message.find(path) == std::string::npos) std::abort();
}

inline void read_rows(std::span<const std::byte> file, const detail::FoundFile& found,
                      const detail::ForeignTable& table) {
  constexpr std::uint64_t longest = 1 << 16;
  if (table.rows == 0 || table.dim > longest) return;
  auto rows = detail::rows_of(file, found, table, false, path);
  if (!rows) return require_sentence(rows.error());
  std::vector<float> values(table.dim);
  const std::uint64_t count = std::min<std::uint64_t>(table.rows, 16);
  for (std::uint64_t row = 0; row < count; ++row) {
    const auto read = (*rows)->read(row, row + 1, values.data());
    if (!read) return require_sentence(read.error());
  }
  if ((*rows)->any_order()) static_cast<void>((*rows)->read(table.rows - 1, table.rows, values.data()));
}

inline void use(const Result<detail::FoundFile>& found, std::span<const std::byte> file) {
  if (!found) return require_sentence(found.error());
  const auto chosen = detail::choose_tensor(*found, {}, path);
  if (!chosen) require_sentence(chosen.error());
  for (const detail::FoundTensor& tensor : found->tensors) {
    const auto table = detail::check_tensor(file, tensor, path);
    if (!table) {
      require_sentence(table.error());
    } else {
      read_rows(file, *found, *table);
      if (table->view.has_value() != table->why_not.empty()) std::abort();
    }
  }
  std::size_t bytes = 0;
  for (const std::string_view key : found->keys) {
    for (const char c : key) bytes += c != '\0' ? 1 : 0;
  }
  if (bytes > std::size_t{1} << 40) std::abort();  // keys can be read
}

}  // namespace rowan::fuzz

/// The target of a reader.
#define ROWAN_FUZZ_READER(reader)                                                     \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    const auto file = std::as_bytes(std::span(data, size));                           \
    rowan::fuzz::use(reader(file, rowan::fuzz::path), file);                          \
    return 0;                                                                         \
  }
