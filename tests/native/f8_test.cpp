// The conversions to and from 8-bit floats, against their definition: the nearest of all values, the even of two.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "simd/number.hpp"
#include "tests/support/effort.hpp"

using namespace rowan;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

struct Format {
  float (*decode)(std::uint8_t) noexcept;
  std::uint8_t (*encode)(float, bool) noexcept;
  int greatest;   // the code of the greatest value
  double beyond;  // what the code after it would be, were it a number
};
constexpr Format e4m3{simd::decode_f8_e4m3, simd::encode_f8_e4m3, 0x7E, 480};
constexpr Format e5m2{simd::decode_f8_e5m2, simd::encode_f8_e5m2, 0x7B, 65536};

/// The code nearest to x by looking at all of them; of two as near, the even one. NaN gives 0x7F.
int nearest_code(const Format& format, float x) {
  const double magnitude = std::abs(static_cast<double>(x));
  if (std::isnan(x)) return 0x7F | (std::signbit(x) ? 0x80 : 0);
  int best = 0;
  double distance = magnitude;
  for (int code = 1; code <= format.greatest + 1; ++code) {
    const double value = code > format.greatest ? format.beyond : format.decode(static_cast<std::uint8_t>(code));
    const double other = std::abs(value - magnitude);
    if (other > distance || (other == distance && code % 2 != 0)) continue;
    best = code;
    distance = other;
  }
  if (magnitude > format.beyond) best = format.greatest + 1;  // where distances have no bits left
  return best | (std::signbit(x) ? 0x80 : 0);
}

std::size_t wrong_of(const Format& format) {
  std::size_t wrong = 0;
  const std::uint64_t step = 0x1'0000'0000U / static_cast<std::uint64_t>(test::cases(2'000'000)) | 1;
  for (std::uint64_t bits = 0; bits < 0x1'0000'0000U; bits += step) {
    const float x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    wrong += format.encode(x, false) != nearest_code(format, x);
  }
  // Every value, every middle of two and the floats beside it.
  for (int code = 0; code < format.greatest; ++code) {
    const float low = format.decode(static_cast<std::uint8_t>(code));
    const float middle = low + (format.decode(static_cast<std::uint8_t>(code + 1)) - low) / 2;
    for (const float x : {low, middle, std::nextafter(middle, 0.0F), std::nextafter(middle, infinity)}) {
      wrong += format.encode(x, false) != nearest_code(format, x);
      wrong += format.encode(-x, false) != nearest_code(format, -x);
    }
  }
  return wrong;
}

}  // namespace

TEST_CASE("f8 values are the nearest ones") {
  CHECK(wrong_of(e4m3) == 0);
  CHECK(wrong_of(e5m2) == 0);
}

TEST_CASE("f8 values come back as they were, NaN as NaN") {
  for (const Format& format : {e4m3, e5m2}) {
    for (int code = 0; code < 256; ++code) {
      const float x = format.decode(static_cast<std::uint8_t>(code));
      if (std::isnan(x)) {
        CHECK(std::isnan(format.decode(format.encode(x, false))));
        CHECK(std::isnan(format.decode(format.encode(x, true))));
      } else {
        CHECK(format.encode(x, false) == code);
      }
    }
  }
}

TEST_CASE("what is beyond f8's range is NaN or infinity, or the greatest value where that is asked for") {
  CHECK(simd::encode_f8_e4m3(464) == 0x7E);  // half way to 480, and 448 is even
  CHECK(simd::encode_f8_e4m3(std::nextafter(464.0F, infinity)) == 0x7F);
  CHECK(simd::encode_f8_e4m3(-500) == 0xFF);
  CHECK(simd::encode_f8_e4m3(infinity) == 0x7F);
  CHECK(simd::encode_f8_e5m2(std::nextafter(61440.0F, 0.0F)) == 0x7B);
  CHECK(simd::encode_f8_e5m2(61440) == 0x7C);  // half way to 65536, which would be even
  CHECK(simd::encode_f8_e5m2(-infinity) == 0xFC);
  for (const float x : {465.0F, 1e30F, infinity}) {
    CHECK(simd::decode_f8_e4m3(simd::encode_f8_e4m3(x, true)) == 448);
    CHECK(simd::decode_f8_e4m3(simd::encode_f8_e4m3(-x, true)) == -448);
    CHECK(simd::decode_f8_e5m2(simd::encode_f8_e5m2(x * 200, true)) == 57344);
    CHECK(simd::decode_f8_e5m2(simd::encode_f8_e5m2(-x * 200, true)) == -57344);
  }
  CHECK(std::isnan(simd::decode_f8_e4m3(simd::encode_f8_e4m3(std::nanf(""), true))));
  CHECK(std::isnan(simd::decode_f8_e5m2(simd::encode_f8_e5m2(std::nanf(""), true))));
}
