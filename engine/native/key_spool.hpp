// Keys of rows on their way into a file: kept in nameless files until all of them are known, then indexed.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/files/file_map.hpp"
#include "engine/files/publish.hpp"
#include "engine/table/key_index.hpp"
#include "rowan/file.hpp"

namespace rowan::detail {

/// A nameless file that is appended to and then mapped.
class ScratchFile {
 public:
  static Result<ScratchFile> create(const AtomicFile& beside);

  std::uint64_t size() const noexcept { return written_ + buffer_.size(); }
  Result<void> append(std::span<const std::byte> bytes);
  /// Everything appended, writable: its blocks on the disk are there.
  Result<Mapping> map();
  /// A mapping of `size` zeros, whose blocks on the disk are reserved.
  static Result<Mapping> zeros(const AtomicFile& beside, std::uint64_t size);

 private:
  ScratchFile() = default;
  Result<void> flush();

  Descriptor file_;
  std::vector<std::byte> buffer_;
  std::uint64_t written_ = 0;
};

/// Which of a table's rows are left out because an earlier row has their key; takes memory once there is one.
class DroppedRows {
 public:
  bool empty() const noexcept { return count_ == 0; }
  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t first() const noexcept { return first_; }
  bool contains(std::uint64_t row) const noexcept;
  Result<void> add(std::uint64_t row, std::uint64_t rows, const AtomicFile& beside);

 private:
  Mapping bits_;  ///< of a file: it may be larger than memory
  std::uint64_t count_ = 0;
  std::uint64_t first_ = 0;
};

/// The keys of one table, in the order of its rows.
class KeySpool {
 public:
  /// With `keep_duplicates`, a row whose key an earlier row has stays where it is, and the index finds the earlier one.
  static Result<KeySpool> create(const AtomicFile& beside, KeyKind kind, bool keep_duplicates);

  Result<void> append(std::span<const std::string_view> keys);
  Result<void> append(std::span<const std::uint64_t> ids);

  /// Builds the index over the first row of each key, closes the gaps that other rows leave where those are not kept,
  /// and reports them.
  /// Nothing can be appended afterwards.
  Result<void> build(const AtomicFile& beside, WriteReport& report);

  // After build():
  const DroppedRows& dropped() const noexcept { return dropped_; }
  std::uint64_t rows() const noexcept { return kept_; }
  std::span<const std::byte> text() const noexcept { return text_map_.bytes().first(text_bytes_); }  ///< byte keys
  std::span<const std::byte> words() const noexcept { return word_map_.bytes().first(8 * rows()); }  ///< ends, or ids
  std::span<const std::byte> slots() const noexcept { return slot_map_.bytes(); }

 private:
  KeySpool(KeyKind kind, bool keep_duplicates) noexcept : kind_(kind), keep_duplicates_(keep_duplicates) {}
  KeyColumn column(std::uint64_t rows) const noexcept;
  Result<void> index_rows(const AtomicFile& beside, WriteReport& report);
  /// Moves the key of row `from` down to row `to`; where it ends there, of byte keys.
  std::uint64_t move_key(std::uint64_t from, std::uint64_t to) noexcept;
  /// `row` has the key of the kept row that now is number `place`.
  void report_duplicate(std::uint64_t row, std::uint64_t place, WriteReport& report);

  KeyKind kind_;
  bool keep_duplicates_;
  std::unique_ptr<ScratchFile> text_;
  std::unique_ptr<ScratchFile> words_;
  std::uint64_t rows_ = 0;  ///< appended
  std::uint64_t kept_ = 0;  ///< of these, after build()
  Mapping text_map_;
  Mapping word_map_;
  Mapping slot_map_;
  std::uint64_t text_bytes_ = 0;  ///< of the kept rows
  DroppedRows dropped_;
  std::vector<std::uint64_t> first_dropped_;  ///< those that were reported
};

}  // namespace rowan::detail
