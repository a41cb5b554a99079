#include "perf/team.hpp"

namespace rowan::perf {
namespace {

constexpr int spins = 4000;  // some 50 µs: longer than a caller takes between two rounds

}  // namespace

Team::Team(int threads) {
  for (int i = 1; i < threads; ++i) others_.emplace_back([this, i] { serve(i); });
}

Team::~Team() {
  ending_ = true;
  start(nullptr, nullptr);
  for (std::thread& thread : others_) thread.join();
}

void Team::start(Function function, const void* part) {
  function_ = function;
  part_ = part;
  running_.store(static_cast<int>(others_.size()), std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
}

void Team::finish() {
  for (int spin = 0; running_.load(std::memory_order_acquire) != 0; ++spin) {
    __builtin_ia32_pause();
    if (spin > spins) std::this_thread::yield();  // the others may wait for this very processor
  }
}

void Team::serve(int i) {
  for (std::uint64_t served = 0;; ++served) {
    for (int spin = 0; spin < spins && round_.load(std::memory_order_acquire) == served; ++spin) {
      __builtin_ia32_pause();
    }
    round_.wait(served, std::memory_order_acquire);
    if (ending_) return;
    function_(part_, i);
    running_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace rowan::perf
