// Kernels that no lookup reaches, and the choice of a tier.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "simd/dispatch.hpp"
#include "simd/order.hpp"
#include "simd/scalar.hpp"
#include "tests/support/random_tables.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

/// Column c of a dot product goes to lane c % dot_lanes, lanes are added in the fixed tree.
float scalar_dot(simd::Element element, const std::byte* row, const float* query, std::size_t dim) {
  float lanes[simd::dot_lanes] = {};
  for (std::size_t c = 0; c < dim; ++c) {
    const float x = simd::decode(element, row, dim, c);
    float& lane = lanes[c % simd::dot_lanes];
    lane = std::fma(x, query != nullptr ? query[c] : x, lane);
  }
  return simd::reduce_lanes(lanes);
}

}  // namespace

TEST_CASE("dot products and squares: fixed lanes, fixed tree, every tier the same bits") {
  Random random(5);
  std::size_t compared = 0;
  for (int number = 0; number < simd::tier_count; ++number) {
    const simd::KernelTable* kernels = simd::kernels_of(static_cast<simd::Tier>(number));
    if (kernels == nullptr) continue;
    for (std::uint64_t dim = 1; dim <= 130; ++dim) {
      for (const DType dtype : all_dtypes) {
        const auto element = static_cast<simd::Element>(dtype);
        const std::size_t rows = 1 + below(random, 9);
        const RandomTable table(random, rows, dim, dtype, below(random, 8), below(random, 5));
        std::vector<float> query(dim);
        for (float& value : query) value = any_float(random);
        std::vector<float> dots(rows);
        std::vector<float> squares(rows);
        const simd::Rows view{table.view().data(), table.view().row_stride(), dim, simd::packed_bytes(element, dim)};
        kernels->dot[static_cast<int>(element)]({view, rows, query.data(), dots.data()});
        kernels->dot[static_cast<int>(element)]({view, rows, nullptr, squares.data()});
        for (std::size_t r = 0; r < rows; ++r) {
          const std::byte* row = view.data + r * view.stride;
          CHECK_MESSAGE(same_bits(dots[r], scalar_dot(element, row, query.data(), dim)), std::string(kernels->name),
                        " dim ", dim, " ", to_string(dtype));
          CHECK_MESSAGE(same_bits(squares[r], scalar_dot(element, row, nullptr, dim)), std::string(kernels->name),
                        " dim ", dim, " ", to_string(dtype));
          compared += 2;
        }
      }
    }
  }
  MESSAGE(compared, " dot products compared");
}

TEST_CASE("16-bit codes survive decoding and encoding; rounding is to nearest even") {
  for (std::uint32_t code = 0; code < 0x10000; ++code) {
    const auto bits = static_cast<std::uint16_t>(code);
    const bool f16_nan = (code & 0x7C00) == 0x7C00 && (code & 0x3FF) != 0;
    const std::uint16_t f16 = simd::encode_f16(simd::decode_f16(bits));
    CHECK_MESSAGE((f16_nan ? (f16 & 0x7FFF) > 0x7C00 : f16 == bits), code);
    const bool bf16_nan = (code & 0x7F80) == 0x7F80 && (code & 0x7F) != 0;
    const std::uint16_t bf16 = simd::encode_bf16(simd::decode_bf16(bits));
    CHECK_MESSAGE((bf16_nan ? (bf16 & 0x7FFF) > 0x7F80 : bf16 == bits), code);
  }
  // Half way between neighbours goes to the even one, a hair more or less to the nearer one.
  const auto next = [](float x, int ulps) {
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) + static_cast<std::uint32_t>(ulps));
  };
  for (std::uint32_t code = 0; code < 0x7BFF; ++code) {  // 0x7BFF is the greatest finite half
    const float low = simd::decode_f16(static_cast<std::uint16_t>(code));
    const float high = simd::decode_f16(static_cast<std::uint16_t>(code + 1));
    const float middle = low + (high - low) / 2;
    CHECK(simd::encode_f16(middle) == (code % 2 == 0 ? code : code + 1));
    CHECK(simd::encode_f16(next(middle, 1)) == code + 1);
    CHECK(simd::encode_f16(next(middle, -1)) == code);
    CHECK(simd::encode_f16(-middle) == (0x8000U | (code % 2 == 0 ? code : code + 1)));
  }
  for (std::uint32_t code = 0; code < 0x7F7F; ++code) {
    const std::uint32_t middle = (code << 16) | 0x8000U;
    CHECK(simd::encode_bf16(std::bit_cast<float>(middle)) == (code % 2 == 0 ? code : code + 1));
    CHECK(simd::encode_bf16(std::bit_cast<float>(middle + 1)) == code + 1);
    CHECK(simd::encode_bf16(std::bit_cast<float>(middle - 1)) == code);
  }
  CHECK(simd::encode_f16(65519.996F) == 0x7BFF);
  CHECK(simd::encode_f16(65520.0F) == 0x7C00);
  CHECK(simd::encode_f16(3.4e38F) == 0x7C00);
  CHECK(simd::encode_f16(std::bit_cast<float>(0x3300'0000U)) == 0);  // 2^-25: half of the smallest, to even
  CHECK(simd::encode_f16(std::bit_cast<float>(0x3300'0001U)) == 1);
  CHECK(simd::encode_f16(1e-40F) == 0);
}

TEST_CASE("a tier is chosen by name, never beyond the processor") {
  CHECK(simd::select_kernels(nullptr).kernels == &simd::best_kernels());
  CHECK(simd::select_kernels("").kernels == &simd::best_kernels());
  CHECK(simd::select_kernels("baseline").kernels == &simd::baseline_kernels);
  CHECK(simd::select_kernels("AVX2").choice == simd::Choice::unknown_name);
  for (const char* name : {"avx2", "avx512"}) {
    const simd::Selection selection = simd::select_kernels(name);
    if (selection.choice == simd::Choice::ok) {
      CHECK(std::string(selection.kernels->name) == name);
      CHECK((selection.kernels->features & ~simd::cpu_features()) == 0);
    } else {
      CHECK(selection.choice == simd::Choice::unsupported);
      CHECK(selection.kernels == nullptr);
    }
  }
}
