#include "perf/workload.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <random>

namespace rowan::perf {
namespace {

constexpr double usual_exponent = 1.05;

/// Uniform in [0, n), without the bias of a bare remainder.
std::uint64_t below(std::mt19937_64& random, std::uint64_t n) {
  const std::uint64_t partial = (0 - n) % n;  // 2^64 mod n
  std::uint64_t x = random();
  while (x < partial) x = random();
  return x % n;
}

/// Uniform in [0, 1).
double unit_interval(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

/// Ranks 1..n with probability ~ 1 / k^s, in constant time and memory: rejection-inversion (W. Hörmann and
/// G. Derflinger, 1996). H is an integral of x^-s; a rank is found by inverting it, and accepted at once
/// in most cases.
class Zipf {
 public:
  Zipf(std::uint64_t n, double s)
      : n_(n), s_(s), low_(integral(1.5) - 1), high_(integral(static_cast<double>(n) + 0.5)) {
    margin_ = 2 - inverse(integral(2.5) - std::pow(2.0, -s));
  }

  std::uint64_t operator()(std::mt19937_64& random) const {
    for (;;) {
      const double u = high_ + unit_interval(random) * (low_ - high_);
      const double x = inverse(u);
      const double k = std::clamp(std::floor(x + 0.5), 1.0, static_cast<double>(n_));
      if (k - x <= margin_ || u >= integral(k + 0.5) - std::pow(k, -s_)) return static_cast<std::uint64_t>(k);
    }
  }

 private:
  // (x^(1-s) - 1) / (1-s), which is log(x) at s = 1; expm1 and log1p keep it exact near there.
  double integral(double x) const {
    const double t = (1 - s_) * std::log(x);
    return std::abs(t) > 1e-12 ? std::expm1(t) / (1 - s_) : std::log(x);
  }
  double inverse(double y) const {
    const double t = std::max((1 - s_) * y, -1.0);
    return std::exp(std::abs(t) > 1e-12 ? std::log1p(t) / (1 - s_) : y);
  }

  std::uint64_t n_;
  double s_;
  double low_;
  double high_;
  double margin_ = 0;
};

/// A fixed shuffle of [0, n) without an array: four Feistel rounds over the next even number of bits, again
/// where the result falls beyond n.
class Shuffle {
 public:
  Shuffle(std::uint64_t n, std::uint64_t seed)
      : n_(n),
        half_bits_((static_cast<int>(std::bit_width(n - 1)) + 1) / 2),
        mask_((std::uint64_t{1} << half_bits_) - 1),
        seed_(seed) {}

  std::uint64_t operator()(std::uint64_t x) const {
    do {
      std::uint64_t left = x >> half_bits_;
      std::uint64_t right = x & mask_;
      for (std::uint64_t round = 1; round <= 4; ++round) {
        const std::uint64_t mixed = left ^ (mix(right + seed_ + (round << 56)) & mask_);
        left = right;
        right = mixed;
      }
      x = (left << half_bits_) | right;
    } while (x >= n_);
    return x;
  }

 private:
  static std::uint64_t mix(std::uint64_t x) {  // the finalizer of splitmix64
    x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9U;
    x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EBU;
    return x ^ (x >> 31);
  }

  std::uint64_t n_;
  int half_bits_;
  std::uint64_t mask_;
  std::uint64_t seed_;
};

}  // namespace

std::optional<Distribution> parse_distribution(std::string_view text) {
  constexpr std::string_view zipf = "zipf:";
  if (text == "uniform") return Distribution{};
  if (text == "zipf") return Distribution{usual_exponent};
  if (!text.starts_with(zipf)) return std::nullopt;
  double exponent = 0;
  const auto [end, error] = std::from_chars(text.data() + zipf.size(), text.data() + text.size(), exponent);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (!(exponent > 0 && exponent <= 10)) return std::nullopt;
  return Distribution{exponent};
}

std::string to_string(const Distribution& distribution) {
  if (distribution.uniform()) return "uniform";
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof digits, distribution.zipf_exponent).ptr;
  return "zipf:" + std::string(digits, end);
}

std::vector<std::int64_t> random_indices(std::uint64_t rows, std::size_t count, const Distribution& distribution,
                                         std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::int64_t> indices(count);
  if (distribution.uniform()) {
    for (std::int64_t& index : indices) index = static_cast<std::int64_t>(below(random, rows));
    return indices;
  }
  const Zipf zipf(rows, distribution.zipf_exponent);
  const Shuffle shuffle(rows, 0);  // the popular rows are the same for every seed
  for (std::int64_t& index : indices) index = static_cast<std::int64_t>(shuffle(zipf(random) - 1));
  return indices;
}

std::vector<std::int64_t> even_offsets(std::size_t bags, std::size_t length) {
  std::vector<std::int64_t> offsets(bags);
  for (std::size_t bag = 0; bag < bags; ++bag) offsets[bag] = static_cast<std::int64_t>(bag * length);
  return offsets;
}

IndexSets::IndexSets(std::uint64_t rows, std::size_t per_call, std::size_t calls, const Distribution& distribution,
                     std::uint64_t seed)
    : per_call_(per_call), calls_(calls), indices_(random_indices(rows, per_call * calls, distribution, seed)) {}

Timing summarize(std::vector<double> seconds) {
  const double least = *std::min_element(seconds.begin(), seconds.end());
  const std::size_t repetitions = seconds.size();
  return {.median = quantile(std::move(seconds), 0.5), .least = least, .repetitions = repetitions};
}

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double place = q * static_cast<double>(values.size() - 1);
  const auto below_it = static_cast<std::size_t>(place);
  const std::size_t above_it = std::min(below_it + 1, values.size() - 1);
  return values[below_it] + (place - static_cast<double>(below_it)) * (values[above_it] - values[below_it]);
}

}  // namespace rowan::perf
