// The keys of a run of a table's rows, as a writer takes them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "rowan/status.hpp"
#include "rowan/table.hpp"

namespace rowan::detail {

/// Its memory is used again for the next run. One of the two is empty; both are where there are no keys.
struct KeyBatch {
  std::vector<std::string_view> keys;
  std::vector<std::uint64_t> ids;

  /// Reads the keys of rows [begin, end); one that cannot be read is an error.
  Result<void> read(const Table& table, std::uint64_t begin, std::uint64_t end);
};

}  // namespace rowan::detail
