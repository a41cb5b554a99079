// Proves that ThreadSanitizer sees through the annotations of engine/parallel.cpp. As "race", tiles write one
// variable and a report must follow; as "clean", each tile writes its own and the caller reads them: no report.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/parallel.hpp"

namespace {

constexpr std::size_t tiles = 64;

/// Returns once two tiles are at work, that is, on two threads. Relaxed: it must not order what tiles write.
bool meet(std::atomic<int>& at_work) noexcept {
  at_work.fetch_add(1, std::memory_order_relaxed);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (at_work.load(std::memory_order_relaxed) < 2) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const bool race = argc > 1 && std::string_view(argv[1]) == "race";
  const rowan::detail::Parallel parallel(rowan::Threads::own(2));

  std::atomic<int> at_work = 0;
  std::atomic<bool> met = true;
  std::vector<int> values(tiles, -1);
  const rowan::Status status = parallel.for_each(tiles, [&](std::size_t tile) noexcept {
    if (!meet(at_work)) met.store(false, std::memory_order_relaxed);
    values[race ? 0 : tile] = static_cast<int>(tile);
  });

  std::size_t right = 0;
  for (std::size_t tile = 0; tile < tiles; ++tile) right += values[tile] == static_cast<int>(tile) ? 1 : 0;
  if (!status || !met) {
    std::puts("the tiles did not run on two threads");
    return 1;
  }
  std::printf("%zu of %zu tiles wrote their own value\n", right, tiles);
  return race || right == tiles ? 0 : 1;
}
