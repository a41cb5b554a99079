// What a source is: its format, the numbers in a row and the rows that its header promises.
#pragma once

#include "engine/import/batch.hpp"
#include "engine/import/rows.hpp"
#include "rowan/import.hpp"

namespace rowan::detail {

/// Looks at the head of a source, consumes its header and holds what that promises against the size of the
/// file, so that nothing is allocated for rows that cannot be there.
Result<SourceShape> read_shape(BatchReader& reader, const ConvertOptions& options, const BatchSizes& sizes);

}  // namespace rowan::detail
