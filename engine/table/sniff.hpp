// Recognising files by their first bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rowan::detail {

enum class FileKind : std::uint8_t {
  unknown,
  empty,
  native,
  safetensors,  ///< without Rowan's additions
  npy,
  zip,  ///< a PyTorch checkpoint or an .npz
  gzip,
  gguf,
  finalfusion,
  fasttext_binary,
  pickle,
  word2vec_binary,
  word2vec_text,  ///< fastText's .vec too
  glove_text,
  counts_text,  ///< lines of a token and one number: word counts, or a table of dim 1
};

/// How much of a file's start sniff() looks at.
inline constexpr std::size_t sniffed_bytes = std::size_t{64} << 10;

/// What a file that starts with `head` is; `head` is all of it, or its first sniffed_bytes. Pure.
FileKind sniff(std::string_view head);

/// A noun for a sentence, as in "GloVe text". A static string.
std::string_view describe(FileKind kind) noexcept;

}  // namespace rowan::detail
