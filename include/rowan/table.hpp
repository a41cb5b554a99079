// Tables: opened from files by mapping, or made in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rowan/dtype.hpp"
#include "rowan/export.hpp"
#include "rowan/open_options.hpp"
#include "rowan/status.hpp"
#include "rowan/threads.hpp"
#include "rowan/view.hpp"
#include "rowan/vocabulary.hpp"

namespace rowan {

/// The name that a table gets when nobody chose one; its tensor is then "embedding.weight".
inline constexpr std::string_view default_table_name = "embedding";

/// What a new table is filled with. Values come from a counter-based generator (Philox 4x32-10) keyed by the
/// seed and counted by element, so they are the same bits at any thread count, on any processor.
struct Init {
  enum class Kind : std::uint8_t { zeros, uniform, normal };

  Kind kind = Kind::normal;
  float a = 0.0F;  ///< uniform: low; normal: mean
  float b = 1.0F;  ///< uniform: high (excluded before rounding); normal: standard deviation
  std::uint64_t seed = 0;

  static constexpr Init zeros() noexcept { return {Kind::zeros, 0.0F, 0.0F, 0}; }
  static constexpr Init uniform(float low, float high, std::uint64_t seed) noexcept {
    return {Kind::uniform, low, high, seed};
  }
  /// N(0, 1) by default, as torch.nn.Embedding.
  static constexpr Init normal(std::uint64_t seed, float mean = 0.0F, float deviation = 1.0F) noexcept {
    return {Kind::normal, mean, deviation, seed};
  }
};

/// What a new table looks like.
struct NewTable {
  std::uint64_t rows = 0;
  std::uint64_t dim = 0;     ///< at least 1
  DType dtype = DType::f32;  ///< quantised row by row; values too far apart for a scale are refused
  Init init = {};
  std::optional<std::int64_t> padding_index = {};  ///< this row is zeros; in [-rows, rows), negatives from the end
  bool pad_rows = false;                           ///< row stride of whole 64-byte cache lines
  std::string name = std::string(default_table_name);
};

namespace detail {
class InPlaceFile;
class TableMaker;
struct TableParts;
}  // namespace detail

/// A table: weights, their shape and their keys, owning the mapping or the memory that they lie in.
///
/// Copies share that memory and are cheap; the last one releases it, and views into it end then. What was moved
/// from is an empty table, which refuses every index. Any number of threads may read a table; while it is written to
/// through a MutableTableView nobody else may use it.
///
/// A mapped file must not be truncated or overwritten in place by others while it is open: rows would change, and a
/// lookup beyond the new end would end the process (SIGBUS). Publish new content by rename, as everything in Rowan
/// does, and open tables keep the old content; of a file whose publisher may do otherwise, open a sealed
/// copy (OpenOptions).
class ROWAN_API Table {
 public:
  /// Maps the table called `name` of a file; with an empty name, its only table. Cost: one mapping and the parsing of
  /// the header, whatever the size of the file; no row is read. Of a native file the header's checksum is checked, the
  /// data's on demand, see verify() in rowan/file.hpp; one that bears the mark of a writer is refused
  /// (Code::unfinished_file), see commit().
  ///
  /// Files of other formats are recognised by their content and mapped where their rows can be read in place: any
  /// safetensors, NumPy's .npy and uncompressed .npz, PyTorch's .pt and .pth, GGUF (F32, F16, BF16), fastText's .bin
  /// and finalfusion. `name` is then that of a tensor, with or without its ".weight"; without one it is the tensor that
  /// the format says, the one that is called as tables usually are, in whatever module
  /// ("bert.embeddings.word_embeddings"), or the only matrix; whole numbers are none unless scales belong to them, and
  /// codes with scales beside them are never given out unscaled: they are refused, or converted where the layout is
  /// known (Code::needs_conversion). Their tokens are copied and indexed at open. Others are refused with the command
  /// that converts them (Code::needs_conversion), see convert() in rowan/import.hpp. They are opened read_only or
  /// copy_on_write.
  static Result<Table> open(const std::string& path, std::string_view name = {}, const OpenOptions& options = {});
  static Result<Table> open(const std::string& path, const OpenOptions& options) { return open(path, {}, options); }

  /// All tables of a file, in the file's order, on one shared mapping; of a foreign file all matrices that map.
  static Result<std::vector<Table>> open_all(const std::string& path, const OpenOptions& options = {});

  /// A table in anonymous memory, 64-byte aligned. Zeros cost nothing until they are touched.
  static Result<Table> create(const NewTable& description, Threads threads = Threads::caller());

  Table(const Table&) = default;
  Table& operator=(const Table&) = default;
  Table(Table&& other) noexcept : Table() { swap(other); }
  Table& operator=(Table&& other) noexcept {
    Table(std::move(other)).swap(*this);
    return *this;
  }
  ~Table() = default;

  const std::string& name() const noexcept { return name_; }
  const TableView& view() const noexcept { return view_; }
  operator const TableView&() const noexcept { return view_; }
  /// The same for who trains it: of tables that were created, or opened copy_on_write or read_write; others refuse.
  ///
  /// Of a file opened read_write it is good until commit(), behind which a store through it ends the process: ask
  /// again. Before the first one is given out a mark is in the file, durably, that says that it is being written.
  Result<MutableTableView> mutable_view();

  /// Ends the writing of a file opened read_write: brings the checksums of all rows of the file up to date, writes
  /// everything to the disk, and only then takes the mark away, which is when the call returns. It is for all tables
  /// that share the mapping, and for copies; where nothing was marked it does nothing.
  ///
  /// A file whose last Table goes, or whose process ends, without it keeps its mark: nobody has said that what is in
  /// it is whole. It is refused from then on, and recover() in rowan/file.hpp takes it as it is. After a failure the
  /// rows can still be read, and saved elsewhere; the file stays marked and takes no more.
  Result<void> commit();
  const Vocabulary& vocabulary() const noexcept { return vocabulary_; }

  std::uint64_t rows() const noexcept { return view_.rows(); }
  std::uint64_t dim() const noexcept { return view_.dim(); }
  std::uint64_t row_stride() const noexcept { return view_.row_stride(); }
  DType dtype() const noexcept { return view_.dtype(); }

 private:
  friend class detail::TableMaker;
  Table() = default;
  explicit Table(detail::TableParts&& parts) noexcept;
  void swap(Table& other) noexcept {
    name_.swap(other.name_);
    owner_.swap(other.owner_);
    std::swap(view_, other.view_);
    std::swap(writable_, other.writable_);
    std::swap(file_, other.file_);
    std::swap(vocabulary_, other.vocabulary_);
  }

  std::string name_;
  std::shared_ptr<const void> owner_;
  TableView view_;
  bool writable_ = false;
  detail::InPlaceFile* file_ = nullptr;  ///< where it was opened read_write: owner_'s
  Vocabulary vocabulary_;
};

}  // namespace rowan
