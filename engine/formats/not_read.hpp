// Kinds of files that people have tables in and that Rowan does not read, with what to do about it.
#pragma once

#include <string_view>

namespace rowan::detail {

struct NotRead {
  std::string_view noun;  ///< "an HDF5 file": behind "is"
  /// What to do, behind a semicolon. In a command FILE stands for the file's name.
  std::string_view way_out;
};

/// The index of a model's files, of which there is more to say: shard_index.hpp.
extern const NotRead shard_index;

/// What a file is that starts so, or is that; null where nothing here is known of it.
const NotRead* find_not_read(std::string_view start) noexcept;
/// The same of what is text and no table: a web page, JSON.
const NotRead* find_document(std::string_view start) noexcept;

}  // namespace rowan::detail
