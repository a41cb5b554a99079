// A native file that is written in place: one writer, and a mark in the file while its checksums are behind its rows.
//
// The mark is the header's checksum with every bit turned over. It takes eight aligned bytes, which lie in one sector
// of any disk, so that it is there or not; it needs no room that files of older versions lack; and whoever does not
// know it takes the file for damaged.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "engine/files/opened_file.hpp"
#include "engine/table/in_place_file.hpp"
#include "rowan/file.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// What number 0 of the checksums is while a file is unfinished.
constexpr std::uint64_t unfinished_mark(std::uint64_t header_checksum) noexcept { return ~header_checksum; }

/// Refuses a file that bears the mark: whether its writer is at work is asked of `file`, which has no lock itself.
Error unfinished_file_error(const OpenedFile& file);

/// Thread-safe. After a failure every further call fails with the same Error: what a system has failed to write once
/// may be missing for good, although it reports success the next time.
class WritableFile final : public InPlaceFile {
 public:
  /// Where things lie in the file, in bytes.
  struct Layout {
    struct Extent {
      std::uint64_t begin = 0;
      std::uint64_t end = 0;
    };
    std::uint64_t data_begin = 0;
    std::uint64_t checksums = 0;
    std::vector<Extent> rows;  ///< in the data, for each table, in order
    bool unfinished = false;   ///< the mark is there already
  };

  /// It was opened for writing in place, and is mapped read-only as yet.
  explicit WritableFile(MappedFile file) noexcept : file_(std::move(file)) {}

  /// Must be told before the calls below.
  void set_layout(Layout layout);

  const Mapping& mapping() const noexcept { return file_.mapping; }

  /// Puts the mark into the file, where it is not yet, and then lets stores through the mapping.
  Result<void> mark() override;
  /// The way back: no more stores, the checksums of the rows, a sync, and the mark is gone.
  Result<RecoverReport> finish();
  Result<void> commit() override;

 private:
  template <class Step>
  Result<void> attempt(const Step& step);
  Result<void> set_mark();
  Result<void> take_mark_away(RecoverReport& report);
  /// Of the blocks that hold `rows`, from number `next` on, which moves to the one behind them.
  Result<void> update_checksums(const Layout::Extent& rows, std::uint64_t& next, RecoverReport& report) const;
  Result<void> write_header_checksum(std::uint64_t value) const;
  Result<void> protect(int access);
  const Descriptor& descriptor() const noexcept { return file_.file->descriptor(); }
  Error failure(const char* action) const;

  std::mutex mutex_;
  MappedFile file_;
  Layout layout_;
  std::uint64_t header_checksum_ = 0;
  std::optional<Error> failure_;
};

}  // namespace rowan::detail
