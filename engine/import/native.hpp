// Conversion of the tables of a native file into another.
#pragma once

#include <string>

#include "engine/import/batch.hpp"
#include "engine/parallel.hpp"
#include "rowan/import.hpp"

namespace rowan::detail {

/// convert() of a native file that was opened and is not the target. Runs in the default floating-point mode.
Result<ConvertReport> convert_native(const std::string& source, const std::string& target,
                                     const ConvertOptions& options, const Parallel& parallel, const BatchSizes& sizes);

}  // namespace rowan::detail
