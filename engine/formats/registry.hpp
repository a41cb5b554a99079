// The formats of files that Rowan reads, each with all that is known of it. A format is one Format, defined in the file
// that reads it, and its place in the list below; CONTRIBUTING.md has the recipe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/files/file_run.hpp"
#include "engine/formats/found.hpp"
#include "engine/formats/not_read.hpp"
#include "engine/formats/text_probe.hpp"
#include "rowan/source_format.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

class BatchReader;
struct BatchSizes;
struct RowLayout;
class RowReader;

/// What is asked of a file that is streamed.
struct StreamRequest {
  std::uint64_t limit = 0;  ///< rows; 0 = all
  TextRequest text = {};
};

/// What the head of a streamed file says.
struct StreamShape {
  std::uint64_t dim = 0;
  bool dim_given = false;                      ///< by the caller, who knows it
  TextLayout layout = {};                      ///< of lines of text
  std::uint64_t lines_before = 0;              ///< the first row, in text
  std::optional<std::uint64_t> promised = {};  ///< rows, by the header
  std::vector<std::string> notes = {};         ///< sentences on what was taken for what
};

/// How a format is read whose files are read in order, from first to last.
struct Streaming {
  std::uint64_t number_bytes = 0;  ///< that a number in a row takes at least
  TextRequest::FirstLine first_line = TextRequest::FirstLine::unknown;
  /// Consumes a header and holds what it promises against the size of the file. `head` is what the reader has peeked,
  /// and `look` what its first lines are, where it is text.
  Result<StreamShape> (*shape)(std::string_view head, const TextLook& look, BatchReader& reader,
                               const StreamRequest& asked) = nullptr;
  /// The rows behind the header, in batches that are cut for so many threads. Keeps a reference to the reader.
  std::unique_ptr<RowReader> (*rows)(BatchReader& reader, const StreamShape& shape, const RowLayout& layout,
                                     std::uint64_t limit, int threads, const BatchSizes& sizes) = nullptr;
};

struct Format {
  SourceFormat id;
  std::string_view spelling;                     ///< on the command line and in reports: "gguf"
  std::string_view noun;                         ///< in sentences: "a GGUF model"
  std::string_view family;                       ///< in lists of formats: "GGUF"; empty where another's stands for it
  std::array<std::string_view, 2> endings = {};  ///< of its files' names, which the name of a converted file drops
  /// Whether a file that starts so, or is that, is of the format; null of text, whose lines are looked at for all.
  bool (*probe)(std::string_view start) = nullptr;

  const Format* container = nullptr;  ///< that files of the format may also come in, which `read`s them

  bool often_others = false;  ///< whether files of many other kinds start as its files do

  // Of a format that is mapped:
  /// From the bytes of a whole file to what they claim: a pure function, which reads nothing outside of them, allocates
  /// no more than they warrant, and runs nothing that they name. `path` is for messages. An Error says what is wrong
  /// and where (Code::malformed_file), or what is not read of the format (Code::format_unsupported).
  Result<FoundFile> (*read)(std::span<const std::byte> file, const std::string& path) = nullptr;
  /// Of archives: the run of that name, or the only one, that has to be streamed; empty where `read` does for the file.
  Result<std::optional<FileRun>> (*streamed_run)(std::span<const std::byte> file, std::string_view name,
                                                 const std::string& path) = nullptr;

  /// Adds what lies beside a file and belongs to it. What it reads there is mapped, or read through a sealed copy.
  Result<void> (*complete)(FoundFile& found, std::span<const std::byte> file, const std::string& path,
                           bool sealed_copy) = nullptr;

  // Of a format that is streamed:
  std::optional<Streaming> streaming = {};
};

// Rowan's own, whose readers have a room to themselves.
extern const Format native_format;
// Mapped, or converted by numbered rows.
extern const Format safetensors_format;
extern const Format npy_format;
extern const Format zip_format;
extern const Format pytorch_format;
extern const Format gguf_format;
extern const Format fasttext_format;
extern const Format finalfusion_format;
// Streamed.
extern const Format word2vec_text_format;
extern const Format word2vec_binary_format;
extern const Format glove_format;

/// Of one of the enumeration.
const Format& format_of(SourceFormat id) noexcept;

/// What there is to say of the start of a file.
struct Recognised {
  enum class Content : std::uint8_t {
    of_format,
    one_number,  ///< lines of a token and one number: word counts, or a table of dim 1 in that format
    gzip,        ///< whose content may be anything
    empty,
    not_read,  ///< `other` says what it is, and what to do with it
    unknown,
  };

  Content content = Content::unknown;
  const Format* format = nullptr;  ///< where there is one
  std::string_view noun;           ///< for a sentence, as in "GloVe text". Static
  const NotRead* other = nullptr;
  TextLook text = {};  ///< of what is text

  bool is(const Format& wanted) const noexcept { return content == Content::of_format && format == &wanted; }
  bool maps() const noexcept { return content == Content::of_format && format->read != nullptr; }
  bool streams() const noexcept { return content == Content::of_format && format->streaming.has_value(); }
};

/// The format that maps, or Rowan's own, of a file that starts so; null for all others. Costs no look at lines.
const Format* find_mapped_format(std::string_view start);

/// What a file is that starts so: `start` is all of it where `complete`, else at least its first 64 KiB, and three
/// whole lines of text. Looks no further than that, but for the headers of safetensors files.
Recognised recognise(std::string_view start, const TextRequest& asked = {}, bool complete = true);

/// Without the three bytes that some editors put in front of UTF-8, which are no part of a first token.
std::string_view without_byte_order_mark(std::string_view text) noexcept;

// Pieces of sentences:
/// "native files, safetensors, NumPy, ... files, and converts GloVe and word2vec ones"
std::string formats_in_words();
/// "GloVe or word2vec"
std::string streamed_families_in_words();
/// "GloVe text, word2vec text and word2vec binary"
std::string streamed_formats_in_words();

}  // namespace rowan::detail
