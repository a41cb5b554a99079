#include "tools/bench_latency.hpp"

#include <chrono>
#include <utility>

#include "perf/workload.hpp"

namespace rowan::tool {

std::vector<double> single_calls(double seconds, const std::function<void(std::size_t number)>& call) {
  constexpr std::size_t enough = 1000;  // for one of them to lie beyond p99.9
  constexpr std::size_t most = 1'000'000;
  using Clock = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;
  std::vector<double> microseconds;
  const auto start = Clock::now();
  for (auto before = start; microseconds.size() < most;) {
    const double spent = Seconds(before - start).count();
    if (spent >= 4 * seconds || (spent >= seconds && microseconds.size() >= enough)) break;
    call(microseconds.size());
    const auto after = Clock::now();
    microseconds.push_back(Seconds(after - before).count() * 1e6);
    before = after;
  }
  return microseconds;
}

perf::Percentiles percentiles_of(std::string what, const std::vector<double>& microseconds) {
  return {.what = std::move(what),
          .who = "rowan",
          .p50 = perf::quantile(microseconds, 0.5),
          .p99 = perf::quantile(microseconds, 0.99),
          .p999 = perf::quantile(microseconds, 0.999),
          .calls = microseconds.size()};
}

}  // namespace rowan::tool
