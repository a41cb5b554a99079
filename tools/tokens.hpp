// Tokens of the command line and the rows that they name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rowan/table.hpp"
#include "tools/commands.hpp"

namespace rowan::tool {

Table open(const TableChoice& choice);

/// The row of a token, or of an id in decimal where those are the table's keys. The Failure for an unknown one
/// names what the table has instead, if something is close.
std::uint64_t row_of(const Table& table, std::string_view token);

/// The key of a row as text; its number where it has none.
std::string label_of(const Table& table, std::uint64_t row);

}  // namespace rowan::tool
