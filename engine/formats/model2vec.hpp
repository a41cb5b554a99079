// model2vec's folders: a model.safetensors with a table of embeddings, and a tokenizer.json with its rows' tokens.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "engine/formats/found.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Completes what the reader of safetensors found in `file` where it is of model2vec, by a matrix called embeddings:
/// that is the table, and its keys are the tokens of `tokenizer_json`, the bytes of the file of that name beside it.
/// Where the vocabulary was quantised, a token's vector is embeddings[mapping[id]] * weights[id]: rows_of_keys is the
/// mapping and weights_of_keys the weights, for all ids, also where there is no tokenizer to name them; weights without
/// a mapping are those of the rows in their order, and left out with a note where they are not one for each. `path` is
/// for messages. A tokenizer of another size is left out with a note. Errors: Code::malformed_file for a tokenizer, a
/// mapping or weights that contradict themselves or the table, Code::format_unsupported for a tokenizer of another
/// type.
Result<void> add_model2vec(FoundFile& found, std::span<const std::byte> file,
                           std::optional<std::span<const std::byte>> tokenizer_json, const std::string& path);

}  // namespace rowan::detail
