// convert() of a file that is open, and with the sizes of its batches as a parameter, for tests.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/files/opened_file.hpp"
#include "engine/native/file_layout.hpp"
#include "engine/table/row_reader.hpp"
#include "rowan/import.hpp"

namespace rowan::detail {

/// What goes with a conversion that is not the caller's to ask for.
struct ConversionExtras {
  Extras extras = {};  ///< of the native file
  /// Asked when all rows have been taken, before the file is completed and gets its name: an Error ends the conversion.
  std::function<Result<void>()> before_publishing = {};
};

/// Everything is read from `source`; another file that its path leads to meanwhile has no part in it.
Result<ConvertReport> convert_file(std::shared_ptr<const OpenedFile> source, const std::string& target,
                                   const ConvertOptions& options, const BatchSizes& sizes = {},
                                   const ConversionExtras& extras = {});

/// Opens the source and converts that.
Result<ConvertReport> convert_in_batches(const std::string& source, const std::string& target,
                                         const ConvertOptions& options, const BatchSizes& sizes);

}  // namespace rowan::detail
