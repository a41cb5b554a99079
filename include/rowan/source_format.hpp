// The formats of files that Rowan reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "rowan/export.hpp"

namespace rowan {

/// Formats that convert() reads; the first three plain or gzip-compressed.
enum class SourceFormat : std::uint8_t {
  glove_text,       ///< a row a line: token and numbers, separated by single spaces (0x20 alone)
  word2vec_text,    ///< the same under a first line "ROWS DIM"; fastText's .vec too
  word2vec_binary,  ///< first line "ROWS DIM", then token, space, DIM little-endian f32, and perhaps a newline
  native,           ///< a Rowan file
  // The others are recognised by their content, which nothing else can be taken for.
  safetensors,  ///< model2vec's too, with the tokenizer.json beside it
  npy,
  zip,      ///< an .npz, or a PyTorch checkpoint
  pytorch,  ///< a checkpoint of before PyTorch 1.6
  gguf,
  fasttext,  ///< with keys: the vectors of the words, see rowan/subwords.hpp; without: the rows of the input matrix
  finalfusion,
};
inline constexpr int source_format_count = 11;

/// "glove", "word2vec", "word2vec-binary", "native", "safetensors", ...: the spelling of the command line. A static
/// string.
ROWAN_API std::string_view to_string(SourceFormat format) noexcept;
ROWAN_API std::optional<SourceFormat> parse_source_format(std::string_view text) noexcept;

}  // namespace rowan
