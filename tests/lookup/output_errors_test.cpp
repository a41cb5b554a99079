// Outputs that are refused: their type, size, stride, and what they lie over; and the odd ones that are not.
#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "tests/lookup/refusals.hpp"
#include "tests/support/random_calls.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

const std::vector<std::int64_t> three = {1, 2, 3};

/// Both kinds of call on three rows, refused with one and the same status.
Status refused_both(RefusedCalls& f, const OutputView& out) {
  const Status status = f.refused_rows(three, out);
  CHECK(f.refused(Bags::fixed(three, 3), out).code == status.code);
  return status;
}

}  // namespace

TEST_CASE("outputs are f32, or f16 and bf16 in 16 bits") {
  RefusedCalls f;
  std::vector<std::uint16_t> halves(12, 0x7ABC);
  for (const DType dtype : all_dtypes) {
    const OutputView out(halves, dtype);
    if (dtype == DType::f16 || dtype == DType::bf16) {
      CHECK(f.engine.embedding(f.table, three, out).ok());
      halves.assign(12, 0x7ABC);
      continue;
    }
    const Status status = refused_both(f, out);
    CHECK(status.code == Code::output_dtype);
    CHECK(status.value == static_cast<std::int64_t>(dtype));
    CHECK(status.message() == "outputs are float, or 16-bit elements of type f16 or bf16");
  }
  CHECK(refused_both(f, OutputView(halves, static_cast<DType>(200))).value == 200);
  CHECK(halves == std::vector<std::uint16_t>(12, 0x7ABC));
}

TEST_CASE("16-bit outputs are counted in their own elements") {
  RefusedCalls f;
  std::vector<std::uint16_t> halves(100, 0x7ABC);
  for (const std::size_t size : {0, 6, 11, 13, 24}) {
    const Status status = refused_both(f, OutputView(std::span(halves).first(size), DType::f16));
    CHECK(status.code == Code::output_size);
    CHECK(status.position == 12);
    CHECK(status.value == static_cast<std::int64_t>(size));
  }
  CHECK(refused_both(f, OutputView(std::span(halves).first(13), DType::bf16, 5)).position == 14);
  CHECK(refused_both(f, OutputView(halves, DType::bf16, 3)).code == Code::output_stride);
  CHECK(halves == std::vector<std::uint16_t>(100, 0x7ABC));
  CHECK(f.engine.embedding(f.table, three, OutputView(std::span(halves).first(14), DType::bf16, 5)).ok());
}

TEST_CASE("an output over anything that the call reads, by its first or last byte") {
  const char* sentence = "the output shares memory with what the call reads or with another output";
  RefusedCalls f;
  // One array: space for an output of 12 floats, ten floats to read, space again.
  std::vector<float> memory(12 + 10 + 12, 0.0F);
  const std::span<float> all(memory);
  const std::span<float> read = all.subspan(12, 10);
  float* const base = memory.data();
  const IndexSpan as_indices(std::span(reinterpret_cast<const std::int32_t*>(read.data()), 10));
  const std::vector<std::int64_t> ten(10, 1);
  const std::vector<std::int32_t> one = {0};

  const auto expect = [&](bool overlaps, const TableView& table, const Bags& bags, const OutputView& out) {
    const BagOptions options{.pooling = Pooling::sum};
    for (const bool by_reference : {false, true}) {
      std::vector<float> before = memory;
      const Status status = by_reference ? reference::embedding_bag(table, bags, out, options)
                                         : f.engine.embedding_bag(table, bags, out, options);
      CHECK(status.code == (overlaps ? Code::output_overlap : Code::ok));
      if (overlaps) {
        CHECK(status.message() == sentence);
        CHECK(memory == before);
      }
      std::fill(memory.begin(), memory.end(), 0.0F);
    }
  };
  const TableView over_read = *TableView::over(std::span<const float>(read.first(8)), 4);
  const Bags from_indices = Bags::fixed(as_indices, 1);
  const Bags from_offsets = Bags(as_indices, one);
  for (int shift = 0; shift <= 34 - 4; ++shift) {
    const OutputView out(all.subspan(static_cast<std::size_t>(shift), 4));
    const bool over_ten = shift + 4 > 12 && shift < 22;
    const bool over_eight = shift + 4 > 12 && shift < 20;
    expect(over_ten, f.table, from_indices, out);
    expect(over_ten, f.table, from_offsets, out);
    expect(over_ten, f.table, Bags::fixed(ten, 1, std::span<const float>(read)), out);
    expect(over_eight, over_read, Bags::fixed(ten, 1), out);
    std::vector<std::int32_t> as_rows(1, 0);
    const Status status = f.engine.embedding(over_read, as_rows, out);
    CHECK(status.code == (over_eight ? Code::output_overlap : Code::ok));
    std::fill(memory.begin(), memory.end(), 0.0F);
    // 16-bit outputs reach half as far.
    const OutputView half(std::span(reinterpret_cast<std::uint16_t*>(base + shift), 4), DType::bf16);
    const bool half_over = shift + 2 > 12 && shift < 22;
    expect(half_over, f.table, from_indices, half);
  }
  // Offsets and lengths: ten empty bags.
  for (int shift = 0; shift <= 34 - 10; ++shift) {
    TableView narrow = *TableView::over(f.values, 1);
    const OutputView out(all.subspan(static_cast<std::size_t>(shift), 10));
    const bool over = shift + 10 > 12 && shift < 22;
    expect(over, narrow, Bags({}, as_indices), out);
    expect(over, narrow, Bags::by_lengths({}, as_indices), out);
  }
}

TEST_CASE("an output of embedding() over its indices; nothing over anything is no overlap") {
  RefusedCalls f;
  std::vector<float> memory(12, 0.0F);
  const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(memory.data() + 4), 2);
  for (const std::size_t begin : {0, 1, 4}) {
    const Status status = f.engine.embedding(f.table, bytes, std::span(memory).subspan(begin, 8));
    CHECK(status.code == Code::output_overlap);
    CHECK(reference::embedding(f.table, bytes, std::span(memory).subspan(begin, 8)).code == Code::output_overlap);
  }
  CHECK(f.engine.embedding(f.table, bytes.first(1), std::span(memory).subspan(0, 4)).ok());
  CHECK(f.engine.embedding(f.table, bytes.first(0), std::span(memory).subspan(4, 0)).ok());
  CHECK(f.engine.embedding_bag(f.table, Bags::fixed(bytes.first(0), 0), std::span(memory).subspan(4, 0)).ok());
}

TEST_CASE("a table of stride beyond its rows is memory to its last row, no further") {
  const std::size_t stride = 10;
  std::vector<float> memory(stride * 2 + 4 + 4, 1.0F);
  const auto table =
      TableView::over(std::as_bytes(std::span(memory)).first((stride * 2 + 4) * 4), 3, 4, DType::f32, stride * 4);
  REQUIRE(table.ok());
  const Engine engine;
  const std::vector<std::int32_t> last = {2};
  CHECK(engine.embedding(*table, last, std::span(memory).last(4)).ok());
  CHECK(engine.embedding(*table, last, std::span(memory).subspan(stride * 2 + 3, 4)).code == Code::output_overlap);
  CHECK(engine.embedding(*table, last, std::span(memory).subspan(5, 4)).code == Code::output_overlap);
}

TEST_CASE("dim 0 is no table") {
  const std::vector<std::byte> bytes(100);
  for (const DType dtype : all_dtypes) {
    CHECK(!TableView::over(bytes, 1, 0, dtype).ok());
    CHECK(!TableView::over(bytes, 0, 0, dtype).ok());
    CHECK(!TableView::over(bytes, 3, 0, dtype, 16).ok());
  }
  CHECK(!TableView::over(std::span<const float>(), 0).ok());
}

TEST_CASE("everything at its least alignment: tables at any byte, arrays at that of their elements") {
  Random random(20261127);
  const Engine engine;
  for (const DType dtype : all_dtypes) {
    for (const std::uint64_t dim : {1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 64, 65}) {
      for (const std::size_t table_at : {1, 2, 3, 5, 63}) {
        const RandomTable table(random, 1 + below(random, 9), dim, dtype, table_at, below(random, 7));
        const std::size_t count = 1 + below(random, 9);
        std::vector<std::int64_t> values(count);
        for (auto& value : values) value = static_cast<std::int64_t>(below(random, table.view().rows()));
        // Indices, weights and outputs one element into their array each.
        const std::vector<std::int64_t> shifted = [&] {
          std::vector<std::int64_t> all = {-1};
          all.insert(all.end(), values.begin(), values.end());
          return all;
        }();
        for (const IndexKind kind : all_index_kinds) {
          const Integers integers(kind, shifted);
          const IndexSpan whole = integers;
          const auto tail = [&]<class T>(T) {
            return IndexSpan(std::span(static_cast<const T*>(whole.data()) + 1, count));
          };
          const IndexSpan indices = kind == IndexKind::i32   ? tail(std::int32_t{})
                                    : kind == IndexKind::u32 ? tail(std::uint32_t{})
                                    : kind == IndexKind::i64 ? tail(std::int64_t{})
                                    : kind == IndexKind::u64 ? tail(std::uint64_t{})
                                    : kind == IndexKind::u16 ? tail(std::uint16_t{})
                                                             : tail(std::uint8_t{});
          std::vector<float> weights(count + 1);
          for (float& weight : weights) weight = any_float(random);
          const Pooling pooling = all_poolings[below(random, 7)];
          const Bags::Weights given =
              may_have_weights(pooling) ? Bags::Weights(std::span<const float>(weights).last(count)) : std::nullopt;
          const Bags bags = Bags::fixed(indices, count, given);
          for (const DType output : output_dtypes) {
            std::vector<float> floats[2];
            std::vector<std::uint16_t> halves[2];
            for (int side = 0; side < 2; ++side) {
              floats[side].assign(1 + count * dim, untouched);
              halves[side].assign(1 + count * dim, 0x1234);
              const OutputView out = output == DType::f32
                                         ? OutputView(std::span(floats[side]).last(count * dim))
                                         : OutputView(std::span(halves[side]).last(count * dim), output);
              const Status status = side == 0 ? reference::embedding_bag(table.view(), bags, out, {.pooling = pooling})
                                              : engine.embedding_bag(table.view(), bags, out, {.pooling = pooling});
              CHECK(status.ok());
            }
            CHECK(first_difference(floats[0], floats[1]) == floats[0].size());
            const std::uint16_t infinity = output == DType::f16 ? 0x7C00 : 0x7F80;
            CHECK(std::equal(halves[0].begin(), halves[0].end(), halves[1].begin(), [&](auto a, auto b) {
              return a == b || ((a & 0x7FFF) > infinity && (b & 0x7FFF) > infinity);
            }));
          }
        }
      }
    }
  }
}

TEST_CASE("quantised rows whose scale or bias is NaN, an infinity, a denormal or the greatest, in every pooling") {
  const float infinity = std::numeric_limits<float>::infinity();
  const float odd[] = {0.0F,      -0.0F,  1.0F,  -1.5F,    std::numeric_limits<float>::quiet_NaN(), infinity,
                       -infinity, 1e-40F, 6e-8F, 65504.0F, std::numeric_limits<float>::max()};
  Random random(20261128);
  const Engine engine;
  std::size_t nan = 0;
  for (const DType dtype : {DType::i8, DType::i4, DType::i2}) {
    for (const std::uint64_t dim : {1, 3, 4, 9, 16, 33}) {
      const std::uint64_t bytes = *row_bytes(dtype, dim);
      const std::uint64_t packed = bytes - row_parameter_bytes(dtype);
      const std::size_t rows = std::size(odd) * std::size(odd);
      std::vector<std::byte> memory(rows * bytes);
      for (std::size_t r = 0; r < rows; ++r) {
        std::byte* const row = memory.data() + r * bytes;
        for (std::size_t i = 0; i < packed; ++i) row[i] = static_cast<std::byte>(r % 3 == 0 ? 0 : random());
        const float parameters[2] = {odd[r / std::size(odd)], odd[r % std::size(odd)]};
        simd::encode(dtype == DType::i8 ? simd::Element::f32 : simd::Element::f16, parameters, 2, row + packed);
      }
      const TableView table = *TableView::over(memory, rows, dim, dtype);
      std::vector<std::int32_t> all(rows);
      for (std::size_t r = 0; r < rows; ++r) all[r] = static_cast<std::int32_t>(r);
      // Each row alone, then pairs, then bags of a whole line of the matrix of scales and biases.
      std::vector<std::int32_t> pairs;
      for (const std::int32_t r : all) pairs.insert(pairs.end(), {r, all[below(random, rows)]});
      const std::vector<float> weights(2 * rows, -0.5F);
      for (const bool weighted : {false, true}) {
        for (const auto& [indices, bags] : {std::pair{all, rows}, {pairs, rows}, {all, std::size(odd)}}) {
          const Bags::Weights given =
              weighted ? Bags::Weights(std::span<const float>(weights).first(indices.size())) : std::nullopt;
          for (const Pooling pooling : all_poolings) {
            if (weighted ? !may_have_weights(pooling) : pooling >= Pooling::mean_by_weight) continue;
            for (const DType output : output_dtypes) {
              Output expected(output, bags, dim, 0);
              Output actual(output, bags, dim, 0);
              const Bags call = Bags::fixed(indices, bags, given);
              REQUIRE(reference::embedding_bag(table, call, expected.view(), {.pooling = pooling}).ok());
              REQUIRE(engine.embedding_bag(table, call, actual.view(), {.pooling = pooling}).ok());
              CHECK(expected.first_difference(actual) == expected.size());
            }
          }
        }
      }
      std::vector<float> expected(rows * dim);
      std::vector<float> actual(rows * dim);
      REQUIRE(reference::embedding(table, all, expected).ok());
      REQUIRE(engine.embedding(table, all, actual).ok());
      CHECK(first_difference(expected, actual) == expected.size());
      nan += static_cast<std::size_t>(std::count_if(actual.begin(), actual.end(), [](float x) { return x != x; }));
    }
  }
  CHECK(nan > 1000);
}

TEST_CASE("tables of one row") {
  Random random(20261129);
  const Engine engine;
  for (const DType dtype : all_dtypes) {
    for (std::uint64_t dim = 1; dim <= 70; ++dim) {
      const RandomTable table(random, 1, dim, dtype, below(random, 8));
      for (const Pooling pooling : all_poolings) {
        const Outcome outcome = compare_random_bags(random, engine, table.view(), {.pooling = pooling});
        CHECK_MESSAGE(outcome.difference.empty(), outcome.difference);
      }
    }
  }
}
