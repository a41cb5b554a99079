// Like engine/parallel.cpp not instrumented in the ThreadSanitizer build, because oneTBB is not: what its tasks
// guarantee is said by hand.
#include "tests/threads/host_tasks.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#if defined(ROWAN_ANNOTATE_THREADS)
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#else
static void __tsan_acquire(void*) {}
static void __tsan_release(void*) {}
#endif

namespace rowan::test {
namespace {

/// What body() sees and leaves is ordered with the thread that waits for it.
class Ordered {
 public:
  explicit Ordered(const std::function<void()>& body) : body_(body) { __tsan_release(&entered_); }
  ~Ordered() { __tsan_acquire(&finished_); }
  Ordered(const Ordered&) = delete;
  Ordered& operator=(const Ordered&) = delete;

  void run() {
    __tsan_acquire(&entered_);
    body_();
    __tsan_release(&finished_);
  }

 private:
  const std::function<void()>& body_;
  char entered_ = 0;
  char finished_ = 0;
};

}  // namespace

void in_tasks(int count, const std::function<void()>& body) {
  Ordered ordered(body);
  tbb::parallel_for(0, count, [&](int) { ordered.run(); });
}

void in_cancelled_task(const std::function<void()>& body) {
  Ordered ordered(body);
  tbb::task_group_context context;
  const auto cancel_and_run = [&](int) {
    context.cancel_group_execution();
    ordered.run();
  };
  tbb::parallel_for(0, 1, cancel_and_run, context);
}

int thread_limit() {
  return static_cast<int>(tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
}

struct HostLimit::State {
  tbb::global_control control;
};

HostLimit::HostLimit(int threads)
    : state_(new State{
          tbb::global_control(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads))}) {}
HostLimit::~HostLimit() = default;

struct HostArena::State {
  tbb::task_arena arena;
};

HostArena::HostArena(int slots) : state_(new State{tbb::task_arena(slots)}) {}
HostArena::~HostArena() = default;

void HostArena::execute(const std::function<void()>& body) {
  Ordered ordered(body);
  state_->arena.execute([&] { ordered.run(); });
}

}  // namespace rowan::test
