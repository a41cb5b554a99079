// Stochastic rounding of 16-bit weights: between its two neighbours as often as it is near, never a value that the type
// has, and a function of seed, step, row and column alone.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "rowan/engine.hpp"
#include "rowan/optimizer.hpp"
#include "simd/number.hpp"

using namespace rowan;

namespace {

constexpr std::uint64_t rows = 64;
constexpr std::uint64_t dim = 256;

float widened(DType dtype, std::uint16_t bits) {
  return dtype == DType::f16 ? simd::decode_f16(bits) : simd::decode_bf16(bits);
}

std::vector<std::int64_t> all_rows() {
  std::vector<std::int64_t> indices(rows);
  for (std::uint64_t r = 0; r < rows; ++r) indices[r] = static_cast<std::int64_t>(r);
  return indices;
}

/// A table of zeros to which the value is added once by a step with lr 1: what each weight became.
std::vector<std::uint16_t> rounded(DType dtype, float value, std::uint64_t seed, std::uint64_t steps_before = 0) {
  static const Engine engine;
  std::vector<std::uint16_t> weights(rows * dim);
  const MutableTableView table = *MutableTableView::over(std::as_writable_bytes(std::span(weights)), rows, dim, dtype);
  Optimizer optimizer =
      std::move(Optimizer::create(table, Sgd{.lr = 1.0F}, {.rounding = Rounding::stochastic, .seed = seed})).value();
  optimizer.resume_from(steps_before);
  const std::vector<std::int64_t> indices = all_rows();
  const std::vector<float> gradient(rows * dim, -value);
  const Status status =
      optimizer.step(engine, table, LookupGradient::of_embedding(indices, gradient), {.non_finite = NonFinite::keep});
  REQUIRE_MESSAGE(status.ok(), status.message(table));
  return weights;
}

}  // namespace

TEST_CASE("a weight goes up as often as it is near to what is above") {
  // Ordinary values, one just above a neighbour, both signs, the denormals of f16, the smallest and the largest
  // exponents.
  const float values[] = {1.0003F,  -1.0003F, 0.3F,    -123.456F, 3.14159F,  1.00001F, 0.9999F,
                          1.23e-5F, -4.4e-6F, 7.7e-8F, 3.3e-8F,   60'000.5F, 2.5e-3F,  -0.0714F};
  for (const DType dtype : {DType::f16, DType::bf16}) {
    std::uint64_t seed = 1;
    for (const float value : values) {
      const std::vector<std::uint16_t> weights = rounded(dtype, value, seed++);
      // The neighbours: what is seen must be two values next to each other, with the value between them.
      float under = widened(dtype, weights[0]);
      float above = under;
      std::size_t ups = 0;
      for (const std::uint16_t bits : weights) {
        under = std::min(under, widened(dtype, bits));
        above = std::max(above, widened(dtype, bits));
      }
      CHECK(under <= value);
      CHECK(value <= above);
      const auto encoded = [&](float x) { return dtype == DType::f16 ? simd::encode_f16(x) : simd::encode_bf16(x); };
      if (under < above) {  // the bits of neighbours of one sign differ by one
        CHECK(std::abs(static_cast<int>(encoded(under) & 0x7FFF) - static_cast<int>(encoded(above) & 0x7FFF)) == 1);
      }
      for (const std::uint16_t bits : weights) {
        const float seen = widened(dtype, bits);
        CHECK((seen == under || seen == above));
        ups += seen == above ? 1 : 0;
      }
      if (under == above) continue;  // so near to one that 16,384 draws never gave the other
      const double n = static_cast<double>(weights.size());
      const double chance = (static_cast<double>(value) - static_cast<double>(under)) /
                            (static_cast<double>(above) - static_cast<double>(under));
      // Five standard deviations of the count, and what 2^-14 of a unit of random bits may be coarse by.
      const double allowed = 5 * std::sqrt(n * chance * (1 - chance)) + n * 0x1p-13;
      CHECK_MESSAGE(std::abs(static_cast<double>(ups) - n * chance) <= allowed, to_string(dtype), " ", value, ": up ",
                    ups, " times of ", weights.size(), " for a chance of ", chance);
    }
  }
}

TEST_CASE("updates too small for the type count on average, and are lost to nearest") {
  const Engine engine;
  constexpr float update = 0x1p-13F;  // 1/16 of the unit of f16 above 1, 1/128 of that of bf16
  constexpr int steps = 64;
  const std::vector<std::int64_t> indices = all_rows();
  const std::vector<float> gradient(rows * dim, -update);
  for (const DType dtype : {DType::f16, DType::bf16}) {
    for (const Rounding rounding : {Rounding::nearest, Rounding::stochastic}) {
      std::vector<std::uint16_t> weights(rows * dim,
                                         dtype == DType::f16 ? simd::encode_f16(1.0F) : simd::encode_bf16(1.0F));
      const MutableTableView table =
          *MutableTableView::over(std::as_writable_bytes(std::span(weights)), rows, dim, dtype);
      Optimizer optimizer =
          std::move(Optimizer::create(table, Sgd{.lr = 1.0F}, {.rounding = rounding, .seed = 42})).value();
      for (int step = 0; step < steps; ++step) {
        REQUIRE(optimizer.step(engine, table, LookupGradient::of_embedding(indices, gradient)).ok());
      }
      double sum = 0;
      for (const std::uint16_t bits : weights) sum += static_cast<double>(widened(dtype, bits)) - 1.0;
      const double mean = sum / static_cast<double>(weights.size());
      if (rounding == Rounding::nearest) {
        CHECK(mean == 0.0);
        continue;
      }
      // Each step adds a unit with the chance update / unit: the variance of a weight is under steps * update * unit.
      const double unit = dtype == DType::f16 ? 0x1p-10 : 0x1p-7;
      const double deviation = std::sqrt(steps * static_cast<double>(update) * unit / static_cast<double>(rows * dim));
      CHECK_MESSAGE(std::abs(mean - steps * static_cast<double>(update)) <= 5 * deviation, to_string(dtype), ": ",
                    mean);
    }
  }
}

TEST_CASE("a value that the type has stays as it is, whatever is drawn") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const DType dtype : {DType::f16, DType::bf16}) {
    std::size_t compared = 0;
    for (std::uint32_t bits = 0; bits < 0x10000; bits += 97) {
      const auto exact = static_cast<std::uint16_t>(bits);
      const float value = widened(dtype, exact);
      if (std::isnan(value)) continue;
      const std::vector<std::uint16_t> weights = rounded(dtype, value, bits);
      // 0 - 1 * 0 is +0 whatever the sign of the second.
      const auto kept = std::count_if(weights.begin(), weights.end(),
                                      [&](std::uint16_t seen) { return widened(dtype, seen) == value; });
      CHECK_MESSAGE(kept == static_cast<std::ptrdiff_t>(weights.size()), to_string(dtype), " ", value);
      compared += weights.size();
    }
    MESSAGE(compared, " weights compared");
    CHECK(compared > 1'000'000);
    for (const std::uint16_t seen : rounded(dtype, std::numeric_limits<float>::quiet_NaN(), 3)) {
      CHECK(std::isnan(widened(dtype, seen)));
    }
    for (const std::uint16_t seen : rounded(dtype, -infinity, 3)) CHECK(widened(dtype, seen) == -infinity);
  }
}

TEST_CASE("the bits are those of seed, step, row and column, and of nothing else") {
  const Engine engine;
  for (const DType dtype : {DType::f16, DType::bf16}) {
    const std::vector<std::uint16_t> first = rounded(dtype, 1.0003F, 7);
    CHECK(rounded(dtype, 1.0003F, 7) == first);
    CHECK(rounded(dtype, 1.0003F, 8) != first);
    CHECK(rounded(dtype, 1.0003F, 7, 1) != first);
    // No two rows and no two columns draw the same.
    for (std::uint64_t r = 1; r < rows; ++r) {
      CHECK(!std::equal(first.begin(), first.begin() + dim, first.begin() + static_cast<std::ptrdiff_t>(r * dim)));
    }
    std::size_t equal_columns = 0;
    for (std::uint64_t c = 1; c < dim; ++c) {
      bool equal = true;
      for (std::uint64_t r = 0; r < rows; ++r) equal = equal && first[r * dim] == first[r * dim + c];
      equal_columns += equal ? 1 : 0;
    }
    CHECK(equal_columns <= dim / 16);  // of bf16, where 1.0003 seldom goes up, some never do

    // Alone, or after others, in a narrower table and from another gradient's place, a row draws the same.
    constexpr std::uint64_t narrow = 19;
    std::vector<std::uint16_t> weights(rows * narrow);
    const MutableTableView table =
        *MutableTableView::over(std::as_writable_bytes(std::span(weights)), rows, narrow, dtype);
    Optimizer optimizer =
        std::move(Optimizer::create(table, Sgd{.lr = 1.0F}, {.rounding = Rounding::stochastic, .seed = 7})).value();
    const std::vector<std::int64_t> indices = {40, 3, 63};
    const std::vector<float> gradient(3 * narrow, -1.0003F);
    REQUIRE(optimizer.step(engine, table, LookupGradient::of_embedding(indices, gradient)).ok());
    for (const std::int64_t row : indices) {
      const auto r = static_cast<std::uint64_t>(row);
      for (std::uint64_t c = 0; c < narrow; ++c) CHECK(weights[r * narrow + c] == first[r * dim + c]);
    }
  }
}
