// convert() with the sizes of its batches as a parameter, for tests.
#pragma once

#include <string>

#include "engine/import/batch.hpp"
#include "rowan/import.hpp"

namespace rowan::detail {

Result<ConvertReport> convert_in_batches(const std::string& source, const std::string& target,
                                         const ConvertOptions& options, const BatchSizes& sizes);

}  // namespace rowan::detail
