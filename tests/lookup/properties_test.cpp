// Kernels against the scalar reference, to the bit, on the tier that this run is for.
#include <doctest/doctest.h>

#include <sys/mman.h>
#include <unistd.h>
#include <xmmintrin.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

#include "rowan/engine.hpp"
#include "rowan/reference.hpp"
#include "tests/support/effort.hpp"
#include "tests/support/random_calls.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr std::uint64_t seed = 20261123;
/// 1..67, and around each power of two up to 1024.
std::vector<std::uint64_t> all_dims() {
  std::vector<std::uint64_t> dims;
  for (std::uint64_t dim = 1; dim <= 67; ++dim) dims.push_back(dim);
  for (std::uint64_t power = 128; power <= 1024; power *= 2) dims.insert(dims.end(), {power - 1, power, power + 1});
  return dims;
}

std::vector<std::int64_t> random_indices(Random& random, std::size_t count, std::uint64_t rows) {
  std::vector<std::int64_t> indices(count);
  for (auto& index : indices) index = static_cast<std::int64_t>(below(random, rows));
  return indices;
}

std::vector<float> random_weights(Random& random, std::size_t count) {
  std::vector<float> weights(count);
  for (float& weight : weights) weight = any_float(random);
  return weights;
}

/// Weights as a call takes them: none where there are none.
std::optional<std::span<const float>> given(const std::vector<float>& weights, bool weighted) {
  return weighted ? std::optional<std::span<const float>>(weights) : std::nullopt;
}

/// One random call on a random table, and how many elements of it were compared.
std::size_t check_one_bag_call(Random& random, const Engine& engine, std::uint64_t dim) {
  const DType dtype = all_dtypes[below(random, 8)];
  const CallShape shape{.output = output_dtypes[below(random, 3)],
                        .pooling = all_poolings[below(random, 7)],
                        .indices = all_index_kinds[below(random, 6)]};
  const RandomTable table(random, 1 + below(random, 50), dim, dtype, below(random, 8),
                          below(random, 3) * below(random, 9));
  const Outcome outcome = compare_random_bags(random, engine, table.view(), shape);
  CHECK_MESSAGE(outcome.difference.empty(), to_string(dtype), " to ", to_string(shape.output), " pooling ",
                static_cast<int>(shape.pooling), " index kind ", static_cast<int>(shape.indices), ": ",
                outcome.difference);
  return outcome.compared;
}

}  // namespace

TEST_CASE("embedding_bag equals the reference for every dim, type, pooling and form of bags") {
  Random random(seed);
  const Engine engine;
  std::size_t compared = 0;
  const int rounds = cases(40);
  for (const std::uint64_t dim : all_dims()) {
    for (int i = 0; i < rounds; ++i) {
      compared += check_one_bag_call(random, engine, dim);
      compared += check_one_bag_call(random, engine, dim);
    }
  }
  MESSAGE("seed ", seed, ": ", compared, " elements compared");
  CHECK(compared > 10'000);
}

TEST_CASE("embedding equals the reference for every dim and type, and copies f32 bit for bit") {
  Random random(seed);
  const Engine engine;
  for (const std::uint64_t dim : all_dims()) {
    for (const DType dtype : all_dtypes) {
      const RandomTable table(random, 30, dim, dtype, below(random, 8), below(random, 9));
      for (const DType output : output_dtypes) {
        for (int i = 0; i < 2; ++i) {
          const IndexKind kind = all_index_kinds[below(random, 6)];
          const Outcome outcome = compare_random_rows(random, engine, table.view(), output, kind);
          CHECK_MESSAGE(outcome.difference.empty(), to_string(dtype), " to ", to_string(output), ": ",
                        outcome.difference);
        }
      }
    }
    const RandomTable table(random, 30, dim, DType::f32, 4 * below(random, 2));
    const std::vector<std::int64_t> indices = random_indices(random, 23, 30);
    for (const Stores stores : {Stores::cached, Stores::streaming}) {
      std::vector<float> out(23 * dim);
      REQUIRE(engine.embedding(table.view(), indices, out, {.stores = stores}).ok());
      for (std::size_t i = 0; i < indices.size(); ++i) {
        const std::byte* row = table.view().data() + static_cast<std::size_t>(indices[i]) * table.view().row_stride();
        CHECK(std::memcmp(out.data() + i * dim, row, dim * sizeof(float)) == 0);
      }
    }
  }
}

TEST_CASE("every 8-bit code decodes as the scalar conversion does") {
  const Engine engine;
  std::vector<std::byte> codes(256 * 19);
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::byte>(i);
  for (const DType dtype : {DType::f8_e4m3, DType::f8_e5m2}) {
    for (const std::uint64_t dim : {1, 3, 4, 8, 11, 16, 19}) {
      const TableView view = *TableView::over(codes, 256, dim, dtype);
      std::vector<std::uint16_t> indices(256);
      for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<std::uint16_t>(i);
      std::vector<float> out(256 * dim);
      REQUIRE(engine.embedding(view, indices, out).ok());
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < out.size(); ++i) {
        const auto code = std::to_integer<std::uint8_t>(codes[i]);
        wrong += same_bits(out[i], dtype == DType::f8_e4m3 ? simd::decode_f8_e4m3(code) : simd::decode_f8_e5m2(code))
                     ? 0
                     : 1;
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("every f32 near the ends and halves of the 16-bit types is narrowed as the scalar conversion does") {
  // All exponents and signs, mantissas around every rounding decision of f16 and bf16.
  std::vector<float> values;
  for (std::uint32_t high = 0; high < 0x200; ++high) {
    for (const std::uint32_t top :
         {0U, 0x1000U, 0x2000U, 0x3000U, 0x8000U, 0x18000U, 0x400000U, 0x7FE000U, 0x7FF000U}) {
      for (const std::int32_t nudge : {-1, 0, 1}) {
        const std::uint32_t mantissa = (top + static_cast<std::uint32_t>(nudge)) & 0x007F'FFFFU;
        values.push_back(std::bit_cast<float>((high << 23) | mantissa));
      }
    }
    for (std::uint32_t shift = 0; shift < 23; ++shift)
      values.push_back(std::bit_cast<float>((high << 23) | (1U << shift)));
  }
  const Engine engine;
  for (const std::uint64_t dim : {1, 5, 8, 16, 50}) {
    const std::uint64_t rows = values.size() / dim;
    const TableView view = *TableView::over(std::span<const float>(values).first(rows * dim), dim);
    std::vector<std::int64_t> indices(rows);
    for (std::size_t i = 0; i < rows; ++i) indices[i] = static_cast<std::int64_t>(i);
    for (const DType output : {DType::f16, DType::bf16}) {
      std::vector<std::uint16_t> out(rows * dim);
      REQUIRE(engine.embedding(view, indices, OutputView(out, output)).ok());
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < out.size(); ++i) {
        const std::uint16_t expected =
            output == DType::f16 ? simd::encode_f16(values[i]) : simd::encode_bf16(values[i]);
        const bool nan = values[i] != values[i];
        const std::uint16_t infinity = output == DType::f16 ? 0x7C00 : 0x7F80;
        wrong += nan ? (out[i] & 0x7FFF) <= infinity : out[i] != expected;
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("every 16-bit code decodes as the scalar conversion does") {
  const Engine engine;
  std::vector<std::uint16_t> codes(1 << 16);
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint16_t>(i);
  for (const std::uint64_t dim : {1, 2, 3, 4, 5, 8, 11, 16, 19, 64}) {
    const std::uint64_t rows = codes.size() / dim;
    std::vector<std::int32_t> indices(rows);
    for (std::size_t i = 0; i < rows; ++i) indices[i] = static_cast<std::int32_t>(i);
    for (const DType dtype : {DType::f16, DType::bf16}) {
      const auto view = TableView::over(std::as_bytes(std::span<const std::uint16_t>(codes)), rows, dim, dtype);
      REQUIRE(view.ok());
      std::vector<float> out(rows * dim);
      REQUIRE(engine.embedding(*view, indices, out).ok());
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < out.size(); ++i) {
        const float expected = dtype == DType::f16 ? simd::decode_f16(codes[i]) : simd::decode_bf16(codes[i]);
        wrong += same_bits(out[i], expected) ? 0 : 1;
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("long bags: columns in several passes, padding in several blocks") {
  Random random(seed + 1);
  const Engine engine;
  for (const std::uint64_t dim : {3, 64, 65, 300, 1024, 5001}) {
    const DType dtype = all_dtypes[below(random, 8)];
    const RandomTable table(random, 7, dim, dtype);
    for (const std::size_t count : {1023, 1024, 1025, 5000}) {
      if (reduced_effort() && (count < 1025 || count * dim > 6'000'000)) continue;
      const auto indices = random_indices(random, count, 7);
      const auto weights = random_weights(random, count);
      const auto offsets = std::vector<std::int64_t>{0, 2, static_cast<std::int64_t>(count) - 3};
      for (const Pooling pooling : all_poolings) {
        for (const bool weighted : {false, true}) {
          if (weighted ? !may_have_weights(pooling) : pooling >= Pooling::mean_by_weight) continue;
          const Bags bags{indices, offsets, given(weights, weighted)};
          const BagOptions options{.pooling = pooling, .padding_index = 3};
          std::vector<float> expected(3 * dim);
          std::vector<float> actual(3 * dim);
          REQUIRE(reference::embedding_bag(table.view(), bags, expected, options).ok());
          REQUIRE(engine.embedding_bag(table.view(), bags, actual, options).ok());
          CHECK(first_difference(expected, actual) == expected.size());
        }
      }
    }
  }
}

TEST_CASE("thousands of bags of padding only, and mixed with others") {
  Random random(seed + 2);
  const Engine engine;
  const RandomTable table(random, 4, 5, DType::f32);
  std::vector<std::int32_t> indices(9000);
  for (auto& index : indices) index = below(random, 3) == 0 ? static_cast<std::int32_t>(below(random, 4)) : 2;
  for (const Pooling pooling : {Pooling::sum, Pooling::mean, Pooling::max, Pooling::min, Pooling::sqrt_n}) {
    const Bags bags = Bags::fixed(indices, 3000);
    const BagOptions options{.pooling = pooling, .padding_index = -2};
    std::vector<float> expected(3000 * 5);
    std::vector<float> actual(3000 * 5);
    REQUIRE(reference::embedding_bag(table.view(), bags, expected, options).ok());
    REQUIRE(engine.embedding_bag(table.view(), bags, actual, options).ok());
    CHECK(first_difference(expected, actual) == expected.size());
  }
}

TEST_CASE("no load passes the end of the last row: the table ends where a mapping does") {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  auto* pages =
      static_cast<std::byte*>(::mmap(nullptr, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  REQUIRE(pages != MAP_FAILED);
  REQUIRE(::mprotect(pages, page, PROT_NONE) == 0);
  REQUIRE(::mprotect(pages + 2 * page, page, PROT_NONE) == 0);
  const Engine engine;
  for (const std::uint64_t dim : all_dims()) {
    for (const DType dtype : all_dtypes) {
      const std::uint64_t row_bytes = *rowan::row_bytes(dtype, dim);
      if (row_bytes > page) continue;
      const std::uint64_t rows = page / row_bytes;
      const std::span<const std::byte> bytes(pages + 2 * page - rows * row_bytes, rows * row_bytes);
      const auto view = TableView::over(bytes, rows, dim, dtype);
      REQUIRE(view.ok());
      const std::vector<std::int32_t> indices = {0, static_cast<std::int32_t>(rows - 1), 0,
                                                 static_cast<std::int32_t>(rows - 1)};
      std::vector<float> out(4 * dim, 1.0F);
      CHECK(engine.embedding(*view, indices, out).ok());
      CHECK(std::all_of(out.begin(), out.end(), [](float x) { return x == 0.0F; }));
      for (const Pooling pooling : {Pooling::sum, Pooling::mean, Pooling::max, Pooling::min}) {
        std::vector<float> pooled(2 * dim, 1.0F);
        CHECK(engine.embedding_bag(*view, Bags::fixed(indices, 2), pooled, {.pooling = pooling}).ok());
        CHECK(std::all_of(pooled.begin(), pooled.end(), [](float x) { return x == 0.0F; }));
      }
    }
  }
  ::munmap(pages, 3 * page);
}

TEST_CASE("a caller that flushes denormals gets the reference's bits under that mode") {
  constexpr unsigned flush_to_zero = 0x8000;
  constexpr unsigned denormals_are_zero = 0x0040;
  Random random(seed + 3);
  const Engine engine;
  const unsigned before = _mm_getcsr();
  for (const unsigned mode : {flush_to_zero, denormals_are_zero, flush_to_zero | denormals_are_zero}) {
    _mm_setcsr(before | mode);
    for (const std::uint64_t dim : {1, 7, 16, 33, 128}) {
      for (int i = 0; i < 20; ++i) check_one_bag_call(random, engine, dim);
    }
    _mm_setcsr(before);
  }
  CHECK(_mm_getcsr() == before);
}
