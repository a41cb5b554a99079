// The state of optimizers in native files.
#pragma once

#include "engine/native/native_file.hpp"
#include "rowan/optimizer.hpp"
#include "rowan/status.hpp"
#include "rowan/table.hpp"

namespace rowan::detail {

/// The optimizer that a table of the file was saved with; Code::not_found where there is none. Names, types and shapes
/// of its state are held against what its algorithm has, and checksums compared, before memory is asked for.
Result<Optimizer> optimizer_of(const NativeFile& file, const Table& table);

}  // namespace rowan::detail
