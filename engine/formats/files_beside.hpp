// What lies beside a file and belongs to it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "engine/formats/found.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Format::complete of safetensors: adds the tokens of a model2vec model, those of the tokenizer.json in the same
/// folder. Any other file is left as it is.
Result<void> add_files_beside(FoundFile& found, std::span<const std::byte> file, const std::string& path,
                              bool sealed_copy);

}  // namespace rowan::detail
