// The formats that tables are written in.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "rowan/export_table.hpp"

namespace rowan::detail {

struct Target {
  TargetFormat id;
  std::string_view spelling;
  std::array<std::string_view, 2> endings;  ///< of names of its files; the second may be empty
  bool (*stores)(DType dtype);              ///< whether rows of such a type are written as they are, else as f32
  std::string (*header)(const Table& table);
  /// Where each row has a token: writes a row behind that. Else null, and rows stand one behind the other.
  void (*append_row)(std::string& out, std::span<const float> values) = nullptr;
  bool spaces_in_tokens = false;     ///< whether a token may hold one
  std::string_view for_spaces = {};  ///< where it may not: which format allows it, as the end of a sentence
};

/// Null where there is no such format.
const Target* target_of(TargetFormat id) noexcept;
/// Those that need no token: "npy and safetensors".
std::string targets_without_tokens();

}  // namespace rowan::detail
