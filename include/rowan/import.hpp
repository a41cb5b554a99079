// Pretrained tables of all formats that Rowan reads, native ones too, converted to native files.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "rowan/file.hpp"
#include "rowan/source_format.hpp"

namespace rowan {

/// Where a conversion stands.
struct Progress {
  std::uint64_t bytes_read = 0;   ///< of the source as it lies on disk
  std::uint64_t bytes_total = 0;  ///< its size; 0 where it is unknown
  std::uint64_t rows = 0;
};

struct ConvertOptions {
  std::optional<SourceFormat> from = {};  ///< recognised by content when empty
  /// Rounded to nearest even when narrower than the source; quantised row by row, with the least and the greatest
  /// value of each, as PyTorch does. A row that holds a NaN or an infinity cannot be quantised and is refused.
  DType dtype = DType::f32;
  /// f8_e4m3 and f8_e5m2: what is beyond the type's range becomes its greatest value, and not NaN or infinity.
  bool saturate = false;
  /// A native source's tables keep their names; a single one is renamed where this is not the default.
  std::string name = std::string(default_table_name);
  /// Of a native source: this table alone; empty: all of them. Of a foreign one with tensors: that of this name; empty:
  /// the one that Table::open() would take.
  std::string table = {};
  bool pad_rows = false;    ///< row stride of whole 64-byte cache lines
  std::uint64_t limit = 0;  ///< stop after this many rows (of each table); 0 = all
  std::uint64_t dim = 0;    ///< numbers in a row, for text; 0 = from the header or the rows themselves
  /// Between the fields of a text: a name, "space", "spaces" (any number of them), "tab", "comma", "semicolon", "bar",
  /// "colon", "no-break-space", or the character itself. Empty: told from the first lines.
  std::string separator = {};
  /// bytes: tokens as they are, where there are any; u64: tokens are decimal ids; none: dropped. A native source's keys
  /// stay as they are, or are dropped.
  KeyKind keys = KeyKind::bytes;
  /// A .npy file with one little-endian u64 per row, which replaces the tokens (requires KeyKind::u64).
  std::string ids_from = {};
  bool overwrite = false;
  Threads threads = Threads::caller();
  /// Called now and then from the calling thread. Must not throw: a conversion that is thrown out of fails.
  std::function<void(const Progress&)> progress = {};
};

/// What storing in a narrower type changed. The error of an element is its value, f32 or f64 as the source has it, less
/// the stored one, in double.
/// Rows that were left out for their key are counted too.
struct StorageError {
  double max = 0;          ///< the greatest |error| of an element
  double rms = 0;          ///< root of the mean squared error of all elements
  double max_row_rms = 0;  ///< root of the mean squared error of a row, where that is greatest
  double min_cosine = 1;   ///< cosine of a row and its stored form, where that is least; 0 where all became zero
  double mean_cosine = 1;  ///< mean over the rows that have a direction: finite values, not all zero
  std::uint64_t lost = 0;  ///< finite elements stored as NaN or infinity; neither they nor the cosines of
                           ///< their rows are in the numbers above
};

struct ConvertReport {
  SourceFormat from = SourceFormat::glove_text;
  std::uint64_t tables = 1;
  std::uint64_t rows = 0;                      ///< over all tables
  std::uint64_t dim = 0;                       ///< 0 where tables differ in it
  std::uint64_t duplicates = 0;                ///< rows whose token an earlier row has
  bool duplicates_kept = false;                ///< they stay where they are, as rows do that are ids; else left out
  std::vector<DuplicateKey> first_duplicates;  ///< up to ten of them
  std::uint64_t invalid_utf8 = 0;              ///< tokens that are not UTF-8; their bytes are kept
  std::optional<StorageError> error = {};      ///< empty where the type holds all that the source's type does
  /// Sentences on what was noticed and on what was taken for what: a last line without a line end, a line of names of
  /// columns, separators other than single spaces.
  std::vector<std::string> notes = {};
};

/// Converts `source` into a native file at `target`. Values are rounded once, from the decimal text to f32
/// (to nearest even); binary f32 values keep their bits. Memory is bounded by the batches in flight, not by
/// the file. Errors name the line or row and what was expected there; nothing is left of a failed conversion,
/// and an existing target is kept.
///
/// Text is read by these rules. Its first lines say what stands between fields: single spaces, or any number of them or
/// tabs, tabs, commas, semicolons, '|', ':' or no-break spaces, with another of them behind the token, where most lines
/// agree; what they agree on holds for all, and a line that differs is refused with its number.
/// ConvertOptions::separator settles it, and then nothing is taken off a line but CR before LF and one separator at its
/// end. The last `dim` fields are the numbers and all before them is the token, so tokens may hold spaces; where what
/// is taken for a token would end in a number, the line is refused as ragged unless `dim` was given. Spaces that all
/// lines begin with are no token's. A first line of names of columns, or of "ROWS DIM" before rows of as many numbers,
/// is no row. Between commas and semicolons fields may stand in double quotes. Numbers are decimal, "inf" and "nan"
/// included, whatever the locale, with a decimal comma between tabs, semicolons, '|' or ':' alone; one beyond f32's
/// range is refused. First fields that are whole numbers are tokens; where some are fractions there are no tokens, and
/// all columns are numbers where no key is wanted (KeyKind::none, or ids from a file), or the file is refused.
///
/// Rows of files whose tokens are known by their numbers (GGUF, a tokenizer.json) keep those where a token occurs
/// twice; of other files the first row of a token is kept and the later ones are left out.
ROWAN_API Result<ConvertReport> convert(const std::string& source, const std::string& target,
                                        const ConvertOptions& options = {});

}  // namespace rowan
