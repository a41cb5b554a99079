// Marks, checksums and syncs, in the order that leaves the file whole or marked wherever the process ends.
#include "engine/native/writable_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "engine/files/checksum.hpp"
#include "engine/files/file_lock.hpp"
#include "engine/support/bytes.hpp"
#include "engine/support/error.hpp"
#include "engine/support/memory_advice.hpp"
#include "engine/support/shell_word.hpp"

namespace rowan::detail {
namespace {

/// Blocks of a disk that are there when the first store needs them: without one the store would end the process.
int reserve(const Descriptor& file, std::uint64_t size) noexcept {
  int result = 0;
  do {
    result = ::fallocate(file.get(), 0, 0, static_cast<off_t>(size));
  } while (result != 0 && errno == EINTR);
  return result != 0 && errno != EOPNOTSUPP ? errno : 0;
}

}  // namespace

Error unfinished_file_error(const OpenedFile& file) {
  if (is_locked_for_writing(file.descriptor())) {
    return make_error(Code::unfinished_file, file.path(), " is being written in place; it can be opened when its ",
                      "writer has called commit()");
  }
  return make_error(Code::unfinished_file, file.path(),
                    " was being written in place when its writer ended, before it called commit(): its rows may be ",
                    "new, old, or a mix of both; to take them as they are, run: rowan recover ",
                    shell_word(file.path()));
}

void WritableFile::set_layout(Layout layout) {
  layout_ = std::move(layout);
  header_checksum_ = hash_bytes(file_.mapping.bytes().first(layout_.data_begin));
}

template <class Step>
Result<void> WritableFile::attempt(const Step& step) {
  failure_ = Error{Code::out_of_memory, "out of memory"};  // where the step ends by an exception
  const Result<void> done = step();
  if (done) {
    failure_.reset();
  } else {
    failure_ = done.error();
  }
  return done;
}

Result<void> WritableFile::mark() {
  const std::scoped_lock lock(mutex_);
  if (failure_) return *failure_;
  if (layout_.unfinished) return {};
  const Result<void> begun = attempt([&] { return set_mark(); });
  layout_.unfinished = begun.ok();
  return begun;
}

Result<void> WritableFile::set_mark() {
  if (const int error_number = reserve(descriptor(), file_.mapping.bytes().size()); error_number != 0) {
    return os_error(error_number, concat("cannot reserve the blocks of ", file_.path()));
  }
  if (const auto good = write_header_checksum(unfinished_mark(header_checksum_)); !good) return good;
  return protect(PROT_READ | PROT_WRITE);
}

Result<RecoverReport> WritableFile::finish() {
  const std::scoped_lock lock(mutex_);
  if (failure_) return *failure_;
  RecoverReport report = {.unfinished = layout_.unfinished};
  if (!layout_.unfinished) return report;
  const Result<void> finished = attempt([&] { return take_mark_away(report); });
  if (!finished) return finished.error();
  layout_.unfinished = false;
  return report;
}

Result<void> WritableFile::commit() {
  const auto finished = finish();
  return finished ? Result<void>() : finished.error();
}

Result<void> WritableFile::take_mark_away(RecoverReport& report) {
  if (const auto good = protect(PROT_READ); !good) return good;
  struct stat status = {};
  if (::fstat(descriptor().get(), &status) != 0) return failure("examine");
  if (status.st_nlink == 0) {
    return make_error(Code::not_found, file_.path(),
                      " was replaced or removed while it was open for writing: what was written can be saved under ",
                      "another name, and is lost otherwise");
  }
  std::uint64_t next = 0;
  for (const Layout::Extent& rows : layout_.rows) {
    if (const auto good = update_checksums(rows, next, report); !good) return good;
  }
  const std::span<std::byte> all = file_.mapping.writable();
  if (::msync(all.data(), all.size(), MS_SYNC) != 0) return failure("sync");
  return write_header_checksum(header_checksum_);
}

Result<void> WritableFile::update_checksums(const Layout::Extent& rows, std::uint64_t& next,
                                            RecoverReport& report) const {
  if (rows.begin == rows.end) return {};
  const auto data = file_.mapping.bytes().first(layout_.checksums).subspan(layout_.data_begin);
  const std::uint64_t first = std::max(next, rows.begin / checksum_block);
  const std::uint64_t at = layout_.checksums + 8 * (1 + first);
  std::vector<std::uint64_t> sums;
  for (std::uint64_t begin = first * checksum_block; begin < rows.end; begin += checksum_block) {
    const auto block = data.subspan(begin, std::min<std::uint64_t>(checksum_block, data.size() - begin));
    advise_needed(block);
    const std::uint64_t before = load_u64(file_.mapping.bytes().data() + at + 8 * sums.size());
    sums.push_back(hash_bytes(block));
    report.changed += sums.back() != before ? 1 : 0;
  }
  next = first + sums.size();
  report.blocks += sums.size();
  return write_all(descriptor(), std::as_bytes(std::span(sums)), at, file_.path());
}

Result<void> WritableFile::write_header_checksum(std::uint64_t value) const {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  if (const auto good = write_all(descriptor(), bytes, layout_.checksums, file_.path()); !good) return good;
  return sync(descriptor()) == 0 ? Result<void>() : failure("sync");
}

Result<void> WritableFile::protect(int access) {
  const std::span<std::byte> all = file_.mapping.writable();
  return ::mprotect(all.data(), all.size(), access) == 0 ? Result<void>() : failure("change the access to");
}

Error WritableFile::failure(const char* action) const {
  return os_error(errno, concat("cannot ", action, " ", file_.path()));
}

}  // namespace rowan::detail
