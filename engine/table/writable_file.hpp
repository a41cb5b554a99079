// A native file that is written in place: one writer, and a mark in the file while its checksums are behind its rows.
//
// The mark is the header's checksum with every bit turned over. It takes eight aligned bytes, which lie in one sector
// of any disk, so that it is there or not; it needs no room that files of older versions lack; and whoever does not
// know it takes the file for damaged.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/table/file_map.hpp"
#include "rowan/file.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// What number 0 of the checksums is while a file is unfinished.
constexpr std::uint64_t unfinished_mark(std::uint64_t header_checksum) noexcept { return ~header_checksum; }

/// Keeps other writers out of the file for as long as the descriptor, or a copy that fork() made, is open.
Result<void> lock_for_writing(const Descriptor& file, const std::string& path);

/// Refuses a file that bears the mark: whether its writer is at work is asked of `file`, which has no lock itself.
Error unfinished_file_error(const Descriptor& file, const std::string& path);

/// Thread-safe. After a failure every further call fails with the same Error: what a system has failed to write once
/// may be missing for good, although it reports success the next time.
class WritableFile {
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

  /// `file` is locked, and `mapping` is all of it, read-only as yet.
  WritableFile(std::string path, Descriptor file, Mapping mapping) noexcept
      : path_(std::move(path)), file_(std::move(file)), mapping_(std::move(mapping)) {}

  /// Must be told before the calls below.
  void set_layout(Layout layout);

  const Mapping& mapping() const noexcept { return mapping_; }

  /// Puts the mark into the file, where it is not yet, and then lets stores through the mapping.
  Result<void> mark();
  /// The way back: no more stores, the checksums of the rows, a sync, and the mark is gone.
  Result<RecoverReport> commit();

 private:
  template <class Step>
  Result<void> attempt(const Step& step);
  Result<void> begin();
  Result<void> finish(RecoverReport& report);
  /// Of the blocks that hold `rows`, from number `next` on, which moves to the one behind them.
  Result<void> update_checksums(const Layout::Extent& rows, std::uint64_t& next, RecoverReport& report) const;
  Result<void> write_header_checksum(std::uint64_t value) const;
  Result<void> protect(int access);
  Error failure(const char* action) const;

  std::mutex mutex_;
  std::string path_;
  Descriptor file_;
  Mapping mapping_;
  Layout layout_;
  std::uint64_t header_checksum_ = 0;
  std::optional<Error> failure_;
};

}  // namespace rowan::detail
