// What lies beside a file and belongs to it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "engine/formats/found.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Format::complete of safetensors: what a config.json in the same folder says, and of a model2vec model the tokens of
/// a tokenizer.json there. A neighbour that cannot be read is a note.
Result<void> add_files_beside(FoundFile& found, std::span<const std::byte> file, const std::string& path,
                              bool sealed_copy);

/// Sentences on what lies beside a file without keys and may have the words of its rows.
std::vector<std::string> notes_on_words(const FoundFile& found, const std::string& path);

}  // namespace rowan::detail
