// What lies beside a file and belongs to it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "engine/formats/found.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Adds the tokens of a model2vec model: those of the tokenizer.json in the folder of its safetensors file. Any other
/// file is left as it is. What lies beside it is read by mapping, or through a sealed copy.
Result<void> add_files_beside(FoundFile& found, std::span<const std::byte> file, const std::string& path,
                              bool sealed_copy);

}  // namespace rowan::detail
