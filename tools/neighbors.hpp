// What the questions to word vectors have in common.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

#include "rowan/words.hpp"
#include "tools/commands.hpp"
#include "tools/json.hpp"

namespace rowan::tool {

/// Opens the table and makes sure that it has the tokens, before any row is read.
Table open_with(const TableChoice& choice, std::initializer_list<std::string_view> tokens);

void print_neighbors(const Table& table, std::span<const Neighbor> neighbors);
void add_neighbors(JsonWriter& json, const Table& table, std::span<const Neighbor> neighbors);

}  // namespace rowan::tool
