// Comparing the checksums of blocks.
#pragma once

#include <cstdint>

#include "engine/parallel.hpp"
#include "engine/table/table_file.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Compares the checksums of the blocks that hold bytes [begin, end) of the data; the Error names the first that fails.
Result<void> check_blocks(const TableFile& file, std::uint64_t begin, std::uint64_t end, const Parallel& parallel);

}  // namespace rowan::detail
