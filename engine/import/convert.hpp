// convert() with the sizes of its batches as a parameter, for tests.
#pragma once

#include <string>

#include "engine/import/batch.hpp"
#include "engine/table/file_layout.hpp"
#include "rowan/import.hpp"

namespace rowan::detail {

/// `extras` go with the table; of a native source nothing does.
Result<ConvertReport> convert_in_batches(const std::string& source, const std::string& target,
                                         const ConvertOptions& options, const BatchSizes& sizes,
                                         const Extras& extras = {});

}  // namespace rowan::detail
