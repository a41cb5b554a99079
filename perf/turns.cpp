#include "perf/turns.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "perf/workload.hpp"

namespace rowan::perf {
namespace {

constexpr std::size_t least_calls = 3;  // in a sample: one may be interrupted

}  // namespace

std::vector<Series> take_turns(std::span<const Side> sides, const Turns& turns, double units) {
  std::size_t number = 0;
  std::vector<Series> series;
  std::vector<std::size_t> calls;
  const auto settle = [](const Side& side) {
    if (side.settle > 0) std::this_thread::sleep_for(std::chrono::duration<double>(side.settle));
  };
  for (const Side& side : sides) {
    const double one = measure(turns.warm, 3, [&] { side.call(number++); }).least;
    calls.push_back(std::max(least_calls, static_cast<std::size_t>(turns.seconds / one)));
    series.push_back({side.who, {}});
    settle(side);
  }
  for (std::size_t sample = 0; sample < turns.samples; ++sample) {
    for (std::size_t i = 0; i < sides.size(); ++i) {
      const Side& side = sides[i];
      static_cast<void>(measure(turns.warm, 1, [&] { side.call(number++); }));
      const double seconds = measure(0, calls[i], [&] { side.call(number++); }).median;
      series[i].samples.push_back(seconds * 1e9 / units);
      settle(side);
    }
  }
  return series;
}

}  // namespace rowan::perf
