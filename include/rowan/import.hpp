// Pretrained tables in text and word2vec formats, converted to native files.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/file.hpp"

namespace rowan {

/// Formats that convert() reads, plain or gzip-compressed.
enum class SourceFormat : std::uint8_t {
  glove_text,       ///< a row a line: token and numbers, separated by single spaces (0x20 alone)
  word2vec_text,    ///< the same under a first line "ROWS DIM"; fastText's .vec too
  word2vec_binary,  ///< first line "ROWS DIM", then token, space, DIM little-endian f32, and perhaps a newline
};

/// "glove", "word2vec" or "word2vec-binary": the spelling of the command line. A static string.
ROWAN_API std::string_view to_string(SourceFormat format) noexcept;
ROWAN_API std::optional<SourceFormat> parse_source_format(std::string_view text) noexcept;

/// Where a conversion stands.
struct Progress {
  std::uint64_t bytes_read = 0;   ///< of the source as it lies on disk
  std::uint64_t bytes_total = 0;  ///< its size; 0 where it is unknown
  std::uint64_t rows = 0;
};

struct ConvertOptions {
  std::optional<SourceFormat> from = {};  ///< recognised by content when empty
  DType dtype = DType::f32;               ///< rounded to nearest even when narrower than the source
  std::string name = std::string(default_table_name);
  bool pad_rows = false;          ///< row stride of whole 64-byte cache lines
  std::uint64_t limit = 0;        ///< stop after this many rows; 0 = all
  std::uint64_t dim = 0;          ///< numbers in a row, for text; 0 = from the header or the rows themselves
  KeyKind keys = KeyKind::bytes;  ///< bytes: tokens as they are; u64: tokens are decimal ids; none: dropped
  /// A .npy file with one little-endian u64 per row, which replaces the tokens (requires KeyKind::u64).
  std::string ids_from = {};
  bool overwrite = false;
  Threads threads = Threads::caller();
  /// Called now and then from the calling thread. Must not throw: a conversion that is thrown out of fails.
  std::function<void(const Progress&)> progress = {};
};

struct ConvertReport {
  SourceFormat from = SourceFormat::glove_text;
  std::uint64_t rows = 0;
  std::uint64_t dim = 0;
  std::uint64_t duplicates = 0;                ///< rows left out because an earlier row has their token
  std::vector<DuplicateKey> first_duplicates;  ///< up to ten of them
  std::uint64_t invalid_utf8 = 0;              ///< tokens that are not UTF-8; their bytes are kept
};

/// Converts `source` into a native file at `target`. Values are rounded once, from the decimal text to f32
/// (to nearest even); binary f32 values keep their bits. Memory is bounded by the batches in flight, not by
/// the file. Errors name the line or row and what was expected there; nothing is left of a failed conversion,
/// and an existing target is kept.
///
/// Text is read by these rules. Fields are separated by single spaces; CR before LF and one space at the end
/// of a line are ignored; the last `dim` fields are the numbers and all before them is the token, so tokens may
/// hold spaces; where what is taken for a token would end in a number, the line is refused as ragged unless
/// `dim` was given. Numbers are decimal, "inf" and "nan" included, whatever the locale; one beyond f32's
/// range is refused.
ROWAN_API Result<ConvertReport> convert(const std::string& source, const std::string& target,
                                        const ConvertOptions& options = {});

}  // namespace rowan
