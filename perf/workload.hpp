// Workloads for measuring lookups: random indices of known skew, and the timing of calls.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rowan::perf {

/// How often each row is asked for.
struct Distribution {
  double zipf_exponent = 0;  ///< 0: uniform; s > 0: the k-th most popular row has probability ~ 1 / k^s

  bool uniform() const noexcept { return zipf_exponent == 0; }
};

/// "uniform", "zipf" (exponent 1.05) or "zipf:EXPONENT" with 0 < EXPONENT <= 10; empty for anything else.
std::optional<Distribution> parse_distribution(std::string_view text);
std::string to_string(const Distribution& distribution);

/// `count` indices into a table of `rows` >= 1 rows. The same arguments give the same indices everywhere.
/// Popular rows of a Zipf distribution are scattered over the table, as hashed ids are.
std::vector<std::int64_t> random_indices(std::uint64_t rows, std::size_t count, const Distribution& distribution,
                                         std::uint64_t seed);

/// Offsets of `bags` bags of one length: PyTorch's form without the last one.
std::vector<std::int64_t> even_offsets(std::size_t bags, std::size_t length);

/// Random indices for many calls, so that no call finds the rows of the one before it in cache.
class IndexSets {
 public:
  IndexSets(std::uint64_t rows, std::size_t per_call, std::size_t calls, const Distribution& distribution,
            std::uint64_t seed);
  /// Calls of `per_call` of these indices each, which are at least so many; what is left at the end is left out.
  IndexSets(std::vector<std::int64_t> indices, std::size_t per_call)
      : per_call_(per_call), calls_(indices.size() / per_call), indices_(std::move(indices)) {}

  std::size_t size() const noexcept { return calls_; }
  std::span<const std::int64_t> operator[](std::size_t call) const noexcept {
    return std::span(indices_).subspan(call * per_call_, per_call_);
  }

 private:
  std::size_t per_call_;
  std::size_t calls_;
  std::vector<std::int64_t> indices_;
};

struct Timing {
  double median = 0;  ///< seconds
  double least = 0;
  std::size_t repetitions = 0;
};

/// Of at least one value.
Timing summarize(std::vector<double> seconds);

/// The value below which a share q in [0, 1] of the values lies, interpolated between neighbours; 0 of none.
double quantile(std::vector<double> values, double q);

/// Times `work()` again and again, at least `least_repetitions` times and until `budget` seconds are over.
/// Run it once before, so that the first pages and tasks are not timed.
template <class Work>
Timing measure(double budget, std::size_t least_repetitions, const Work& work) {
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  std::vector<double> seconds;
  for (const auto start = Clock::now(); seconds.size() < least_repetitions || since(start) < budget;) {
    const auto one = Clock::now();
    work();
    seconds.push_back(since(one));
  }
  return summarize(std::move(seconds));
}

}  // namespace rowan::perf
