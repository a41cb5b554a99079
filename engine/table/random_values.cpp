// Uniform and normal numbers whose bits are the same everywhere.
#include "engine/table/random_values.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>

#include "engine/support/error.hpp"
#include "engine/table/philox.hpp"

namespace rowan::detail {
namespace {

struct Pair {
  double first;
  double second;
};

// Coefficients of the series, so that no call divides: the compiler rounds them as the processor would.
constexpr int logarithm_terms = 11;
constexpr int circle_terms = 8;

constexpr auto odd_reciprocals = [] {
  std::array<double, logarithm_terms> table = {};
  for (int k = 0; k < logarithm_terms; ++k) table[k] = 1.0 / (2 * k + 1);
  return table;
}();
constexpr auto circle_factors = [] {
  std::array<Pair, circle_terms> table = {};
  for (int k = 1; k <= circle_terms; ++k) table[k - 1] = {1.0 / (2 * k * (2 * k - 1)), 1.0 / (2 * k * (2 * k + 1))};
  return table;
}();

/// ln x for a normal x > 0; error below 2e-16 of the result or 1e-16, whichever is larger.
double logarithm(double x) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  auto exponent = static_cast<double>(static_cast<std::int64_t>(bits >> 52) - 1023);
  auto mantissa = std::bit_cast<double>((bits & 0x000F'FFFF'FFFF'FFFFU) | 0x3FF0'0000'0000'0000U);
  const bool upper = mantissa > std::numbers::sqrt2;
  mantissa = upper ? mantissa * 0.5 : mantissa;
  exponent = upper ? exponent + 1.0 : exponent;
  // ln m = 2 artanh s with s = (m - 1) / (m + 1), |s| < 0.172: the series to s^21.
  const double s = (mantissa - 1.0) / (mantissa + 1.0);
  const double square = s * s;
  double sum = 0.0;
  for (int k = logarithm_terms - 1; k >= 0; --k) sum = sum * square + odd_reciprocals[k];
  return exponent * std::numbers::ln2 + 2.0 * s * sum;
}

/// Cosine and sine of word / 2^32 turns, by Taylor's series within an eighth of a turn around each quarter.
Pair cosine_and_sine(std::uint32_t word) noexcept {
  const std::uint32_t shifted = word + 0x2000'0000U;
  const double turn = (static_cast<double>(shifted & 0x3FFF'FFFFU) - 0x2000'0000) * 0x1p-32;
  const double angle = turn * (2.0 * std::numbers::pi);
  const double square = angle * angle;
  double cosine = 1.0;
  double sine = 1.0;
  for (int k = circle_terms - 1; k >= 0; --k) {
    cosine = 1.0 - cosine * (square * circle_factors[k].first);
    sine = 1.0 - sine * (square * circle_factors[k].second);
  }
  sine = sine * angle;
  switch (shifted >> 30) {
    case 0:
      return {cosine, sine};
    case 1:
      return {-sine, cosine};
    case 2:
      return {-cosine, -sine};
    default:
      return {sine, -cosine};
  }
}

Pair normal_pair(std::uint32_t radius_word, std::uint32_t angle_word) noexcept {
  const double u = (static_cast<double>(radius_word) + 1.0) * 0x1p-32;  // in (0, 1]
  const double radius = std::sqrt(-2.0 * logarithm(u));
  const Pair direction = cosine_and_sine(angle_word);
  return {radius * direction.first, radius * direction.second};
}

void uniform_block(const Init& init, const PhiloxCounter& words, float* out) noexcept {
  const double low = init.a;
  const double width = static_cast<double>(init.b) - low;
  for (std::size_t k = 0; k < 4; ++k) {
    const double u = static_cast<double>(words[k] >> 8) * 0x1p-24;
    out[k] = static_cast<float>(low + u * width);
  }
}

void normal_block(const Init& init, const PhiloxCounter& words, float* out) noexcept {
  const Pair front = normal_pair(words[0], words[1]);
  const Pair back = normal_pair(words[2], words[3]);
  const double values[4] = {front.first, front.second, back.first, back.second};
  for (std::size_t k = 0; k < 4; ++k) out[k] = static_cast<float>(init.a + init.b * values[k]);
}

}  // namespace

std::optional<Error> check_init(const Init& init) {
  if (init.kind == Init::Kind::zeros) return std::nullopt;
  if (!std::isfinite(init.a) || !std::isfinite(init.b)) {
    return make_error(Code::invalid_argument, "the bounds, or mean and deviation, of new values must be finite");
  }
  if (init.kind == Init::Kind::uniform && init.a > init.b) {
    return make_error(Code::invalid_argument, "the lower bound ", init.a, " of uniform values is above the upper, ",
                      init.b);
  }
  if (init.kind == Init::Kind::normal && init.b < 0.0F) {
    return make_error(Code::invalid_argument, "the standard deviation of normal values is ", init.b,
                      "; it is not negative");
  }
  return std::nullopt;
}

void random_values(const Init& init, std::uint64_t first, std::span<float> values) noexcept {
  if (init.kind == Init::Kind::zeros) {
    std::fill(values.begin(), values.end(), 0.0F);
    return;
  }
  const auto make_block = init.kind == Init::Kind::uniform ? uniform_block : normal_block;
  for (std::size_t done = 0; done < values.size(); done += 4) {
    const PhiloxCounter words = philox_words(init.seed, (first + done) / 4);
    if (values.size() - done >= 4) {
      make_block(init, words, values.data() + done);
      continue;
    }
    float block[4];
    make_block(init, words, block);
    std::copy_n(block, values.size() - done, values.data() + done);
  }
}

}  // namespace rowan::detail
