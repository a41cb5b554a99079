// Tables written in the formats of other libraries.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "rowan/export.hpp"
#include "rowan/import.hpp"
#include "rowan/status.hpp"
#include "rowan/table.hpp"

namespace rowan {

enum class TargetFormat : std::uint8_t {
  word2vec_text,    ///< "ROWS DIM", then a token and its numbers a line: the fewest digits that give the same f32 back
  word2vec_binary,  ///< the same header, then token, space, DIM f32, line feed
  npy,              ///< NumPy's [rows, dim], f16 of an f16 table, f32 of all others; without the keys
  safetensors,      ///< one tensor, NAME.weight, of the table's own type, f32 of a quantised one; without the keys
};

inline constexpr int target_format_count = 4;

/// "word2vec", "word2vec-binary", "npy" or "safetensors": the spelling of the command line. A static string.
ROWAN_API std::string_view to_string(TargetFormat format) noexcept;
ROWAN_API std::optional<TargetFormat> parse_target_format(std::string_view text) noexcept;

/// What names of such files end in: ".txt", ".vec". Static.
ROWAN_API std::span<const std::string_view> file_endings(TargetFormat format) noexcept;

struct ExportOptions {
  bool overwrite = false;
  /// Called now and then from the calling thread. Must not throw: an export that is thrown out of fails.
  std::function<void(const Progress&)> progress = {};
};

/// Writes a table to `target`, which appears whole or not at all; unless it is a pipe, a terminal or one of this
/// process's descriptors (/dev/stdout, /dev/fd/N), which take it as it comes. u64 keys are written as decimal tokens.
///
/// Memory stays small whatever the size of the table. Refused, with the row: a key that the format cannot hold (in
/// word2vec text a line feed, or one that would be read as something else; in binary a space or a line feed), and a
/// table without keys where the format is one of tokens.
ROWAN_API Result<void> export_table(const Table& table, const std::string& target, TargetFormat format,
                                    const ExportOptions& options = {});

}  // namespace rowan
