// Indices outside the table, in every type and place, under every policy.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "tests/lookup/refusals.hpp"
#include "tests/support/effort.hpp"
#include "tests/support/random_calls.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

/// What a bad index is reported as.
template <class Index>
Code code_of(Index bad) {
  if constexpr (std::is_unsigned_v<Index> && sizeof(Index) == 8) {
    if (bad > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return Code::index_too_large;
  }
  return Code::index_out_of_range;
}

/// A table of `rows` rows of one column, row r being r.
struct Counting {
  explicit Counting(std::size_t rows) : values(rows) {
    for (std::size_t r = 0; r < rows; ++r) values[r] = static_cast<float>(r);
  }
  TableView view() const { return *TableView::over(values, 1); }

  std::vector<float> values;
};

template <class Index>
bool in_table(Index index, std::size_t rows) {
  return index >= 0 && static_cast<std::uint64_t>(index) < rows;
}

/// One bad or good index among good ones.
template <class Index>
void check_one(RefusedCalls& f, const TableView& table, Index index, std::size_t count, std::size_t where) {
  const std::size_t rows = table.rows();
  f.table = table;
  std::vector<Index> indices(count, 1);
  indices[where] = index;
  const Bags bags = Bags::fixed(indices, count);
  f.out.assign(count, untouched);
  if (in_table(index, rows)) {
    CHECK(f.engine.embedding(table, indices, f.out).ok());
    CHECK(f.out[where] == static_cast<float>(index));
    f.out[where] = untouched;
    CHECK(f.engine.embedding_bag(table, bags, f.out, {.pooling = Pooling::min}).ok());
    CHECK(f.out[where] == static_cast<float>(index));
    return;
  }
  for (const bool pooled : {false, true}) {
    const Status status = pooled ? f.refused(bags) : f.refused_rows(indices, f.out);
    CHECK(status.code == code_of(index));
    CHECK(status.position == where);
    CHECK(static_cast<Index>(status.value) == index);
    CHECK(status.bag == (pooled ? where : Status::no_bag));
    const std::string sentence = "index " + std::to_string(index) + " at position " + std::to_string(where) +
                                 (pooled ? " (bag " + std::to_string(where) + ")" : "") + " is not in [0, " +
                                 std::to_string(rows) + ")";
    CHECK(status.message(table) == sentence);
  }
  // Left out, or read as row 2.
  for (const BadIndex policy : {BadIndex::skip, BadIndex::default_row}) {
    const float expected = policy == BadIndex::skip ? 0.0F : 2.0F;
    Status status = f.engine.embedding(table, indices, f.out, {.bad_index = policy, .default_row = 2});
    CHECK(status.ok());
    CHECK(status.value == 1);
    CHECK(f.out[where] == expected);
    CHECK(std::count(f.out.begin(), f.out.end(), 1.0F) == static_cast<std::ptrdiff_t>(count - 1));
    f.out.assign(count, untouched);
    status =
        f.engine.embedding_bag(table, bags, f.out, {.pooling = Pooling::max, .bad_index = policy, .default_row = 2});
    CHECK(status.ok());
    CHECK(status.value == 1);
    CHECK(f.out[where] == expected);
    CHECK(std::count(f.out.begin(), f.out.end(), 1.0F) == static_cast<std::ptrdiff_t>(count - 1));
    f.out.assign(count, untouched);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("the ends of the type and of the table, at every place (class 6, 7)", Index, std::int32_t,
                   std::int64_t, std::uint32_t, std::uint64_t, std::uint16_t, std::uint8_t, long, long long,
                   unsigned long long) {
  RefusedCalls f;
  for (const std::size_t rows : {3, 10, 128, 254, 255, 256, 257, 300, 65'535, 65'536, 65'537}) {
    const Counting table(rows);
    const auto last = static_cast<Index>(rows - 1);  // of a table larger than the type reaches: some row
    for (const Index index :
         {std::numeric_limits<Index>::min(), static_cast<Index>(-1), Index{0}, last, static_cast<Index>(last + 1),
          static_cast<Index>(last + 2), std::numeric_limits<Index>::max(),
          static_cast<Index>(std::numeric_limits<Index>::max() / 2 + 1)}) {
      for (const std::size_t count : {1, 2, 3, 8, 31, 33, 200}) {
        for (const std::size_t where : {std::size_t{0}, count / 2, count - 1}) {
          check_one(f, table.view(), index, count, where);
        }
      }
    }
  }
}

TEST_CASE_TEMPLATE("a bad index at each place of a long array", Index, std::int32_t, std::int64_t, std::uint32_t,
                   std::uint64_t, std::uint16_t, std::uint8_t) {
  RefusedCalls f;
  const Counting table(10);
  for (std::size_t where = 0; where < 150; ++where) {
    check_one(f, table.view(), static_cast<Index>(10), 150, where);
    check_one(f, table.view(), std::numeric_limits<Index>::max(), 150, where);
  }
}

TEST_CASE("an index that would fit its table after truncation is bad") {
  RefusedCalls f;
  for (const int bits : {8, 16, 31, 32, 33, 63}) {
    const std::vector<std::uint64_t> indices = {(std::uint64_t{1} << bits) + 1};
    f.out.assign(4, untouched);
    const Status status = f.refused_rows(indices, f.out);
    CHECK(status.code == (bits == 63 ? Code::index_too_large : Code::index_out_of_range));
    CHECK(f.refused(Bags::fixed(indices, 1)).code == status.code);
  }
  const std::vector<std::uint64_t> huge = {~std::uint64_t{0}};
  const Status status = f.refused_rows(huge, f.out);
  CHECK(status.message(f.table) == "index 18446744073709551615 at position 0 is not in [0, 10)");
  CHECK(status.message() == "index 18446744073709551615 at position 0 is not in [0, rows)");
}

TEST_CASE("rows left out of embedding() are +0 in every type of output and store") {
  Random random(1);
  const Engine engine;
  for (const DType dtype : all_dtypes) {
    const RandomTable table(random, 3, 16, dtype);
    const std::vector<std::int32_t> indices = {3, 0, -1, 2, 100};
    for (const Stores stores : {Stores::automatic, Stores::cached, Stores::streaming}) {
      std::vector<float> floats(5 * 16, untouched);
      Status status = engine.embedding(table.view(), indices, floats, {.bad_index = BadIndex::skip, .stores = stores});
      CHECK(status.ok());
      CHECK(status.value == 3);
      for (const DType output : {DType::f16, DType::bf16}) {
        std::vector<std::uint16_t> halves(5 * 16, 0x1234);
        status = engine.embedding(table.view(), indices, OutputView(halves, output),
                                  {.bad_index = BadIndex::skip, .stores = stores});
        CHECK(status.value == 3);
        for (const std::size_t row : {0, 2, 4}) {
          CHECK(std::all_of(halves.begin() + static_cast<std::ptrdiff_t>(row * 16),
                            halves.begin() + static_cast<std::ptrdiff_t>(row * 16 + 16),
                            [](std::uint16_t bits) { return bits == 0; }));
          for (std::size_t c = 0; c < 16; ++c) CHECK(std::bit_cast<std::uint32_t>(floats[row * 16 + c]) == 0);
        }
      }
    }
  }
}

TEST_CASE("an empty table: every index is left out, and no row can stand for them") {
  RefusedCalls f;
  f.table = *TableView::over(std::span<const float>(), 4);
  const std::vector<std::uint8_t> bytes = {0, 7, 255};
  const std::vector<std::int64_t> longs = {0, -1, 255};
  for (const IndexSpan indices : {IndexSpan(bytes), IndexSpan(longs)}) {
    f.out.assign(12, untouched);
    CHECK(f.refused_rows(indices, f.out).code == Code::index_out_of_range);
    CHECK(f.refused(Bags::fixed(indices, 3)).code == Code::index_out_of_range);
    CHECK(f.refused_rows(indices, f.out, {.bad_index = BadIndex::default_row}).code == Code::default_out_of_range);
    CHECK(f.refused(Bags::fixed(indices, 3), {.bad_index = BadIndex::default_row}).code == Code::default_out_of_range);
    CHECK(f.refused(Bags::fixed(indices, 3), {.padding_index = 0}).code == Code::padding_out_of_range);
    CHECK(f.refused(Bags::fixed(indices, 3), {.padding_index = -1}).code == Code::padding_out_of_range);
    for (const bool by_reference : {false, true}) {
      const EmbeddingOptions skip{.bad_index = BadIndex::skip};
      f.out.assign(12, untouched);
      const Status status = by_reference ? reference::embedding(f.table, indices, f.out, skip)
                                         : f.engine.embedding(f.table, indices, f.out, skip);
      CHECK(status.ok());
      CHECK(status.value == 3);
      CHECK(std::all_of(f.out.begin(), f.out.end(), [](float x) { return x == 0.0F && !std::signbit(x); }));
    }
    const std::vector<float> weights(3, 2.0F);
    for (const Pooling pooling : all_poolings) {
      const Bags bags = pooling >= Pooling::mean_by_weight ? Bags::fixed(indices, 3, weights) : Bags::fixed(indices, 3);
      f.out.assign(12, untouched);
      const Status status =
          f.engine.embedding_bag(f.table, bags, f.out, {.pooling = pooling, .bad_index = BadIndex::skip});
      CHECK(status.ok());
      CHECK(status.value == 3);
      CHECK(std::all_of(f.out.begin(), f.out.end(), [](float x) { return x == 0.0F && !std::signbit(x); }));
    }
  }
}

TEST_CASE("what policies leave of a bag, by hand") {
  const Counting table(5);
  const std::vector<std::int32_t> indices = {4, 99, 3, -1, 1};
  const std::vector<float> weights = {1, 2, 3, 4, 5};
  const Engine engine;
  struct Case {
    Pooling pooling;
    bool weighted;
    float skip;
    float as_row_1;
    float as_padding;  // replaced by row 1, which is padding: both bad ones and the real row 1 go
  };
  const Case cases[] = {
      {Pooling::sum, false, 8, 10, 7},
      {Pooling::sum, true, 4 + 9 + 5, 4 + 2 + 9 + 4 + 5, 13},
      {Pooling::mean, false, 8.0F / 3, 2, 3.5F},
      {Pooling::max, false, 4, 4, 4},
      {Pooling::min, false, 1, 1, 3},
      {Pooling::sqrt_n, false, 8.0F / std::sqrt(3.0F), 10.0F / std::sqrt(5.0F), 7.0F / std::sqrt(2.0F)},
      {Pooling::sqrt_n, true, 18.0F / std::sqrt(35.0F), 24.0F / std::sqrt(55.0F), 13.0F / std::sqrt(10.0F)},
      {Pooling::mean_by_weight, true, 18.0F / 9, 24.0F / 15, 13.0F / 4},
      {Pooling::mean_by_count, true, 18.0F / 3, 24.0F / 5, 13.0F / 2},
  };
  for (const Case& c : cases) {
    const Bags bags = c.weighted ? Bags::fixed(indices, 1, weights) : Bags::fixed(indices, 1);
    const auto pooled = [&](BadIndex policy, std::optional<std::int64_t> padding) {
      float out[1] = {untouched};
      const Status status =
          engine.embedding_bag(table.view(), bags, out,
                               {.pooling = c.pooling, .padding_index = padding, .bad_index = policy, .default_row = 1});
      CHECK(status.ok());
      CHECK(status.value == 2);  // padding is no bad index
      return out[0];
    };
    CHECK(pooled(BadIndex::skip, {}) == c.skip);
    CHECK(pooled(BadIndex::default_row, {}) == c.as_row_1);
    CHECK(pooled(BadIndex::default_row, 1) == c.as_padding);
    CHECK(pooled(BadIndex::default_row, -4) == c.as_padding);
    CHECK(pooled(BadIndex::skip, 0) == c.skip);
  }
}

TEST_CASE("every index of a bag is bad: +0 where they are left out, its pooling where they are replaced") {
  const Counting table(5);
  const std::vector<std::uint16_t> indices = {5, 6, 65'535};
  const std::vector<float> weights = {1, 1, 1};
  const Engine engine;
  for (const Pooling pooling : all_poolings) {
    const Bags bags = pooling >= Pooling::mean_by_weight ? Bags::fixed(indices, 1, weights) : Bags::fixed(indices, 1);
    float out[1] = {untouched};
    CHECK(engine.embedding_bag(table.view(), bags, out, {.pooling = pooling, .bad_index = BadIndex::skip}).value == 3);
    CHECK(std::bit_cast<std::uint32_t>(out[0]) == 0);
    const BagOptions replaced{.pooling = pooling, .bad_index = BadIndex::default_row, .default_row = 4};
    CHECK(engine.embedding_bag(table.view(), bags, out, replaced).value == 3);
    const float expected = pooling == Pooling::sum      ? 12.0F
                           : pooling == Pooling::sqrt_n ? 12.0F / std::sqrt(3.0F)
                                                        : 4.0F;
    CHECK(out[0] == expected);
  }
}

TEST_CASE("indices behind the last bag: checked, and never counted") {
  RefusedCalls f;
  const std::vector<std::int32_t> indices = {1, 10, 2, 10, -1};
  const std::vector<std::int32_t> offsets = {0, 2, 3};
  f.out.assign(8, untouched);
  const BagOptions options{.pooling = Pooling::sum, .include_last_offset = true};
  CHECK(f.refused(Bags(indices, offsets), options).bag == 0);
  BagOptions skip = options;
  skip.bad_index = BadIndex::skip;
  CHECK(f.engine.embedding_bag(f.table, Bags(indices, offsets), f.out, skip).value == 1);
  CHECK(reference::embedding_bag(f.table, Bags(indices, offsets), f.out, skip).value == 1);
}

TEST_CASE("a bag of more members than an f32 counts in ones") {
  const std::vector<float> values = {1.0F, 3.0F};
  const TableView table = *TableView::over(values, 1);
  const std::vector<std::uint8_t> indices((1 << 24) + 2, 0);
  const Engine engine;
  for (const Pooling pooling : {Pooling::mean, Pooling::sqrt_n}) {
    for (const std::optional<std::int64_t> padding : {std::optional<std::int64_t>(), {1}}) {
      if (reduced_effort() && (pooling != Pooling::mean || padding)) continue;
      float actual[1] = {0};
      float expected[1] = {0};
      const BagOptions options{.pooling = pooling, .padding_index = padding};
      REQUIRE(engine.embedding_bag(table, Bags::fixed(indices, 1), actual, options).ok());
      REQUIRE(reference::embedding_bag(table, Bags::fixed(indices, 1), expected, options).ok());
      CHECK(actual[0] == expected[0]);
    }
  }
}
