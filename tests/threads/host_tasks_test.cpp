// A host that uses oneTBB itself calls engines from its tasks, nested ones too, and inside its arenas, with each kind
// of Threads. The bits never differ from those of one thread.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "rowan/rowan.hpp"
#include "tests/support/effort.hpp"
#include "tests/threads/host_tasks.hpp"

namespace {

using rowan::Engine;
using rowan::EngineOptions;
using rowan::Threads;
using rowan::test::cases;
using rowan::test::HostArena;
using rowan::test::HostLimit;
using rowan::test::in_cancelled_task;
using rowan::test::in_tasks;
using rowan::test::thread_limit;

/// A call that is long enough for threads, and its answer by one thread.
class LargeCall {
 public:
  LargeCall() {
    values_.resize(rows * dim);
    for (std::size_t i = 0; i < values_.size(); ++i) values_[i] = static_cast<float>(scatter(i) % 2001) / 7.0F - 142.0F;
    indices_.resize(bags * bag_length);
    for (std::size_t i = 0; i < indices_.size(); ++i) indices_[i] = static_cast<std::int64_t>(scatter(i + 99) % rows);
    expected_ = run(Engine());
  }

  std::vector<float> run(const Engine& engine) const {
    std::vector<float> out(bags * dim, -1.0F);
    const rowan::TableView table = *rowan::TableView::over(std::span<const float>(values_), dim);
    const rowan::Bags call = rowan::Bags::fixed(indices_, bags);
    if (!engine.embedding_bag(table, call, out)) return {};
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

  std::vector<float> values_;
  std::vector<std::int64_t> indices_;
  std::vector<float> expected_;
};

const LargeCall& large_call() {
  static const LargeCall call;
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

TEST_CASE("an engine is called from the host's tasks, also from nested ones") {
  for (const Threads threads : kinds) {
    const Engine engine(EngineOptions{.threads = threads});
    std::atomic<int> right = 0;
    const auto call = [&] { right += large_call().answered(engine) ? 1 : 0; };
    in_tasks(4, [&] {
      call();
      in_tasks(2, call);
    });
    CHECK(right == 4 + 4 * 2);
  }
}

TEST_CASE("host threads call an engine inside one arena of the host") {
  HostArena arena(3);
  for (const Threads threads : kinds) {
    const Engine engine(EngineOptions{.threads = threads});
    CHECK(on_threads(4, [&] {
      bool right = false;
      arena.execute([&] { right = large_call().answered(engine); });
      return right;
    }));
  }
}

TEST_CASE("waiting for a lookup never runs the host's other tasks") {
  const Engine engine(EngineOptions{.threads = Threads::host()});
  std::atomic<bool> entered_twice = false;
  std::atomic<int> right = 0;
  in_tasks(16, [&] {
    static thread_local bool inside = false;
    if (inside) entered_twice = true;  // a lock that the host holds around its call would deadlock here
    inside = true;
    right += large_call().answered(engine) ? 1 : 0;
    inside = false;
  });
  CHECK_FALSE(entered_twice);
  CHECK(right == 16);
}

TEST_CASE("engines come and go while others work") {
  const Engine shared(EngineOptions{.threads = Threads::own(2)});
  const int rounds = cases(10);
  CHECK(on_threads(4, [&] {
    bool right = true;
    for (int i = 0; i < rounds; ++i) {
      const Engine mine(EngineOptions{.threads = Threads::own(2)});
      right = large_call().answered(mine) && large_call().answered(shared) && right;
    }
    return right;
  }));
}

TEST_CASE("a lookup in a cancelled task of the host is done all the same") {
  for (const Threads threads : kinds) {
    const Engine engine(EngineOptions{.threads = threads});
    bool right = false;
    in_cancelled_task([&] { right = large_call().answered(engine); });
    CHECK(right);
  }
}

TEST_CASE("an engine on the host's arena follows the caller from arena to arena") {
  HostArena one(1);
  HostArena three(3);
  const auto concurrency_in = [](HostArena& arena, const Engine& engine) {
    int concurrency = 0;
    arena.execute([&] { concurrency = engine.concurrency(); });
    return concurrency;
  };
  std::unique_ptr<Engine> engine;
  one.execute([&] { engine = std::make_unique<Engine>(EngineOptions{.threads = Threads::host()}); });
  CHECK(concurrency_in(one, *engine) == 1);
  CHECK(concurrency_in(three, *engine) == 3);
}

TEST_CASE("engines raise the limit of threads while they need it and never lower it") {
  const int usual = thread_limit();
  {
    const Engine eight(EngineOptions{.threads = Threads::own(usual + 6)});
    CHECK(thread_limit() == usual + 6);
    CHECK(eight.concurrency() == usual + 6);
    {
      const Engine three(EngineOptions{.threads = Threads::own(usual + 1)});
      CHECK(thread_limit() == usual + 6);
      CHECK(three.concurrency() == usual + 1);
    }
    CHECK(thread_limit() == usual + 6);
  }
  CHECK(thread_limit() == usual);

  const HostLimit raised(usual + 14);
  const Engine two(EngineOptions{.threads = Threads::own(2)});
  CHECK(thread_limit() == usual + 14);

  const HostLimit lowered(1);
  const Engine capped(EngineOptions{.threads = Threads::own(4)});
  CHECK(capped.concurrency() == 1);
  CHECK(large_call().answered(capped));
}
