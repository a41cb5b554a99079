// The rows of new tables, made from a description: the same bits in memory and in files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/parallel.hpp"
#include "rowan/status.hpp"
#include "rowan/table.hpp"

namespace rowan::detail {

/// Elements that one tile of fill_rows() makes: enough work to be worth a task, a multiple of the generator's four.
inline constexpr std::uint64_t new_tile_elements = std::uint64_t{1} << 15;

/// What is known about a new table once its description was checked.
struct TablePlan {
  NewTable table;
  std::uint64_t stride = 0;  ///< bytes from a row to the next
  std::uint64_t bytes = 0;   ///< of all rows
  std::optional<std::uint64_t> padding_row = {};
};

/// Refuses names, types, sizes and values that make no table.
Result<TablePlan> plan_table(const NewTable& table);

/// Fills rows [begin, end) into zeroed memory.
Result<void> fill_rows(const TablePlan& plan, std::uint64_t begin, std::uint64_t end, std::byte* memory,
                       const Parallel& parallel);

}  // namespace rowan::detail
