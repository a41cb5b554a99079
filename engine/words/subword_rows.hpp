// The vectors of a model's words, as rows of a table.
#pragma once

#include <memory>

#include "engine/formats/decoded_rows.hpp"
#include "engine/formats/foreign_file.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Row i is the vector of key i of a file whose keys have FoundFile::subwords. The file outlives it.
Result<std::unique_ptr<DecodedRows>> subword_rows(const ForeignFile& file);

}  // namespace rowan::detail
