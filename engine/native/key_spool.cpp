// Spooling keys to disk, and turning them into a column without duplicates and its index.
#include "engine/native/key_spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "engine/support/bytes.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

constexpr std::size_t scratch_buffer = std::size_t{256} << 10;
constexpr std::string_view scratch_subject = "a scratch file for keys";
constexpr std::size_t reported_duplicates = 10;
/// Rows whose slots are prefetched together.
constexpr std::uint64_t prefetched_rows = 64;

}  // namespace

Result<ScratchFile> ScratchFile::create(const AtomicFile& beside) {
  Result<Descriptor> file = beside.scratch();
  if (!file) return file.error();
  ScratchFile scratch;
  scratch.file_ = *std::move(file);
  scratch.buffer_.reserve(scratch_buffer);
  return scratch;
}

Result<void> ScratchFile::append(std::span<const std::byte> bytes) {
  if (buffer_.size() + bytes.size() > scratch_buffer) {
    if (const auto good = flush(); !good) return good;
  }
  if (bytes.size() <= scratch_buffer) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return {};
  }
  if (const auto good = write_all(file_, bytes, written_, scratch_subject); !good) return good;
  written_ += bytes.size();
  return {};
}

Result<void> ScratchFile::flush() {
  if (const auto good = write_all(file_, buffer_, written_, scratch_subject); !good) return good;
  written_ += buffer_.size();
  buffer_.clear();
  return {};
}

Result<Mapping> ScratchFile::map() {
  if (const auto good = flush(); !good) return good.error();
  return Mapping::shared(file_, written_, scratch_subject);
}

Result<Mapping> ScratchFile::zeros(const AtomicFile& beside, std::uint64_t size) {
  const Result<Descriptor> file = beside.scratch();
  if (!file) return file.error();
  // Storing through a mapping whose blocks the disk cannot give ends the process: ask for them first.
  int error_number = 0;
  do {
    error_number = ::posix_fallocate(file->get(), 0, static_cast<off_t>(size));
  } while (error_number == EINTR);
  if (error_number != 0) return os_error(error_number, concat("cannot reserve ", size, " bytes for an index of keys"));
  return Mapping::shared(*file, size, scratch_subject);
}

bool DroppedRows::contains(std::uint64_t row) const noexcept {
  return count_ > 0 && (bits_.bytes()[row / 8] >> (row % 8) & std::byte{1}) != std::byte{0};
}

Result<void> DroppedRows::add(std::uint64_t row, std::uint64_t rows, const AtomicFile& beside) {
  if (count_ == 0) {
    Result<Mapping> bits = ScratchFile::zeros(beside, rows / 8 + 1);
    if (!bits) return bits.error();
    bits_ = *std::move(bits);
    first_ = row;
  }
  bits_.writable()[row / 8] |= std::byte{1} << (row % 8);
  ++count_;
  return {};
}

Result<KeySpool> KeySpool::create(const AtomicFile& beside, KeyKind kind, bool keep_duplicates) {
  KeySpool spool(kind, keep_duplicates);
  Result<ScratchFile> words = ScratchFile::create(beside);
  if (!words) return words.error();
  spool.words_ = std::make_unique<ScratchFile>(*std::move(words));
  if (kind != KeyKind::bytes) return spool;
  Result<ScratchFile> text = ScratchFile::create(beside);
  if (!text) return text.error();
  spool.text_ = std::make_unique<ScratchFile>(*std::move(text));
  return spool;
}

Result<void> KeySpool::append(std::span<const std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (const auto good = text_->append(as_bytes(key)); !good) return good;
    const std::uint64_t end = text_->size();
    if (const auto good = words_->append(std::as_bytes(std::span(&end, 1))); !good) return good;
  }
  rows_ += keys.size();
  return {};
}

Result<void> KeySpool::append(std::span<const std::uint64_t> ids) {
  rows_ += ids.size();
  return words_->append(std::as_bytes(ids));
}

KeyColumn KeySpool::column(std::uint64_t rows) const noexcept {
  const bool ids = kind_ == KeyKind::u64;
  return {.kind = kind_,
          .rows = rows,
          .data = ids ? word_map_.bytes().data() : text_map_.bytes().data(),
          .data_bytes = ids ? word_map_.bytes().size() : text_map_.bytes().size(),
          .ends = ids ? nullptr : word_map_.bytes().data()};
}

Result<void> KeySpool::build(const AtomicFile& beside, WriteReport& report) {
  if (rows_ > max_keyed_rows) {
    return make_error(Code::invalid_argument, "a table of ", rows_, " rows is too large for keys; at most ",
                      max_keyed_rows, " rows can have them");
  }
  Result<Mapping> words = words_->map();
  if (!words) return words.error();
  word_map_ = *std::move(words);
  words_.reset();
  if (text_) {
    Result<Mapping> text = text_->map();
    if (!text) return text.error();
    text_map_ = *std::move(text);
    text_.reset();
  }
  const std::uint64_t capacity = index_capacity(rows_);
  Result<Mapping> slots = ScratchFile::zeros(beside, 8 * capacity);
  if (!slots) return slots.error();
  slot_map_ = *std::move(slots);

  return index_rows(beside, report);
}

Result<void> KeySpool::index_rows(const AtomicFile& beside, WriteReport& report) {
  IndexBuilder index(slot_map_.writable().data(), slot_map_.bytes().size() / 8);
  std::array<std::uint64_t, prefetched_rows> hashes;
  for (std::uint64_t row = 0; row < rows_; ++row) {
    if (row % prefetched_rows == 0) {
      const KeyColumn ahead = column(rows_);
      for (std::uint64_t i = row; i < std::min(rows_, row + prefetched_rows); ++i) {
        hashes[i % prefetched_rows] = hash_of(ahead, i);
        index.prefetch(hashes[i % prefetched_rows]);
      }
    }
    const std::uint64_t place = rows();
    const std::uint64_t end = move_key(row, place);
    const std::int64_t taken = index.insert(column(place + 1), place, hashes[row % prefetched_rows]);
    if (taken >= 0) report_duplicate(row, static_cast<std::uint64_t>(taken), report);
    if (taken < 0 || keep_duplicates_) {
      text_bytes_ = end;
      ++kept_;
      continue;
    }
    if (const auto good = dropped_.add(row, rows_, beside); !good) return good;
  }
  return {};
}

std::uint64_t KeySpool::move_key(std::uint64_t from, std::uint64_t to) noexcept {
  // Rows only move down, so what is overwritten has been read: the ends of row `from` and of the one before it
  // are still those that were appended.
  std::byte* words = word_map_.writable().data();
  const std::uint64_t word = load_u64(words + 8 * from);
  if (from == to) return word;
  if (kind_ == KeyKind::u64) {
    store_u64(words + 8 * to, word);
    return 0;
  }
  const std::uint64_t begin = load_u64(words + 8 * (from - 1));  // `from` is above `to`, so not 0
  const std::uint64_t size = word - begin;
  std::byte* text = text_map_.writable().data();
  if (size > 0) std::memmove(text + text_bytes_, text + begin, size);
  store_u64(words + 8 * to, text_bytes_ + size);
  return text_bytes_ + size;
}

void KeySpool::report_duplicate(std::uint64_t row, std::uint64_t place, WriteReport& report) {
  ++report.duplicates;
  if (report.first_duplicates.size() == reported_duplicates) return;
  // Back to the number that the kept row was appended with: the dropped rows before it are added again. As long
  // as duplicates are reported, there are at most ten of them.
  std::uint64_t kept = place;
  for (const std::uint64_t dropped : first_dropped_) kept += dropped <= kept ? 1 : 0;
  if (!keep_duplicates_) first_dropped_.push_back(row);
  const KeyColumn keys = column(place + 1);
  std::string key = kind_ == KeyKind::u64 ? concat(*keys.id(place)) : std::string(*keys.key(place));
  report.first_duplicates.push_back({.key = std::move(key), .kept = kept, .dropped = row});
}

}  // namespace rowan::detail
