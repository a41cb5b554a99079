// Makes system calls on files fail on purpose. While a SystemFaults lives, this program's own pwrite, fsync and their
// kin ask it first; they stand in front of the C library's.
#pragma once

#include <cerrno>
#include <functional>
#include <string>

namespace rowan::test {

class SystemFaults {
 public:
  SystemFaults();
  ~SystemFaults();
  SystemFaults(const SystemFaults&) = delete;
  SystemFaults& operator=(const SystemFaults&) = delete;

  bool no_nameless_files = false;      ///< as on file systems without O_TMPFILE
  bool no_conditional_rename = false;  ///< as on file systems without RENAME_NOREPLACE
  bool short_writes = false;           ///< each write takes a part only, every other one is interrupted
  bool opening = false;                ///< calls that open, examine, map and read files are counted too
  std::function<void()> at_read;       ///< told of each pread, before it
  std::function<void()> at_call;       ///< told of each counted call, before it
  int fail_at = -1;                    ///< this call fails, counted from 0; none if negative
  int error_number = EIO;

  std::string failed;  ///< the call that failed
  int calls = 0;

  void restart(int next_failure) {
    calls = 0;
    fail_at = next_failure;
    failed.clear();
  }
  /// One that counts only where those that open files are.
  bool fails_opening(const char* name) { return opening && fails(name); }
  /// Counts a call; true, with errno set, if it is to fail.
  bool fails(const char* name);
};

}  // namespace rowan::test
