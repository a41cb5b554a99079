// The tokens of a Hugging Face tokenizer.json.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "rowan/status.hpp"

namespace rowan::detail {

/// The tokens in the order of their ids: those of the model's vocabulary (WordPiece, BPE, WordLevel and Unigram) and
/// those that were added to it. Ids are 0 to n - 1, each once; an added token may stand for one of the vocabulary, and
/// is then the same. `path` is for messages. Errors: Code::malformed_file, and Code::format_unsupported for a model of
/// another type.
Result<std::vector<std::string>> read_tokens(std::span<const std::byte> json, const std::string& path);

}  // namespace rowan::detail
