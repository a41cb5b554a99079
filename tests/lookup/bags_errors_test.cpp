// Lengths, offsets, weights and options of bags that are refused: code, place, value, sentence.
#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/lookup/refusals.hpp"
#include "tests/support/random_calls.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr std::int64_t least_i64 = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t most_i64 = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t most_u64 = ~std::uint64_t{0};

const std::vector<std::int32_t> four = {1, 2, 3, 4};

const char* name_of(Pooling pooling) {
  constexpr const char* names[] = {"sum", "mean", "max", "min", "sqrt_n", "mean_by_weight", "mean_by_count"};
  return names[static_cast<int>(pooling)];
}

}  // namespace

TEST_CASE("a negative length is refused wherever it stands, before the sum") {
  RefusedCalls f;
  for (const std::size_t count : {1, 2, 7, 8, 33, 100}) {
    for (const std::size_t where : {std::size_t{0}, count / 2, count - 1}) {
      for (const std::int64_t bad : {std::int64_t{-1}, std::int64_t{-4}, least_i64, least_i64 + 1}) {
        std::vector<std::int64_t> lengths(count, 1);
        lengths[where] = bad;
        f.out.assign(count * 4, untouched);
        Status status = f.refused(Bags::by_lengths(four, lengths));
        CHECK(status.code == Code::lengths_negative);
        CHECK(status.bag == where);
        CHECK(status.value == bad);
        CHECK(status.message() ==
              "the length of bag " + std::to_string(where) + " is " + std::to_string(bad) + "; it must be at least 0");

        std::vector<std::int32_t> narrow(count, 1);
        narrow[where] = bad < -4 ? std::numeric_limits<std::int32_t>::min() : static_cast<std::int32_t>(bad);
        status = f.refused(Bags::by_lengths(four, narrow));
        CHECK(status.code == Code::lengths_negative);
        CHECK(status.bag == where);
        CHECK(status.value == narrow[where]);
      }
    }
  }
  // The first one, though another makes the sum right.
  const std::vector<std::int64_t> two = {2, -1, -1, 4};
  f.out.assign(16, untouched);
  CHECK(f.refused(Bags::by_lengths(four, two)).bag == 1);
}

TEST_CASE_TEMPLATE("lengths that do not add up to the number of indices", Length, std::int32_t, std::int64_t,
                   std::uint32_t, std::uint64_t, std::uint16_t, std::uint8_t) {
  RefusedCalls f;
  for (const std::size_t sum : {0, 1, 3, 5, 255}) {
    const std::vector<Length> lengths = {static_cast<Length>(sum / 2), 0, static_cast<Length>(sum - sum / 2)};
    const Status status = f.refused(Bags::by_lengths(four, lengths));
    CHECK(status.code == Code::lengths_sum);
    CHECK(status.position == 4);
    CHECK(status.value == static_cast<std::int64_t>(sum));
    CHECK(status.message() == "the lengths add up to " + std::to_string(sum) + "; there are 4 indices");
  }
  const std::vector<Length> none;
  f.out.clear();
  CHECK(f.refused(Bags::by_lengths(four, none)).value == 0);
  f.out.assign(12, untouched);
  const std::vector<Length> good = {2, 0, 2};
  CHECK(f.engine.embedding_bag(f.table, Bags::by_lengths(four, good), f.out).ok());
  CHECK(f.out == std::vector<float>{1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1});
}

TEST_CASE_TEMPLATE("a sum of narrow lengths is not taken in their type", Length, std::uint16_t, std::uint8_t) {
  RefusedCalls f;
  const auto most = std::numeric_limits<Length>::max();
  const std::vector<Length> wraps = {most, 5};  // 4 in the type
  f.out.assign(8, untouched);
  const Status status = f.refused(Bags::by_lengths(four, wraps));
  CHECK(status.code == Code::lengths_sum);
  CHECK(status.value == most + 5);
}

TEST_CASE("a sum of lengths beyond 64 bits is refused, also where it wraps to the number of indices") {
  RefusedCalls f;
  const std::uint64_t half = std::uint64_t{1} << 63;
  const std::vector<std::uint64_t> wrapping[] = {
      {most_u64, 5}, {half, half + 4},        {half, half, 4}, {4, most_u64, 1},
      {half, 4},     {half - 1, half - 1, 6}, {most_u64},      {half - 1, half + 1, half + 1, half + 3},
  };
  for (const auto& lengths : wrapping) {
    f.out.assign(lengths.size() * 4, untouched);
    const Status status = f.refused(Bags::by_lengths(four, lengths));
    CHECK(status.code == Code::lengths_sum);
    CHECK(status.position == 4);
    CHECK(status.value == most_i64);
    CHECK(status.message() == "the lengths add up to more than 2^63; there are 4 indices");
  }
  const std::vector<std::int64_t> signed_ones[] = {
      {most_i64, most_i64, 6},  // 4 in 64 bits
      {most_i64, 5},            // negative in 64 bits
      {most_i64, most_i64, most_i64, most_i64, 8},
  };
  for (const auto& lengths : signed_ones) {
    f.out.assign(lengths.size() * 4, untouched);
    const Status status = f.refused(Bags::by_lengths(four, lengths));
    CHECK(status.code == Code::lengths_sum);
    CHECK(status.value == most_i64);
  }
  // u32 lengths: the sum is one of 64 bits.
  const std::vector<std::uint32_t> wide(3, 0xFFFF'FFFFU);
  f.out.assign(12, untouched);
  CHECK(f.refused(Bags::by_lengths(four, wide)).value == std::int64_t{0xFFFF'FFFF} * 3);
}

TEST_CASE("lengths may be of any type, with indices of any type") {
  RefusedCalls f;
  for (const IndexKind index_kind : all_index_kinds) {
    for (const IndexKind length_kind : all_index_kinds) {
      const Integers indices(index_kind, {1, 2, 3, 4});
      const Integers lengths(length_kind, {0, 3, 1});
      f.out.assign(12, untouched);
      CHECK(f.engine.embedding_bag(f.table, Bags::by_lengths(indices, lengths), f.out, {.pooling = Pooling::sum}).ok());
      CHECK(f.out == std::vector<float>{0, 0, 0, 0, 3, 3, 3, 3, 1, 1, 1, 1});
      const Integers bad(index_kind, {1, 2, 3, 10});
      f.out.assign(12, untouched);
      const Status status = f.refused(Bags::by_lengths(bad, lengths));
      CHECK(status.code == Code::index_out_of_range);
      CHECK(status.bag == 2);
      CHECK(status.position == 3);
    }
  }
}

TEST_CASE_TEMPLATE("offsets of every type: start, order, range", Offset, std::int32_t, std::int64_t, std::uint32_t,
                   std::uint64_t, std::uint16_t, std::uint8_t) {
  RefusedCalls f;
  const auto most = std::numeric_limits<Offset>::max();
  const auto as_signed = [](Offset offset) { return static_cast<std::int64_t>(offset); };
  for (const std::size_t count : {2, 3, 8, 17, 33, 70}) {
    const std::vector<std::int32_t> indices(count + 2, 1);
    for (std::size_t where = 0; where < count; ++where) {
      std::vector<Offset> offsets(count);
      for (std::size_t i = 0; i < count; ++i) offsets[i] = static_cast<Offset>(i);
      for (const Offset bad : {static_cast<Offset>(count + 3), most, static_cast<Offset>(-1)}) {
        offsets[where] = bad;
        f.out.assign(count * 4, untouched);
        const Status status = f.refused(Bags(indices, offsets));
        CHECK(status.code == (where == 0 ? Code::offsets_start : Code::offset_out_of_range));
        CHECK(status.bag == where);
        CHECK(status.value == as_signed(bad));
      }
      if (where < 2) continue;
      offsets[where] = static_cast<Offset>(where - 2);
      const Status status = f.refused(Bags(indices, offsets));
      CHECK(status.code == Code::offsets_decrease);
      CHECK(status.bag == where);
    }
  }
}

TEST_CASE("an offset beyond i64 is said as what it is") {
  RefusedCalls f;
  const std::vector<std::uint64_t> offsets = {0, most_u64, most_u64};
  const Status status = f.refused(Bags(four, offsets));
  CHECK(status.code == Code::offset_out_of_range);
  CHECK(status.value == -1);  // its bits
}

TEST_CASE("offsets of u16 and u8 over more indices than they can say") {
  Random random(5);
  RefusedCalls f;
  const std::vector<std::int32_t> indices(70'000, 3);
  const std::vector<std::uint16_t> shorts = {0, 65'535, 65'535};
  const std::vector<std::uint8_t> bytes = {0, 255, 255};
  for (const IndexSpan offsets : {IndexSpan(shorts), IndexSpan(bytes)}) {
    std::vector<float> expected(12);
    REQUIRE(reference::embedding_bag(f.table, Bags(indices, offsets), expected, {.pooling = Pooling::sum}).ok());
    REQUIRE(f.engine.embedding_bag(f.table, Bags(indices, offsets), f.out, {.pooling = Pooling::sum}).ok());
    CHECK(f.out == expected);
    CHECK(f.out[0] + f.out[8] == 70'000.0F);
    CHECK(f.out[4] == 0.0F);
  }
}

TEST_CASE("weights: which poolings take them, which need them") {
  RefusedCalls f;
  const std::vector<float> weights(4, 1.0F);
  const std::vector<float> three(3, 1.0F);
  const std::vector<float> none;
  for (const Pooling pooling : all_poolings) {
    const BagOptions options{.pooling = pooling};
    const bool may = may_have_weights(pooling);
    const bool must = pooling == Pooling::mean_by_weight || pooling == Pooling::mean_by_count;
    f.out.assign(8, untouched);
    if (may) {
      CHECK(f.engine.embedding_bag(f.table, Bags::fixed(four, 2, weights), f.out, options).ok());
      f.out.assign(8, untouched);
      for (const auto& wrong : {three, none}) {
        const Status status = f.refused(Bags::fixed(four, 2, wrong), options);
        CHECK(status.code == Code::weights_size);
        CHECK(status.position == 4);
        CHECK(status.value == static_cast<std::int64_t>(wrong.size()));
        CHECK(status.message() ==
              std::to_string(wrong.size()) + " weights for 4 indices; there must be one each, or none at all");
      }
    } else {
      for (const auto& given : {weights, three, none}) {
        const Status status = f.refused(Bags::fixed(four, 2, given), options);
        CHECK(status.code == Code::weights_pooling);
        CHECK(status.value == static_cast<std::int64_t>(pooling));
        CHECK(status.message() == std::string("per-sample weights do not go with ") + name_of(pooling) +
                                      " pooling; they are accepted with sum, sqrt_n, mean_by_weight and mean_by_count");
      }
    }
    if (must) {
      const Status status = f.refused(Bags::fixed(four, 2), options);
      CHECK(status.code == Code::weights_missing);
      CHECK(status.value == static_cast<std::int64_t>(pooling));
      CHECK(status.message() == std::string(name_of(pooling)) + " pooling needs per-sample weights, one per index");
    } else {
      CHECK(f.engine.embedding_bag(f.table, Bags::fixed(four, 2), f.out, options).ok());
    }
  }
}

TEST_CASE("poolings and policies that are none") {
  RefusedCalls f;
  f.out.assign(8, untouched);
  for (const int number : {7, 8, 100, 255}) {
    Status status = f.refused(Bags::fixed(four, 2), {.pooling = static_cast<Pooling>(number)});
    CHECK(status.code == Code::pooling_unknown);
    CHECK(status.value == number);
    CHECK(status.message() == "there is no pooling number " + std::to_string(number));
    for (const bool pooled : {false, true}) {
      const auto policy = static_cast<BadIndex>(number - 4);
      status = pooled ? f.refused(Bags::fixed(four, 2), {.bad_index = policy})
                      : f.refused_rows(std::span(four).first(2), f.out, {.bad_index = policy});
      CHECK(status.code == Code::bad_index_unknown);
      CHECK(status.value == number - 4);
      CHECK(status.message() == "there is no bad-index policy number " + std::to_string(number - 4));
    }
  }
}

TEST_CASE("the default row must be in the table, even if no index is bad; and only where it is asked for") {
  RefusedCalls f;
  f.out.assign(8, untouched);
  for (const std::uint64_t bad : {std::uint64_t{10}, std::uint64_t{11}, std::uint64_t{1} << 63, most_u64}) {
    for (const bool pooled : {false, true}) {
      const Status status =
          pooled ? f.refused(Bags::fixed(four, 2), {.bad_index = BadIndex::default_row, .default_row = bad})
                 : f.refused_rows(std::span(four).first(2), f.out,
                                  {.bad_index = BadIndex::default_row, .default_row = bad});
      CHECK(status.code == Code::default_out_of_range);
      CHECK(static_cast<std::uint64_t>(status.value) == bad);
      CHECK(status.message(f.table) == "the default row " + std::to_string(bad) + " is not in [0, 10)");
      CHECK(status.message() == "the default row " + std::to_string(bad) + " is not in [0, rows)");
    }
    for (const BadIndex policy : {BadIndex::reject, BadIndex::skip}) {
      CHECK(f.engine.embedding_bag(f.table, Bags::fixed(four, 2), f.out, {.bad_index = policy, .default_row = bad}));
    }
    f.out.assign(8, untouched);
  }
  CHECK(f.engine.embedding_bag(f.table, Bags::fixed(four, 2), f.out,
                               {.bad_index = BadIndex::default_row, .default_row = 9}));
}

TEST_CASE("sqrt_n and the weighted means, by hand") {
  const std::vector<float> values = {1, -2, 4, 8, 0.5F, 16};  // rows {1, -2}, {4, 8}, {0.5, 16}
  const TableView table = *TableView::over(values, 2);
  const std::vector<std::int32_t> indices = {0, 1, 2, 1, 1, 0, 2, 2};
  const std::vector<std::int32_t> lengths = {3, 0, 1, 2, 2};
  const std::vector<float> weights = {1, 2, -1, 0.5F, 3, 4, 2, -2};
  const float zero = 0.0F;
  const float s3 = std::sqrt(3.0F), s2 = std::sqrt(2.0F), s6 = std::sqrt(6.0F), s8 = std::sqrt(8.0F);
  // Sums: {5.5, 22}, none, {4, 8}, {5, 6}, {1, 32}. Weighted: {8.5, -2}, none, {2, 4}, {16, 16}, {0, 0}.
  struct Case {
    Pooling pooling;
    bool weighted;
    std::vector<float> expected;
  };
  const Case cases[] = {
      {Pooling::sqrt_n, false, {5.5F / s3, 22 / s3, zero, zero, 4, 8, 5 / s2, 6 / s2, 1 / s2, 32 / s2}},
      // Squares of weights: 1 + 4 + 1, none, 0.25, 9 + 16, 4 + 4.
      {Pooling::sqrt_n, true, {8.5F / s6, -2 / s6, zero, zero, 4, 8, 16.0F / 5, 16.0F / 5, 0 / s8, 0 / s8}},
      // Weights: 2, none, 0.5, 7, 0: where they add up to nothing the bag is +0.
      {Pooling::mean_by_weight, true, {4.25F, -1, zero, zero, 4, 8, 16.0F / 7, 16.0F / 7, zero, zero}},
      {Pooling::mean_by_count, true, {8.5F / 3, -2.0F / 3, zero, zero, 2, 4, 8, 8, 0, 0}},
  };
  const Engine engine;
  for (const Case& c : cases) {
    const Bags bags = c.weighted ? Bags::by_lengths(indices, lengths, weights) : Bags::by_lengths(indices, lengths);
    std::vector<float> out(10, untouched);
    REQUIRE(engine.embedding_bag(table, bags, out, {.pooling = c.pooling}).ok());
    CHECK(first_difference(c.expected, out) == out.size());
    out.assign(10, untouched);
    REQUIRE(reference::embedding_bag(table, bags, out, {.pooling = c.pooling}).ok());
    CHECK(first_difference(c.expected, out) == out.size());
  }
}

TEST_CASE("divisors: 1 divides nothing, 0 of either sign is +0, NaN and infinity do what they do") {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float denormal = 1e-40F;
  const std::vector<float> values = {denormal, infinity, nan, -0.0F, 3.0F};
  const TableView table = *TableView::over(values, 5);
  const std::vector<std::int32_t> indices = {0, 0};
  const Engine engine;
  const auto mean_by_weight = [&](float first, float second) {
    const std::vector<float> weights = {first, second};
    std::vector<float> out(5, untouched);
    CHECK(engine.embedding_bag(table, Bags::fixed(indices, 1, weights), out, {.pooling = Pooling::mean_by_weight}));
    std::vector<float> expected(5);
    CHECK(reference::embedding_bag(table, Bags::fixed(indices, 1, weights), expected,
                                   {.pooling = Pooling::mean_by_weight}));
    CHECK(first_difference(expected, out) == 5);
    return out;
  };
  const std::vector<float> zeros(5, 0.0F);
  CHECK(first_difference(zeros, mean_by_weight(1, -1)) == 5);
  CHECK(first_difference(zeros, mean_by_weight(-0.0F, -0.0F)) == 5);
  CHECK(mean_by_weight(0.5F, 0.5F)[0] == denormal);
  CHECK(std::isnan(mean_by_weight(nan, 1)[4]));
  CHECK(std::isnan(mean_by_weight(infinity, 1)[4]));
  CHECK(mean_by_weight(1, 2)[1] == infinity);
  CHECK(std::isnan(mean_by_weight(1, 2)[2]));
}
