#include "engine/parallel.hpp"

#include <immintrin.h>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <new>

// In a ThreadSanitizer build this file alone is not instrumented, because oneTBB is not either. What the loop
// guarantees is said here by hand: a tile sees all that its caller did before, and the caller all that tiles did.
#if defined(ROWAN_ANNOTATE_THREADS)
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#else
static void __tsan_acquire(void*) {}
static void __tsan_release(void*) {}
#endif

namespace rowan::detail {
namespace {

/// Sets the floating-point mode of the calling thread and puts the old one back.
class FloatingPointMode {
 public:
  explicit FloatingPointMode(unsigned mode) noexcept : before_(_mm_getcsr()), changed_(before_ != mode) {
    if (changed_) _mm_setcsr(mode);
  }
  ~FloatingPointMode() {
    if (changed_) _mm_setcsr(before_);
  }
  FloatingPointMode(const FloatingPointMode&) = delete;
  FloatingPointMode& operator=(const FloatingPointMode&) = delete;

 private:
  unsigned before_;
  bool changed_;
};

/// Clears a flag at the end of a scope.
struct Release {
  std::atomic<bool>& taken;
  ~Release() { taken.store(false, std::memory_order_release); }
};

}  // namespace

struct Parallel::Arena {
  explicit Arena(int slots) : limit(tbb::global_control::max_allowed_parallelism, most(slots)), arena(allowed(slots)) {
    arena.initialize();
  }

  /// oneTBB gives no more threads than the processor has unless it is told to, and prints a warning.
  static std::size_t most(int slots) {
    return static_cast<std::size_t>(std::max(slots, tbb::info::default_concurrency()));
  }
  /// The host may have set a lower limit, which stands.
  static int allowed(int slots) {
    const std::size_t limit = tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism);
    return static_cast<int>(std::min(static_cast<std::size_t>(slots), limit));
  }

  tbb::global_control limit;
  tbb::task_arena arena;
  std::atomic<bool> taken = false;
};

Parallel::Parallel(Threads threads) noexcept : kind_(threads.kind) {
  if (kind_ == Threads::Kind::caller) return;
  if (threads.count < 0) {
    status_ = {.code = Code::invalid_argument, .value = threads.count};
    return;
  }
  try {
    if (kind_ == Threads::Kind::host) {
      concurrency_ = tbb::this_task_arena::max_concurrency();
      return;
    }
    concurrency_ = threads.count != 0 ? threads.count : tbb::info::default_concurrency();
    if (concurrency_ == 1) return;
    arena_ = std::make_unique<Arena>(concurrency_);
    concurrency_ = arena_->arena.max_concurrency();
  } catch (const std::bad_alloc&) {
    status_ = {.code = Code::out_of_memory};
  } catch (...) {
    status_ = {.code = Code::threads_failed};
  }
}

Parallel::~Parallel() = default;

Status Parallel::run(std::size_t tiles, TileFunction function, const void* context) const noexcept {
  const auto run_here = [&]() noexcept {
    for (std::size_t i = 0; i < tiles; ++i) function(context, i);
    return Status{};
  };
  if (concurrency_ == 1 || tiles < 2) return run_here();
  // One caller at a time: a second one would have to wait for a slot, and its own thread is free now.
  if (arena_ && arena_->taken.exchange(true, std::memory_order_acquire)) return run_here();

  char entered = 0;  // what the annotations name: all that happened before the loop, and in its tiles
  char finished = 0;
  const unsigned mode = _mm_getcsr();
  const auto run_all = [&] {
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, tiles), [&](const tbb::blocked_range<std::size_t>& range) {
      const FloatingPointMode as_caller(mode);
      __tsan_acquire(&entered);
      for (std::size_t i = range.begin(); i != range.end(); ++i) function(context, i);
      __tsan_release(&finished);
    });
  };
  __tsan_release(&entered);
  try {
    if (arena_) {
      const Release release{arena_->taken};
      arena_->arena.execute(run_all);
    } else {
      tbb::this_task_arena::isolate(run_all);
    }
  } catch (const std::bad_alloc&) {
    return {.code = Code::out_of_memory};
  } catch (...) {
    return {.code = Code::threads_failed};
  }
  __tsan_acquire(&finished);
  return {};
}

}  // namespace rowan::detail
