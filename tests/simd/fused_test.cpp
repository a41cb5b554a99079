// a * b + c with one rounding, on every tier and in every floating-point mode, against std::fma. What is asked is the
// kernel of weighted sums, going on from rows of its own: its one row, by its one weight, is added to what is there.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <vector>

#include "engine/support/floating_point.hpp"
#include "simd/dispatch.hpp"
#include "tests/support/effort.hpp"
#include "tests/support/random_tables.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr unsigned flush_to_zero = 1U << 15;
constexpr unsigned denormals_are_zero = 1U << 6;
constexpr unsigned roundings[] = {0U << 13, 1U << 13, 2U << 13, 3U << 13};  // nearest, down, up, to zero

float power(int exponent) { return std::ldexp(1.0F, exponent); }

float mantissa(Random& random) {  // in [1, 2)
  return std::bit_cast<float>(0x3F80'0000U | static_cast<std::uint32_t>(below(random, 1U << 23)));
}

float signed_randomly(Random& random, float x) { return below(random, 2) == 0 ? x : -x; }

/// Rows of x and what w * x is added to.
struct Case {
  float w;
  std::vector<float> x;
  std::vector<float> c;
};

/// Products that are half of the addend's last place, or a hair more or less than that, so that a double cannot hold
/// the sum: in the middle of the range and among denormals; and any values at all.
Case random_case(Random& random, std::size_t columns) {
  Case made;
  const int kind = static_cast<int>(below(random, 8));
  const int exponent = static_cast<int>(below(random, 200)) - 100;
  const int ulps = 1 + static_cast<int>(below(random, 3));
  const float above = 1.0F + static_cast<float>(ulps) * power(-23);
  const float beneath = 1.0F - static_cast<float>(ulps) * power(-23);
  made.w = kind == 0 ? any_float(random) : signed_randomly(random, kind == 1 ? mantissa(random) : above);
  for (std::size_t i = 0; i < columns; ++i) {
    float x = signed_randomly(random, beneath);  // w * x is 1 less some 2^-46
    float c = any_float(random);
    if (kind == 0 || below(random, 8) == 0) {  // beside the others too: registers are taken as a whole
      made.x.push_back(any_float(random));
      made.c.push_back(c);
      continue;
    }
    if (kind == 1) {
      x = signed_randomly(random, mantissa(random) * power(exponent));
      c = signed_randomly(random, mantissa(random) * power(exponent + static_cast<int>(below(random, 120)) - 60));
    }
    if (kind >= 2 && kind <= 4) {  // half of the last place of c
      c = signed_randomly(random, mantissa(random) * power(exponent));
      x *= power(exponent - 24);
    }
    if (kind >= 5) {  // what is left is denormal, or next to it: products of some 2^-150
      x *= power(-126 - static_cast<int>(below(random, 24)));
      made.w = std::copysign(above, made.w);
      const auto bits = static_cast<std::uint32_t>(below(random, kind == 5 ? 4 : 0x0100'0000));
      c = signed_randomly(random, std::bit_cast<float>(bits));
    }
    made.x.push_back(x);
    made.c.push_back(c);
  }
  if (kind >= 6) made.w *= power(-1 - static_cast<int>(below(random, 24)));
  return made;
}

std::vector<float> added(const simd::KernelTable& kernels, const Case& given) {
  std::vector<float> out = given.c;
  const std::size_t dim = given.x.size();
  const std::size_t offsets[] = {0, 1};
  const std::int32_t index = 0;
  float base = 0;
  kernels.pool[static_cast<int>(simd::Element::f32)][static_cast<int>(simd::Op::weighted_sum)]
              [static_cast<int>(simd::IndexRead::low_32)](
                  {.rows = {reinterpret_cast<const std::byte*>(given.x.data()), dim * sizeof(float), dim, 0},
                   .indices = reinterpret_cast<const std::byte*>(&index),
                   .index_bytes = sizeof index,
                   .weights = &given.w,
                   .offsets = offsets,
                   .bags = 1,
                   .readable = 1,
                   .out = out.data(),
                   .out_stride = dim,
                   .prefetch = {0, 0},
                   .smallest = false,
                   .resume = true,
                   .to_resume = false,
                   .base = 0,
                   .base_out = &base});
  return out;
}

/// What two roundings, to double and then to float, make of it.
float rounded_twice(float a, float b, float c) {
  volatile double sum = static_cast<double>(a) * static_cast<double>(b) + static_cast<double>(c);
  return static_cast<float>(sum);
}

}  // namespace

TEST_CASE("a product is added with one rounding, in every mode, on every tier") {
  Random random(12);
  std::size_t compared = 0;
  std::size_t twice = 0;
  const int cases_of_mode = cases(20'000);
  for (int number = 0; number < simd::tier_count; ++number) {
    const simd::KernelTable* const kernels = simd::kernels_of(static_cast<simd::Tier>(number));
    if (kernels == nullptr) continue;
    for (const unsigned rounding : roundings) {
      for (const unsigned flags : {0U, flush_to_zero, denormals_are_zero, flush_to_zero | denormals_are_zero}) {
        for (int i = 0; i < cases_of_mode; ++i) {
          const Case given = random_case(random, 1 + below(random, 67));
          std::vector<float> wanted(given.x.size());
          std::vector<float> got;
          {
            const detail::FloatingPointMode mode(detail::default_floating_point | rounding | flags);
            got = added(*kernels, given);
            for (std::size_t c = 0; c < wanted.size(); ++c) wanted[c] = std::fma(given.w, given.x[c], given.c[c]);
            for (std::size_t c = 0; c < wanted.size(); ++c) {
              twice += same_bits(wanted[c], rounded_twice(given.w, given.x[c], given.c[c])) ? 0 : 1;
            }
          }
          for (std::size_t c = 0; c < wanted.size(); ++c) {
            if (same_bits(got[c], wanted[c])) continue;
            FAIL(std::string(kernels->name), " mode ", rounding | flags, ": ", given.w, " * ", given.x[c], " + ",
                 given.c[c], " is ", got[c], ", and std::fma says ", wanted[c]);
          }
          compared += wanted.size();
        }
      }
    }
  }
  MESSAGE(compared, " sums compared, ", twice, " of them wrong where rounded twice");
  CHECK(twice > compared / 100);
  if (!reduced_effort()) CHECK(compared >= 10'000'000);
}
