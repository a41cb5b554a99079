// model2vec's folders: a model.safetensors with a table of embeddings, and a tokenizer.json with its rows' tokens.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/formats/found.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Whether a file has a matrix called embeddings, as model2vec's have.
bool has_model2vec_names(const FoundFile& found) noexcept;

/// Completes what the reader of safetensors found in `file` where it is of model2vec: it has a matrix called
/// embeddings, and FoundFile::config or the tokens beside it, of which there are as many, say so. That matrix is the
/// table then, and its keys are the `tokens`, in the order of their ids. Where the vocabulary was quantised, a token's
/// vector is embeddings[mapping[id]] * weights[id]: rows_of_keys is the mapping and weights_of_keys the weights, for
/// all ids, also where there is no tokenizer to name them; weights without a mapping are those of the rows in their
/// order, and left out with a note where they are not one for each. `path` is for messages. A tokenizer of another size
/// is left out with a note, and so is the mapping of a file that nothing says is of model2vec. Errors:
/// Code::malformed_file for a mapping or weights that contradict themselves or the table.
Result<void> add_model2vec(FoundFile& found, std::span<const std::byte> file,
                           std::optional<std::vector<std::string>> tokens, const std::string& path);

}  // namespace rowan::detail
