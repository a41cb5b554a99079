// Every refusal of a lookup: its code, its place, its sentence, and an output that nobody touched.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "tests/lookup/refusals.hpp"

using namespace rowan;
using test::untouched;
using Fixture = test::RefusedCalls;

namespace {

using Indices = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("an index that would fit 32 bits after truncation is refused") {
  Fixture f;
  const Indices indices = {(std::int64_t{1} << 32) + 1};
  f.out.assign(4, untouched);
  CHECK(f.engine.embedding(f.table, indices, f.out).code == Code::index_out_of_range);
  CHECK(f.output_untouched());
}

TEST_CASE("a bad index is reported with its bag, empty bags passed over") {
  Fixture f;
  const Indices indices = {1, 2, 3, 4, 10};
  const Indices offsets = {0, 2, 2};
  const Status status = f.refused(Bags{indices, offsets});
  CHECK(status.code == Code::index_out_of_range);
  CHECK(status.bag == 2);
  CHECK(status.position == 4);
  CHECK(status.value == 10);
  CHECK(status.message(f.table) == "index 10 at position 4 (bag 2) is not in [0, 10)");
  CHECK(status.message() == "index 10 at position 4 (bag 2) is not in [0, rows)");

  const Indices with_end = {0, 1, 2, 4};
  const Status behind = f.refused(Bags{indices, with_end}, {.pooling = Pooling::sum, .include_last_offset = true});
  CHECK(behind.code == Code::index_out_of_range);
  CHECK(behind.bag == Status::no_bag);  // behind the last bag
  CHECK(behind.message(f.table) == "index 10 at position 4 is not in [0, 10)");
}

TEST_CASE("offsets: each is checked, in the middle too (class 8)") {
  Fixture f;
  const Indices indices = {1, 2, 3, 4};
  struct Case {
    Indices offsets;
    Code code;
    std::uint64_t bag;
    std::int64_t value;
    const char* sentence;
  };
  const std::int64_t least = std::numeric_limits<std::int64_t>::min();
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const Case all[] = {
      {{1, 2, 3}, Code::offsets_start, 0, 1, "the first offset is 1; it must be 0"},
      {{-1, 2, 3}, Code::offsets_start, 0, -1, "the first offset is -1; it must be 0"},
      {{0, 3, 2},
       Code::offsets_decrease,
       2,
       2,
       "the offset of bag 2, 2, is less than the one before it; offsets must not decrease"},
      {{0, 5, 5}, Code::offset_out_of_range, 1, 5, "the offset of bag 1, 5, is not in [0, 4], the number of indices"},
      {{0, -1, 2},
       Code::offset_out_of_range,
       1,
       -1,
       "the offset of bag 1, -1, is not in [0, 4], the number of indices"},
      {{0, least, 0}, Code::offset_out_of_range, 1, least, nullptr},
      {{0, most, 0}, Code::offset_out_of_range, 1, most, nullptr},
      {{0, 1, most}, Code::offset_out_of_range, 2, most, nullptr},
  };
  for (const Case& c : all) {
    const Status status = f.refused(Bags{indices, c.offsets});
    CHECK(status.code == c.code);
    CHECK(status.bag == c.bag);
    CHECK(status.value == c.value);
    if (c.sentence != nullptr) CHECK(status.message(f.table) == c.sentence);
  }
}

TEST_CASE("offsets: one bad value among many is found wherever it stands") {
  Fixture f;
  for (const std::size_t bags : {2, 15, 16, 17, 33, 100}) {
    const std::vector<std::int32_t> indices(bags, 1);
    for (std::size_t where = 1; where < bags; ++where) {
      for (const std::int32_t bad : {-1, static_cast<std::int32_t>(bags) + 1, std::numeric_limits<std::int32_t>::min(),
                                     std::numeric_limits<std::int32_t>::max()}) {
        std::vector<std::int32_t> offsets(bags);
        for (std::size_t i = 0; i < bags; ++i) offsets[i] = static_cast<std::int32_t>(i);
        offsets[where] = bad;
        f.out.assign(bags * 4, untouched);
        const Status status = f.refused(Bags{indices, offsets});
        CHECK(status.code == Code::offset_out_of_range);
        CHECK(status.bag == where);
      }
    }
  }
}

TEST_CASE("include_last_offset needs an offset") {
  Fixture f;
  const Status status = f.refused(Bags{{}, {}}, {.pooling = Pooling::sum, .include_last_offset = true});
  CHECK(status.code == Code::offsets_missing);
  CHECK(status.message().find("one more than there are bags") != std::string::npos);
}

TEST_CASE("arrays of unequal length (class 9)") {
  Fixture f;
  const Indices indices = {1, 2, 3, 4};
  const Indices offsets = {0, 1, 2};
  const std::vector<float> weights = {1.0F, 2.0F, 3.0F};
  Status status = f.refused(Bags{indices, offsets, weights});
  CHECK(status.code == Code::weights_size);
  CHECK(status.message() == "3 weights for 4 indices; there must be one each, or none at all");

  status = f.refused(Bags::fixed(indices, 3));
  CHECK(status.code == Code::bags_uneven);
  CHECK(status.message() == "4 indices do not divide into 3 bags of equal length");
  CHECK(f.refused(Bags::fixed(indices, 0)).code == Code::bags_uneven);

  const std::vector<float> four = {1.0F, 2.0F, 3.0F, 4.0F};
  for (const Pooling pooling : {Pooling::mean, Pooling::max}) {
    status = f.refused(Bags{indices, offsets, four}, {.pooling = pooling});
    CHECK(status.code == Code::weights_pooling);
  }
}

TEST_CASE("a weights array that is there must not be empty, unless there are no indices") {
  Fixture f;
  const Indices indices = {1, 2, 3};
  const Indices offsets = {0, 1, 2};
  const std::vector<float> none;
  CHECK(f.refused(Bags{indices, offsets, none}).code == Code::weights_size);
  f.out.clear();
  CHECK(f.engine.embedding_bag(f.table, Bags{{}, {}, none}, f.out, {.pooling = Pooling::sum}).ok());
}

TEST_CASE("a bad index without any bag") {
  Fixture f;
  const Indices bad = {1, 99};
  Indices empty;
  f.out.clear();
  for (int i = 0; i < 2; ++i) {  // without memory, then with some
    const Status status = f.refused(Bags{bad, empty});
    CHECK(status.code == Code::index_out_of_range);
    CHECK(status.bag == Status::no_bag);
    CHECK(status.position == 1);
    empty.reserve(4);
  }
  f.out.assign(8, untouched);
  CHECK(f.refused(Bags::fixed(bad, 2)).bag == 1);
  const Indices zero = {0};
  f.out.clear();
  const Status status = f.refused(Bags{bad, zero}, {.pooling = Pooling::sum, .include_last_offset = true});
  CHECK(status.bag == Status::no_bag);
}

TEST_CASE("offsets may be empty where no bag is meant") {
  Fixture f;
  const Indices indices = {1, 2};
  f.out.clear();
  CHECK(f.engine.embedding_bag(f.table, Bags{indices, {}}, f.out).ok());
}

TEST_CASE("a pooling that is none, an element type that is none") {
  Fixture f;
  const Indices indices = {1, 2, 3};
  const Status status = f.refused(Bags::fixed(indices, 3), {.pooling = static_cast<Pooling>(9)});
  CHECK(status.code == Code::pooling_unknown);
  CHECK(status.message() == "there is no pooling number 9");
  CHECK(!TableView::over(std::as_bytes(std::span<const float>(f.values)), 2, 2, static_cast<DType>(9)).ok());
}

TEST_CASE("padding index: [-rows, rows)") {
  Fixture f;
  const Indices indices = {1, 2, 3};
  const Indices offsets = {0, 1, 2};
  for (const std::int64_t bad : {std::int64_t{10}, std::int64_t{-11}, std::numeric_limits<std::int64_t>::min(),
                                 std::numeric_limits<std::int64_t>::max()}) {
    const Status status = f.refused(Bags{indices, offsets}, {.pooling = Pooling::sum, .padding_index = bad});
    CHECK(status.code == Code::padding_out_of_range);
    CHECK(status.value == bad);
  }
  for (const std::int64_t good : {0, 9, -1, -10}) {
    CHECK(f.engine.embedding_bag(f.table, Bags{indices, offsets}, f.out, {.padding_index = good}).ok());
  }
}

TEST_CASE("the output must have the size that the call fills") {
  Fixture f;
  const Indices indices = {1, 2, 3};
  const Indices offsets = {0, 1, 2};
  const Bags bags{indices, offsets};
  for (const std::size_t size : {0, 1, 11, 13}) {
    f.out.assign(size, untouched);
    const Status status = f.refused(bags);
    CHECK(status.code == Code::output_size);
    CHECK(status.position == 12);
    CHECK(f.engine.embedding(f.table, indices, f.out).code == Code::output_size);
    CHECK(f.output_untouched());
  }
  f.out.assign(100, untouched);
  Status status = f.engine.embedding(f.table, indices, OutputView(f.out, 3));
  CHECK(status.code == Code::output_stride);
  CHECK(status.message() == "the output's stride of 3 elements is less than the dim, 4; rows would overlap");
  for (const std::uint64_t huge : {std::uint64_t{49}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    status = f.engine.embedding(f.table, indices, OutputView(f.out, huge));
    CHECK(status.code == Code::output_size);
  }
  CHECK(status.message() == "the output has 100 elements; more than 2^64 are needed");
  CHECK(f.output_untouched());
  CHECK(f.engine.embedding(f.table, indices, OutputView(f.out, 48)).ok());
}

TEST_CASE("nothing to do is no error") {
  Fixture f;
  f.out.clear();
  CHECK(f.engine.embedding(f.table, Indices{}, f.out).ok());
  CHECK(f.engine.embedding_bag(f.table, Bags{{}, {}}, f.out).ok());
  CHECK(f.engine.embedding_bag(f.table, Bags::fixed({}, 0), f.out).ok());
  const Indices zero = {0};
  CHECK(f.engine.embedding_bag(f.table, Bags{{}, zero}, f.out, {.include_last_offset = true}).ok());
  f.out.assign(8, untouched);
  CHECK(f.engine.embedding_bag(f.table, Bags::fixed({}, 2), f.out, {.pooling = Pooling::max}).ok());
  CHECK(std::all_of(f.out.begin(), f.out.end(), [](float x) { return x == 0.0F; }));
}

TEST_CASE("an empty table has no valid index") {
  const TableView empty = *TableView::over(std::span<const float>(), 4);
  Fixture f;
  f.out.assign(4, untouched);
  CHECK(f.engine.embedding(empty, Indices{0}, f.out).code == Code::index_out_of_range);
  CHECK(f.output_untouched());
}

TEST_CASE("a view cannot reach beyond its memory (class 1)") {
  const std::vector<std::byte> bytes(1000);
  const std::uint64_t sizes[] = {0,
                                 1,
                                 (1ULL << 31) - 1,
                                 1ULL << 31,
                                 (1ULL << 31) + 1,
                                 (1ULL << 32) - 1,
                                 1ULL << 32,
                                 (1ULL << 32) + 1,
                                 (1ULL << 63) - 1,
                                 1ULL << 63,
                                 (1ULL << 63) + 1,
                                 ~0ULL - 1,
                                 ~0ULL};
  for (const std::uint64_t rows : sizes) {
    for (const std::uint64_t dim : sizes) {
      for (const std::uint64_t stride : sizes) {
        const auto view = TableView::over(bytes, rows, dim, DType::f16, stride);
        const std::uint64_t distance = stride != 0 ? stride : 2 * dim;
        const bool is_row = dim != 0 && dim < (1ULL << 63) && distance >= 2 * dim;
        const bool in_memory = rows == 0 || (rows == 1 && 2 * dim <= 1000) ||
                               (rows <= 1000 && distance <= 1000 && (rows - 1) * distance + 2 * dim <= 1000);
        const bool fits = is_row && in_memory;
        CHECK_MESSAGE(view.ok() == fits, rows, " rows, dim ", dim, ", stride ", stride);
      }
    }
  }
}

TEST_CASE("ROWAN_ISA may not ask for what is unknown; every call says so") {
  const char* given = std::getenv("ROWAN_ISA");
  const std::string before = given != nullptr ? given : "";
  for (const char* bad : {"AVX2", "sse9", "avx512 ", "scalar"}) {
    ::setenv("ROWAN_ISA", bad, 1);
    Fixture f;
    CHECK(f.engine.status().code == Code::isa_unknown);
    CHECK(f.engine.isa() == "none");
    CHECK(f.engine.embedding(f.table, Indices{1, 2, 3}, f.out).code == Code::isa_unknown);
    CHECK(f.output_untouched());
    CHECK(f.engine.status().message() == "ROWAN_ISA must be baseline, avx2 or avx512, or not be set");
  }
  if (given != nullptr) {
    ::setenv("ROWAN_ISA", before.c_str(), 1);
  } else {
    ::unsetenv("ROWAN_ISA");
  }
  CHECK(Engine().status().ok());
}

TEST_CASE("a moved-from engine refuses every call") {
  Fixture f;
  Engine moved = std::move(f.engine);
  CHECK(moved.embedding(f.table, Indices{1, 2, 3}, f.out).ok());
  f.out.assign(12, untouched);
  const Status status = f.engine.embedding(f.table, Indices{1, 2, 3}, f.out);  // NOLINT(bugprone-use-after-move)
  CHECK(status.code == Code::engine_moved);
  CHECK(f.output_untouched());
}
