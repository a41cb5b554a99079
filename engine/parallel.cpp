#include "engine/parallel.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "engine/support/floating_point.hpp"

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

/// oneTBB gives a process no more threads than the processor has, and prints a warning to who asks for more. For
/// as long as arenas ask for more, this raises the limit to the most that one of them does. A limit that the host
/// has set itself, higher or lower, stands.
class ThreadLimit {
 public:
  /// Never destroyed: engines may be among the objects that a program destroys last.
  static ThreadLimit& instance() {
    static auto* const limit = new ThreadLimit;
    return *limit;
  }
  static int current() {
    return static_cast<int>(tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
  }

  void ask(int slots) {
    const std::lock_guard lock(mutex_);
    asked_.insert(slots);
    adjust();
  }
  void give_up(int slots) noexcept {
    const std::lock_guard lock(mutex_);
    asked_.erase(asked_.find(slots));
    adjust();
  }

 private:
  void adjust() {
    control_.reset();  // of several controls oneTBB takes the lowest: ours must not be in the way of the host's
    const int most = asked_.empty() ? 0 : *asked_.rbegin();
    if (most > current()) {
      control_.emplace(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(most));
    }
  }

  std::mutex mutex_;
  std::multiset<int> asked_;
  std::optional<tbb::global_control> control_;
};

/// Starts and joins threads, so that the system's refusal is an exception here. Inside oneTBB it would end the
/// program.
void probe_threads(int count) {
  std::latch all_started(1);  // none may end before the last one was started
  std::vector<std::jthread> threads;
  threads.reserve(static_cast<std::size_t>(count));
  const auto release = [](std::latch* latch) { latch->count_down(); };
  const std::unique_ptr<std::latch, decltype(release)> at_the_end(&all_started, release);  // before they are joined
  for (int i = 0; i < count; ++i) threads.emplace_back([&all_started] { all_started.wait(); });
}

/// Clears a flag at the end of a scope.
struct Release {
  std::atomic<bool>& taken;
  ~Release() { taken.store(false, std::memory_order_release); }
};

}  // namespace

struct Parallel::Arena {
  explicit Arena(int slots) : limit(slots), arena(std::min(slots, ThreadLimit::current())) { arena.initialize(); }

  struct Limit {
    explicit Limit(int asked) : slots(asked) { ThreadLimit::instance().ask(asked); }
    ~Limit() { ThreadLimit::instance().give_up(slots); }
    Limit(const Limit&) = delete;
    Limit& operator=(const Limit&) = delete;
    int slots;
  };

  Limit limit;
  tbb::task_arena arena;
  std::atomic<bool> taken = false;
};

Parallel::Parallel(Threads threads) noexcept : kind_(threads.kind) {
  if (kind_ == Threads::Kind::caller) return;
  if (threads.count < 0) {
    status_ = {.code = Code::threads_negative, .value = threads.count};
    return;
  }
  try {
    if (kind_ == Threads::Kind::host) return;
    concurrency_ = threads.count != 0 ? threads.count : tbb::info::default_concurrency();
    if (concurrency_ == 1) return;
    probe_threads(concurrency_ - 1);
    arena_ = std::make_unique<Arena>(concurrency_);
    concurrency_ = arena_->arena.max_concurrency();
  } catch (const std::bad_alloc&) {
    status_ = {.code = Code::out_of_memory};
  } catch (...) {
    status_ = {.code = Code::threads_failed};
  }
}

Parallel::~Parallel() = default;

int Parallel::concurrency() const noexcept {
  return kind_ == Threads::Kind::host ? tbb::this_task_arena::max_concurrency() : concurrency_;
}

Status Parallel::run(std::size_t tiles, TileFunction function, const void* tile_context) const noexcept {
  const auto run_here = [&]() noexcept {
    for (std::size_t i = 0; i < tiles; ++i) function(tile_context, i);
    return Status{};
  };
  if (tiles < 2 || concurrency() == 1) return run_here();
  // One caller at a time: a second one would have to wait for a slot, and its own thread is free now.
  if (arena_ && arena_->taken.exchange(true, std::memory_order_acquire)) return run_here();

  char entered = 0;  // what the annotations name: all that happened before the loop, and in its tiles
  char finished = 0;
  const unsigned mode = current_floating_point();
  const auto run_all = [&] {
    // A context of its own: a host whose task group was cancelled would otherwise skip tiles without a word.
    tbb::task_group_context context(tbb::task_group_context::isolated);
    const auto run_tiles = [&](const tbb::blocked_range<std::size_t>& range) {
      const FloatingPointMode as_caller(mode);
      __tsan_acquire(&entered);
      for (std::size_t i = range.begin(); i != range.end(); ++i) function(tile_context, i);
      __tsan_release(&finished);
    };
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, tiles), run_tiles, context);
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
