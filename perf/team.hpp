// A few threads that stand ready: what the ceilings and the peers run on that bring no threads of their own.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace rowan::perf {

/// Threads that wait for work by spinning some microseconds and then asleep, so that back-to-back rounds start
/// at once and a team that is not asked leaves its processors to others. One caller at a time.
class Team {
 public:
  explicit Team(int threads);  ///< the caller's included
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;
  ~Team();

  int size() const noexcept { return static_cast<int>(others_.size()) + 1; }

  /// Runs part(0) on the calling thread and part(1) .. part(size() - 1) on the others; returns when all have.
  template <class Part>
  void run(const Part& part) {
    if (others_.empty()) return part(0);
    start([](const void* given, int i) { (*static_cast<const Part*>(given))(i); }, &part);
    part(0);
    finish();
  }

 private:
  using Function = void (*)(const void* part, int i);
  void start(Function function, const void* part);
  void finish();
  void serve(int i);

  std::atomic<std::uint64_t> round_{0};
  std::atomic<int> running_{0};
  bool ending_ = false;
  Function function_ = nullptr;
  const void* part_ = nullptr;
  std::vector<std::thread> others_;
};

/// Where part `i` of `parts` begins in [0, count); part i + 1 begins where it ends.
constexpr std::uint64_t part_begin(std::uint64_t count, int i, int parts) noexcept {
  return count * static_cast<std::uint64_t>(i) / static_cast<std::uint64_t>(parts);
}

}  // namespace rowan::perf
