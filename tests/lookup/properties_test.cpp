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
#include "tests/support/random_tables.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr std::uint64_t seed = 20261123;
constexpr DType dtypes[] = {DType::f32, DType::f16, DType::bf16};
constexpr Pooling poolings[] = {Pooling::sum, Pooling::mean, Pooling::max};

/// 1..67, and around each power of two up to 1024.
std::vector<std::uint64_t> all_dims() {
  std::vector<std::uint64_t> dims;
  for (std::uint64_t dim = 1; dim <= 67; ++dim) dims.push_back(dim);
  for (std::uint64_t power = 128; power <= 1024; power *= 2) dims.insert(dims.end(), {power - 1, power, power + 1});
  return dims;
}

template <class Index>
std::vector<Index> random_indices(Random& random, std::size_t count, std::uint64_t rows) {
  std::vector<Index> indices(count);
  for (Index& index : indices) index = static_cast<Index>(below(random, rows));
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

/// Output rows with a gap between them, preset so that a write into a gap shows.
struct Output {
  Output(std::size_t rows, std::uint64_t dim, std::uint64_t gap) : stride(dim + gap), values(rows * stride, preset) {}
  OutputView view() { return {values, stride}; }

  static constexpr float preset = 12345.0F;
  std::uint64_t stride;
  std::vector<float> values;
};

/// One random call, and how many floats of it were compared.
template <class Index>
std::size_t check_one_bag_call(Random& random, const Engine& engine, std::uint64_t dim) {
  const DType dtype = dtypes[below(random, 3)];
  const std::uint64_t rows = 1 + below(random, 50);
  const RandomTable table(random, rows, dim, dtype, below(random, 8), below(random, 3) * below(random, 9));
  const std::size_t bags = below(random, 12);
  const std::size_t length = below(random, 30);
  const bool fixed = below(random, 4) == 0;
  const std::size_t count = fixed ? bags * length : length * 3;
  const auto indices = random_indices<Index>(random, count, rows);

  BagOptions options{.pooling = poolings[below(random, 3)], .include_last_offset = below(random, 2) == 0};
  if (below(random, 3) == 0) {
    const auto row = static_cast<std::int64_t>(below(random, rows));
    options.padding_index = below(random, 2) == 0 ? row : row - static_cast<std::int64_t>(rows);
  }
  const bool weighted = options.pooling == Pooling::sum && below(random, 2) == 0;
  const std::vector<float> weights = random_weights(random, count);

  Output expected(bags, dim, below(random, 3));
  Output actual(bags, dim, expected.stride - dim);
  Status by_reference;
  Status by_kernel;
  if (fixed) {
    const Bags input = Bags::fixed(indices, bags, given(weights, weighted));
    by_reference = reference::embedding_bag(table.view(), input, expected.view(), options);
    by_kernel = engine.embedding_bag(table.view(), input, actual.view(), options);
  } else {
    const auto offsets = random_offsets<Index>(random, bags, count, options.include_last_offset);
    const Bags input{indices, offsets, given(weights, weighted)};
    by_reference = reference::embedding_bag(table.view(), input, expected.view(), options);
    by_kernel = engine.embedding_bag(table.view(), input, actual.view(), options);
  }
  CHECK_MESSAGE(by_reference.ok(), by_reference.message(table.view()));
  CHECK_MESSAGE(by_kernel.ok(), by_kernel.message(table.view()));
  const std::size_t where = first_difference(expected.values, actual.values);
  CHECK_MESSAGE(where == expected.values.size(), "dim ", dim, " ", to_string(dtype), " pooling ",
                static_cast<int>(options.pooling), " bag ", where / expected.stride, " column ",
                where % expected.stride);
  return bags * dim;
}

}  // namespace

TEST_CASE("embedding_bag equals the reference for every dim, type, pooling and form of bags") {
  Random random(seed);
  const Engine engine;
  std::size_t compared = 0;
  const int rounds = cases(40);
  for (const std::uint64_t dim : all_dims()) {
    for (int i = 0; i < rounds; ++i) {
      compared += check_one_bag_call<std::int32_t>(random, engine, dim);
      compared += check_one_bag_call<std::int64_t>(random, engine, dim);
    }
  }
  MESSAGE("seed ", seed, ": ", compared, " floats compared");
  CHECK(compared > 10'000);
}

TEST_CASE("embedding equals the reference for every dim and type, and copies f32 bit for bit") {
  Random random(seed);
  const Engine engine;
  for (const std::uint64_t dim : all_dims()) {
    for (const DType dtype : dtypes) {
      const RandomTable table(random, 30, dim, dtype, below(random, 8), below(random, 9));
      const auto narrow = random_indices<std::int32_t>(random, 23, 30);
      const std::vector<std::int64_t> wide(narrow.begin(), narrow.end());
      Output expected(23, dim, below(random, 3));
      Output actual(23, dim, expected.stride - dim);
      REQUIRE(reference::embedding(table.view(), narrow, expected.view()).ok());
      REQUIRE(engine.embedding(table.view(), narrow, actual.view()).ok());
      CHECK(first_difference(expected.values, actual.values) == expected.values.size());
      if (dtype == DType::f32) {
        for (std::size_t i = 0; i < narrow.size(); ++i) {
          const std::byte* row = table.view().data() + static_cast<std::size_t>(narrow[i]) * table.view().row_stride();
          CHECK(std::memcmp(actual.values.data() + i * actual.stride, row, dim * sizeof(float)) == 0);
        }
      }
      std::fill(actual.values.begin(), actual.values.end(), Output::preset);
      REQUIRE(engine.embedding(table.view(), wide, actual.view()).ok());
      CHECK(first_difference(expected.values, actual.values) == expected.values.size());
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
  for (const std::uint64_t dim : {3, 64, 300, 1024}) {
    const RandomTable table(random, 7, dim, DType::f32);
    for (const std::size_t count : {1023, 1024, 1025, 5000}) {
      const auto indices = random_indices<std::int64_t>(random, count, 7);
      const auto weights = random_weights(random, count);
      const auto offsets = std::vector<std::int64_t>{0, 2, static_cast<std::int64_t>(count) - 3};
      for (const Pooling pooling : poolings) {
        for (const bool weighted : {false, true}) {
          if (weighted && pooling != Pooling::sum) continue;
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
  for (const Pooling pooling : poolings) {
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
    for (const DType dtype : dtypes) {
      const std::uint64_t row_bytes = dim * element_size(dtype);
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
      for (const Pooling pooling : poolings) {
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
      for (int i = 0; i < 20; ++i) check_one_bag_call<std::int64_t>(random, engine, dim);
    }
    _mm_setcsr(before);
  }
  CHECK(_mm_getcsr() == before);
}
