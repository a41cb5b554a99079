// Native table files: writing, describing and verifying them. docs/file-format.md is their specification.
//
// A file is written under a temporary name (or none), synced, and then put in its place by one rename or link
// and a sync of the folder: a reader, and a machine that loses power, sees the old file or the new one.
// When a call fails or a writer is destroyed unpublished, nothing is left behind and an old file is untouched. A
// process that is killed leaves nothing either, but for a hidden file (.NAME.*.tmp) where that was in the act of
// replacing one, or had a hidden name from the start.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/dtype.hpp"
#include "rowan/export.hpp"
#include "rowan/status.hpp"
#include "rowan/table.hpp"
#include "rowan/threads.hpp"
#include "rowan/vocabulary.hpp"

namespace rowan {

namespace detail {
struct Extras;
class TableSaver;
}  // namespace detail

struct WriteOptions {
  bool overwrite = false;  ///< replace an existing file; otherwise it is an error (already_exists)
};

/// Shape of one table to be written; its rows are counted as they come.
struct TableLayout {
  std::string name = std::string(default_table_name);  ///< UTF-8, no control characters, unique in the file
  std::uint64_t dim = 0;                               ///< at least 1
  DType dtype = DType::f32;
  KeyKind keys = KeyKind::none;
  bool pad_rows = false;  ///< row stride of whole 64-byte cache lines
  /// Rows are numbered by others: one whose key an earlier row has stays where it is, and the key finds the earlier
  /// row. Else it is left out, and the rows behind it move up.
  bool keep_duplicates = false;
};

/// A key that was given to more than one row, of which the first has it.
struct DuplicateKey {
  std::string key;            ///< the bytes, or the id in decimal
  std::uint64_t kept = 0;     ///< number of the appended row, from 0, that has the key
  std::uint64_t dropped = 0;  ///< number of the appended row that was left out, or that the key does not find
};

struct WriteReport {
  std::uint64_t rows = 0;                      ///< rows written, over all tables
  std::uint64_t duplicates = 0;                ///< rows whose key was taken; left out, unless they are kept
  std::vector<DuplicateKey> first_duplicates;  ///< up to ten of them
};

/// Writes one native file: tables in the order of their layouts, rows in the order in which they come.
///
/// Memory stays small whatever the size of the file: rows go straight to it, keys to an unnamed file beside it.
/// Not thread-safe. After a failure every further call fails with the same Error; one that was moved from refuses
/// every call.
class ROWAN_API TableWriter {
 public:
  static Result<TableWriter> create(const std::string& path, std::vector<TableLayout> layouts,
                                    const WriteOptions& options = {});
  TableWriter(TableWriter&&) noexcept;
  TableWriter& operator=(TableWriter&&) noexcept;
  ~TableWriter();

  /// Appends [values.size() / dim, dim] floats, row-major, to table number `table`, rounding to nearest even
  /// where its type is narrower, and quantising row by row; a row that cannot be quantised (a NaN, an infinity, a
  /// range without a scale) is refused by its number. Tables are filled in order: none before `table` can be appended
  /// to again. A table with keys takes as many keys as rows in the same call.
  Result<void> append(std::size_t table, std::span<const float> values);
  Result<void> append(std::size_t table, std::span<const float> values, std::span<const std::string_view> keys);
  Result<void> append(std::size_t table, std::span<const float> values, std::span<const std::uint64_t> ids);

  /// Drops rows whose key was taken, writes keys, index, checksums and header, and publishes the file.
  /// The writer is spent afterwards.
  Result<WriteReport> publish();

  /// For producers that encode rows themselves: `rows` are whole rows as they stand in the file, in the
  /// table's type and stride.
  Result<void> append_encoded(std::size_t table, std::span<const std::byte> rows,
                              std::span<const std::string_view> keys, std::span<const std::uint64_t> ids);
  /// Bytes from one row to the next in table number `table`.
  std::uint64_t row_stride(std::size_t table) const noexcept;

 private:
  friend class detail::TableSaver;
  struct State;
  explicit TableWriter(std::unique_ptr<State> state) noexcept;
  static Result<TableWriter> create(const std::string& path, std::vector<TableLayout> layouts,
                                    const WriteOptions& options, const detail::Extras& extras);
  template <class Step>
  Result<void> attempt(const Step& step);

  std::unique_ptr<State> state_;
};

/// Writes a file with one new table, as Table::create() would make it, in bounded memory.
ROWAN_API Result<WriteReport> create_table_file(const std::string& path, const NewTable& description,
                                                const WriteOptions& options = {}, Threads threads = Threads::caller());

/// Writes tables, keys included, into one native file.
ROWAN_API Result<WriteReport> save_tables(const std::string& path, std::span<const Table> tables,
                                          const WriteOptions& options = {});

/// One tensor of a file, as its header has it.
struct TensorInfo {
  std::string name;
  std::string dtype;  ///< as the format spells it: safetensors' way in native files
  std::vector<std::uint64_t> shape;
  std::uint64_t offset = 0;  ///< from the start of the file
  std::uint64_t bytes = 0;   ///< of a foreign file: 0 where it is not mapped
  /// Whether its elements lie at `offset` one behind the other, little-endian, the last dimension running fastest.
  bool plain = true;
  /// Of a foreign file: why its rows cannot be looked up in place, "it is compressed"; empty where they can.
  std::string why_not_mapped = {};
};

/// One table of a file.
struct TableInfo {
  std::string name;
  std::uint64_t rows = 0;
  std::uint64_t dim = 0;
  std::uint64_t row_stride = 0;  ///< bytes
  DType dtype = DType::f32;
  KeyKind keys = KeyKind::none;
  std::string optimizer;  ///< of a checkpoint: algorithm and hyper-parameters, see docs/file-format.md; else empty
};

/// What a file holds.
struct FileInfo {
  std::string what = "a native Rowan file";  ///< as a noun: "a GGUF model"
  std::string format_version;                ///< of a native file: "MAJOR.MINOR"
  std::uint64_t file_bytes = 0;
  std::uint64_t data_offset = 0;  ///< of a native file: where the header ends
  bool unfinished = false;        ///< a writer is at work on it, or ended before Table::commit()
  std::vector<TableInfo> tables;  ///< those that can be mapped
  std::vector<TensorInfo> tensors;
  std::string table = {};  ///< of a foreign file: the tensor that is its table when none is named; or empty
  std::vector<std::string> notes = {};  ///< of a foreign file: what else there is to say of it
};

/// Reads and validates what a file of any format that Table::open() reads says of itself; an unfinished native one too.
/// Touches no row.
ROWAN_API Result<FileInfo> inspect(const std::string& path);

/// What verify() read.
struct VerifyReport {
  std::uint64_t bytes = 0;   ///< bytes whose checksum was compared
  std::uint64_t blocks = 0;  ///< checksums compared, the header's included
};

/// Reads the whole file and compares every checksum, then checks every key: that it lies where it should, that
/// the index finds its row, or the first of several that share it. The Error names the first block or row that fails.
ROWAN_API Result<VerifyReport> verify(const std::string& path, Threads threads = Threads::caller());

/// What recover() found.
struct RecoverReport {
  bool unfinished = false;    ///< there was a mark to take away
  std::uint64_t blocks = 0;   ///< checksums of rows that were computed
  std::uint64_t changed = 0;  ///< of them, those that differ: rows there were written since the last commit()
};

/// Accepts the rows of a file whose writer ended before Table::commit() as they are: new, old, or, of rows that were
/// being written, a mix of both. Computes the checksums of all rows and takes the mark away. Checksums of keys are left
/// as they are, for verify(). A file that bears no mark is left alone; one whose writer is at work is refused.
ROWAN_API Result<RecoverReport> recover(const std::string& path);

}  // namespace rowan
