// One Engine called from many places at once: host threads, tasks of the host's oneTBB, nested calls, each kind of
// Threads. The bits never differ from those of one thread.
#include <doctest/doctest.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "rowan/rowan.hpp"
#include "tests/support/effort.hpp"

namespace {

using rowan::Engine;
using rowan::EngineOptions;
using rowan::Pooling;
using rowan::Threads;

/// A call that is long enough for threads, and its answer by one thread.
class LargeCall {
 public:
  explicit LargeCall(Pooling pooling) : options_{.pooling = pooling} {
    values_.resize(rows * dim);
    for (std::size_t i = 0; i < values_.size(); ++i) values_[i] = static_cast<float>(scatter(i) % 2001) / 7.0F - 142.0F;
    indices_.resize(bags * bag_length);
    for (std::size_t i = 0; i < indices_.size(); ++i) indices_[i] = static_cast<std::int64_t>(scatter(i + 99) % rows);
    expected_ = run(Engine());
  }

  std::vector<float> run(const Engine& engine) const {
    std::vector<float> out(bags * dim, -1.0F);
    const rowan::TableView table = *rowan::TableView::over(std::span<const float>(values_), dim);
    const rowan::FixedBags<std::int64_t> call{indices_, bags};
    if (!engine.embedding_bag(table, call, out, options_)) return {};
    return out;
  }

  bool same_bits(const std::vector<float>& out) const {
    return out.size() == expected_.size() && std::memcmp(out.data(), expected_.data(), out.size() * sizeof(float)) == 0;
  }
  bool answered(const Engine& engine) const { return same_bits(run(engine)); }

 private:
  static constexpr std::size_t rows = 5'000;
  static constexpr std::size_t dim = 48;
  static constexpr std::size_t bags = 8'000;
  static constexpr std::size_t bag_length = 5;

  static std::uint64_t scatter(std::uint64_t i) { return (i * 0x9E37'79B9'7F4A'7C15U) >> 20; }

  rowan::BagOptions options_;
  std::vector<float> values_;
  std::vector<std::int64_t> indices_;
  std::vector<float> expected_;
};

const LargeCall& large_call() {
  static const LargeCall call(Pooling::mean);
  return call;
}

/// Calls body() on `count` threads at once and tells whether all of them returned true.
template <class Body>
bool on_threads(int count, const Body& body) {
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&] { right += body() ? 1 : 0; });
  for (std::thread& thread : threads) thread.join();
  return right == count;
}

const Threads kinds[] = {Threads::caller(), Threads::host(), Threads::own(2), Threads::own(5), Threads::own()};

}  // namespace

TEST_CASE("every kind of threads gives the same bits") {
  for (const Pooling pooling : {Pooling::sum, Pooling::mean, Pooling::max}) {
    const LargeCall call(pooling);
    for (const Threads threads : kinds) CHECK(call.answered(Engine(EngineOptions{.threads = threads})));
  }
}

TEST_CASE("many host threads call one engine") {
  for (const Threads threads : kinds) {
    const Engine engine(EngineOptions{.threads = threads});
    const int calls = rowan::test::cases(10);
    CHECK(on_threads(6, [&] {
      bool right = true;
      for (int i = 0; i < calls; ++i) right = large_call().answered(engine) && right;
      return right;
    }));
  }
}

TEST_CASE("an engine is called from the host's tasks, also from nested ones") {
  for (const Threads threads : kinds) {
    const Engine engine(EngineOptions{.threads = threads});
    std::atomic<int> right = 0;
    tbb::parallel_for(0, 4, [&](int) {
      right += large_call().answered(engine) ? 1 : 0;
      tbb::parallel_for(0, 2, [&](int) { right += large_call().answered(engine) ? 1 : 0; });
    });
    CHECK(right == 4 * 3);
  }
}

TEST_CASE("an engine is called inside an arena of the host") {
  tbb::task_arena arena(3);
  for (const Threads threads : kinds) {
    const Engine engine(EngineOptions{.threads = threads});
    CHECK(on_threads(4, [&] { return arena.execute([&] { return large_call().answered(engine); }); }));
  }
}

TEST_CASE("waiting for a lookup never runs the host's other tasks") {
  const Engine engine(EngineOptions{.threads = Threads::host()});
  thread_local bool inside = false;
  std::atomic<bool> entered_twice = false;
  std::atomic<int> right = 0;
  tbb::parallel_for(0, 16, [&](int) {
    if (inside) entered_twice = true;  // the lock that a host may hold around its call would deadlock here
    inside = true;
    right += large_call().answered(engine) ? 1 : 0;
    inside = false;
  });
  CHECK_FALSE(entered_twice);
  CHECK(right == 16);
}

TEST_CASE("engines come and go while others work") {
  const Engine shared(EngineOptions{.threads = Threads::own(2)});
  CHECK(on_threads(4, [&] {
    bool right = true;
    for (int i = 0; i < rowan::test::cases(10); ++i) {
      const Engine mine(EngineOptions{.threads = Threads::own(2)});
      right = large_call().answered(mine) && large_call().answered(shared) && right;
    }
    return right;
  }));
}
