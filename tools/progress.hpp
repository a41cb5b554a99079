// How far a conversion is, for whoever watches.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "rowan/import.hpp"
#include "tools/output.hpp"

namespace rowan::tool {

/// A bar on standard error, where that is a terminal; nothing anywhere else.
class ProgressBar {
 public:
  explicit ProgressBar(std::string_view what) : what_(what), shown_(::isatty(STDERR_FILENO) == 1) {}
  ~ProgressBar() {
    if (drawn_) std::fputs("\r\x1b[K", stderr);
  }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  bool shown() const { return shown_; }

  void update(const Progress& progress) {
    constexpr std::size_t width = 30;
    const auto now = Clock::now();
    if (!shown_ || now - drawn_at_ < std::chrono::milliseconds(100)) return;
    drawn_at_ = now;
    drawn_ = true;

    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double rate = static_cast<double>(progress.bytes_read) / std::max(seconds, 1e-3);
    std::string line = fmt::format("\r\x1b[K{} ", what_);
    if (progress.bytes_total != 0) {
      const double part =
          std::min(1.0, static_cast<double>(progress.bytes_read) / static_cast<double>(progress.bytes_total));
      const std::string done(static_cast<std::size_t>(part * width), '#');
      line += fmt::format("[{:<{}}] {:3.0f}%  ", done, width, part * 100);
    }
    line += fmt::format("{} rows, {}/s", grouped(progress.rows), readable_bytes(static_cast<std::uint64_t>(rate)));
    std::fputs(line.c_str(), stderr);
    std::fflush(stderr);
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  bool shown_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_at_ = start_;
};

}  // namespace rowan::tool
