#include "perf/ceiling.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <utility>

namespace rowan::perf {
namespace {

constexpr std::uint64_t line = 64;

constexpr Ahead ways[] = {
    {0, 0},  {8, 0},  {16, 0}, {24, 0}, {32, 0}, {48, 0}, {64, 0}, {96, 0}, {0, 4},  {0, 8},  {0, 16},
    {0, 24}, {0, 32}, {0, 48}, {16, 4}, {24, 4}, {32, 4}, {48, 4}, {64, 4}, {32, 8}, {48, 8}, {64, 8},
};

/// Rows of more lines than this are touched in blocks of as many.
constexpr int block_lines = 16;

struct Shape {
  std::uint64_t blocks;  ///< of block_lines lines, before the rest
  std::uint64_t last;    ///< a row's last byte, which of rows that lie across lines may be on one more
};

/// Line by line of a row: asks for the line of the rows ahead, then reads its own. In straight-line code: on a Zen 3 a
/// loop over the lines took 10 to 30% longer, so that a pooling kernel without one was faster than the "ceiling";
/// asking for a whole row and then reading one took longer, too.
template <int rest, bool also_last, bool far, bool near>
std::uint64_t touch(const RowMemory& memory, std::span<const std::int64_t> indices, Ahead ahead, Shape shape) {
  std::uint64_t sum = 0;
  const std::size_t count = indices.size();
  const auto row = [&](std::size_t i) {
    return memory.rows + static_cast<std::uint64_t>(indices[i < count ? i : count - 1]) * memory.stride;
  };
  for (std::size_t i = 0; i < count; ++i) {
    const std::byte* now = row(i);
    const std::byte* soon = near ? row(i + ahead.near) : nullptr;
    const std::byte* later = far ? row(i + ahead.far) : nullptr;
    const auto step = [&](std::uint64_t at) {
      if (far) __builtin_prefetch(later + at, 0, 2);
      if (near) __builtin_prefetch(soon + at, 0, 3);
      sum += static_cast<std::uint64_t>(now[at]);
    };
    if (also_last) step(shape.last);
    for (std::uint64_t block = 0; block < shape.blocks; ++block) {
#pragma GCC unroll 16
      for (int i_line = 0; i_line < block_lines; ++i_line) step(static_cast<std::uint64_t>(i_line) * line);
      now += block_lines * line;
      if (near) soon += block_lines * line;
      if (far) later += block_lines * line;
    }
#pragma GCC unroll 16
    for (int i_line = 0; i_line < rest; ++i_line) step(static_cast<std::uint64_t>(i_line) * line);
  }
  return sum;
}

using Touch = std::uint64_t (*)(const RowMemory&, std::span<const std::int64_t>, Ahead, Shape);

template <bool also_last, bool far, bool near, int... rests>
constexpr std::array<Touch, sizeof...(rests)> touches(std::integer_sequence<int, rests...>) {
  return {&touch<rests, also_last, far, near>...};
}

template <bool far, bool near>
std::uint64_t touch_shaped(const RowMemory& memory, std::span<const std::int64_t> indices, Ahead ahead) {
  using Rests = std::make_integer_sequence<int, block_lines>;
  static constexpr std::array<Touch, block_lines> whole = touches<false, far, near>(Rests{});
  static constexpr std::array<Touch, block_lines> across = touches<true, far, near>(Rests{});
  const std::uint64_t lines = (memory.bytes + line - 1) / line;
  const bool aligned = memory.stride % line == 0 && reinterpret_cast<std::uintptr_t>(memory.rows) % line == 0;
  const Shape shape{lines / block_lines, memory.bytes - 1};
  return (aligned ? whole : across)[lines % block_lines](memory, indices, ahead, shape);
}

/// Keeps a value that nothing else uses.
void keep(std::uint64_t value) { asm volatile("" : : "r"(value)); }

/// Four sums, so that no addition waits for the one before it; lines asked for `ahead` bytes before they are read.
std::uint64_t read_all(std::span<const std::byte> bytes, std::size_t ahead) {
  std::array<std::uint64_t, 4> sums{};
  for (std::size_t at = 0; at + line <= bytes.size(); at += line) {
    if (ahead != 0) __builtin_prefetch(bytes.data() + std::min(at + ahead, bytes.size() - 1), 0, 2);
    std::array<std::uint64_t, 8> words;
    std::memcpy(words.data(), bytes.data() + at, line);
    for (std::size_t i = 0; i < 4; ++i) sums[i] += words[i] + words[i + 4];
  }
  return sums[0] + sums[1] + sums[2] + sums[3];
}

}  // namespace

std::uint64_t touch_rows(const RowMemory& memory, std::span<const std::int64_t> indices, Ahead ahead) {
  if (ahead.far != 0 && ahead.near != 0) return touch_shaped<true, true>(memory, indices, ahead);
  if (ahead.far != 0) return touch_shaped<true, false>(memory, indices, ahead);
  if (ahead.near != 0) return touch_shaped<false, true>(memory, indices, ahead);
  return touch_shaped<false, false>(memory, indices, ahead);
}

std::uint64_t touch_rows(const RowMemory& memory, std::span<const std::int64_t> indices, Ahead ahead, Team& team) {
  std::atomic<std::uint64_t> sum{0};
  team.run([&](int i) {
    const std::uint64_t begin = part_begin(indices.size(), i, team.size());
    const std::uint64_t end = part_begin(indices.size(), i + 1, team.size());
    sum += touch_rows(memory, indices.subspan(begin, end - begin), ahead);
  });
  return sum;
}

Ahead fastest_ahead(const RowMemory& memory, const IndexSets& sets, std::size_t per_call, Team& team) {
  constexpr std::size_t rounds = 3;
  std::array<double, std::size(ways)> least;
  least.fill(1e300);
  std::size_t next = 0;
  // Round by round and not way by way: a disturbance of the machine then falls on several ways, not on all tries of
  // one.
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t way = 0; way < std::size(ways); ++way) {
      const Timing timing =
          measure(0, 1, [&] { keep(touch_rows(memory, sets[next++ % sets.size()].first(per_call), ways[way], team)); });
      least[way] = std::min(least[way], timing.least);
    }
  }
  return ways[std::min_element(least.begin(), least.end()) - least.begin()];
}

double random_row_gb_per_second(const RowMemory& memory, const IndexSets& sets, int threads, double seconds) {
  Team team(threads);
  const Ahead ahead = fastest_ahead(memory, sets, sets[0].size(), team);
  std::size_t next = 0;
  const Timing timing = measure(seconds, 7, [&] { keep(touch_rows(memory, sets[next++ % sets.size()], ahead, team)); });
  return static_cast<double>(sets[0].size() * memory.bytes) / timing.median / 1e9;
}

double sequential_gb_per_second(std::span<const std::byte> bytes, int threads, double seconds) {
  Team team(threads);
  std::size_t pass = 0;
  // The processor's own prefetching, and 4 KiB ahead of it: on a Zen 3 the second was up to 1.8 times as fast.
  const Timing timing = measure(seconds, 4, [&] {
    const std::size_t ahead = pass++ % 2 != 0 ? 4096 : 0;
    team.run([&](int i) {
      const std::uint64_t begin = part_begin(bytes.size(), i, threads);
      keep(read_all(bytes.subspan(begin, part_begin(bytes.size(), i + 1, threads) - begin), ahead));
    });
  });
  return static_cast<double>(bytes.size()) / timing.least / 1e9;
}

}  // namespace rowan::perf
