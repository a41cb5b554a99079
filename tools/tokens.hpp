// Tokens of the command line and the rows that they name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rowan/subwords.hpp"
#include "rowan/table.hpp"
#include "tools/commands.hpp"

namespace rowan::tool {

/// The table of the words' vectors, where the file is a fastText model and no tensor of it is named: in memory.
Table open(const TableChoice& choice);
/// The rows of a file as they are, of such a model too.
Table open_rows(const TableChoice& choice);
/// That model; empty where the file is another, or one that is refused.
std::optional<Subwords> open_subwords(const TableChoice& choice);

/// The row of a token, or of an id in decimal where those are the table's keys. The Failure for an unknown one
/// names what the table has instead, if something is close.
std::uint64_t row_of(const Table& table, std::string_view token);

/// The key of a row as text; its number where it has none.
std::string label_of(const Table& table, std::uint64_t row);

}  // namespace rowan::tool
