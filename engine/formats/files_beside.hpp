// What lies beside a file and belongs to it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "engine/formats/found.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Format::complete of safetensors: what a config.json in the same folder says, and of a model2vec model the tokens of
/// a tokenizer.json there. A neighbour that cannot be read is a note.
Result<void> add_files_beside(FoundFile& found, std::span<const std::byte> file, const std::string& path,
                              bool sealed_copy);

/// Format::complete of files without keys: notes what lies beside them and may have the words of their rows.
Result<void> note_words_beside(FoundFile& found, std::span<const std::byte> file, const std::string& path,
                               bool sealed_copy);

}  // namespace rowan::detail
