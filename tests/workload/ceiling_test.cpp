// The ceilings: that their loops read the lines that they say they read, whatever way they ask ahead. How fast they are
// is for perf/compare.
#include "perf/ceiling.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <vector>

using namespace rowan::perf;

namespace {

constexpr std::uint64_t rows = 300;

/// What touch_rows() must return: a byte per 64 from a row's first on, and, where rows lie across lines, its last.
std::uint64_t expected(const RowMemory& memory, std::span<const std::int64_t> indices) {
  const bool across = memory.stride % 64 != 0 || reinterpret_cast<std::uintptr_t>(memory.rows) % 64 != 0;
  std::uint64_t sum = 0;
  for (const std::int64_t index : indices) {
    const std::byte* const row = memory.rows + static_cast<std::uint64_t>(index) * memory.stride;
    for (std::uint64_t at = 0; at < memory.bytes; at += 64) sum += static_cast<std::uint64_t>(row[at]);
    if (across) sum += static_cast<std::uint64_t>(row[memory.bytes - 1]);
  }
  return sum;
}

std::vector<std::byte> random_bytes(std::size_t count) {
  std::vector<std::byte> bytes(count);
  const std::vector<std::int64_t> values = random_indices(256, count, {}, 9);
  std::transform(values.begin(), values.end(), bytes.begin(), [](std::int64_t v) { return static_cast<std::byte>(v); });
  return bytes;
}

}  // namespace

TEST_CASE("the touch-only loop reads every line of every row, whatever it asks for ahead") {
  for (const std::uint64_t bytes : {1, 12, 64, 72, 100, 256, 960, 1024, 1032, 3072}) {
    const std::vector<std::byte> memory = random_bytes(rows * bytes);  // the last row ends where the memory does
    const RowMemory view{memory.data(), bytes, bytes};
    const std::vector<std::int64_t> indices = random_indices(rows, 501, {}, 4);
    for (const Ahead ahead : {Ahead{}, Ahead{16, 0}, Ahead{0, 8}, Ahead{32, 4}, Ahead{9999, 9999}}) {
      CAPTURE(bytes);
      CAPTURE(ahead.far);
      CHECK(touch_rows(view, indices, ahead) == expected(view, indices));
      for (const int threads : {1, 2, 3}) {
        Team team(threads);
        CHECK(touch_rows(view, indices, ahead, team) == expected(view, indices));
      }
    }
    CHECK(touch_rows(view, {}, {16, 4}) == 0);
  }
}

TEST_CASE("a team runs every part once, round after round, awake or asleep") {
  for (const int threads : {1, 2, 5}) {
    Team team(threads);
    CHECK(team.size() == threads);
    std::vector<std::atomic<int>> runs(static_cast<std::size_t>(threads));
    for (int round = 0; round < 200; ++round) {
      if (round % 50 == 49) std::this_thread::sleep_for(std::chrono::milliseconds(2));
      team.run([&](int i) { ++runs[static_cast<std::size_t>(i)]; });
      for (const auto& count : runs) REQUIRE(count == round + 1);
    }
  }
}

TEST_CASE("parts cover everything once") {
  for (const std::uint64_t count : {0, 1, 2, 7, 1000}) {
    for (const int parts : {1, 2, 3, 8}) {
      CHECK(part_begin(count, 0, parts) == 0);
      CHECK(part_begin(count, parts, parts) == count);
      for (int i = 0; i < parts; ++i) CHECK(part_begin(count, i, parts) <= part_begin(count, i + 1, parts));
    }
  }
}

TEST_CASE("ceilings are rates of these bytes") {
  // 8 MiB cannot be read in less than the clock can tell, nor, on any machine, in more than ten seconds.
  const std::vector<std::byte> memory = random_bytes(8 << 20);
  const IndexSets sets(memory.size() / 256, 4000, 4, {}, 1);
  for (const int threads : {1, 2}) {
    const double sequential = sequential_gb_per_second(memory, threads, 0.01);
    const double random = random_row_gb_per_second({memory.data(), 256, 256}, sets, threads, 0.01);
    for (const double rate : {sequential, random}) {
      CHECK(rate > 0.0008);
      CHECK(rate < 10'000);
    }
  }
}
