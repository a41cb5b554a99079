// Lookups and gradients that are refused on the way back: code, place, value, sentence; and nothing has changed.
#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "simd/scalar.hpp"
#include "tests/training/refusals.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

const std::vector<std::int64_t> six = {1, 2, 3, 4, 5, 9};
const std::vector<float> twelve(12, 0.5F);  // the gradient of three bags
const std::vector<float> six_weights(6, 1.0F);

/// Three bags of two.
LookupGradient three_bags(const GradientView& gradient, Pooling pooling = Pooling::sum) {
  return {Bags::fixed(six, 3), gradient, {.pooling = pooling}};
}

}  // namespace

TEST_CASE("a gradient of the wrong size, stride or type") {
  RefusedTraining f;
  const std::vector<float> many(40, 0.5F);
  for (const std::size_t size : {0, 1, 11, 13, 24}) {
    const Status status = f.refused(three_bags(std::span(many).first(size)));
    CHECK(status.code == Code::gradient_size);
    CHECK(status.position == 12);
    CHECK(status.value == static_cast<std::int64_t>(size));
    CHECK(status.message() == "the gradient has " + std::to_string(size) + " elements; 12 are needed");
  }
  Status status = f.refused(three_bags(GradientView(std::span(many).first(13), 5)));  // 14 reach the last element
  CHECK(status.code == Code::gradient_size);
  CHECK(status.position == 14);
  status = f.refused(three_bags(GradientView(many, std::uint64_t{1} << 63)));
  CHECK(status.code == Code::gradient_size);
  CHECK(status.position == ~std::uint64_t{0});
  for (const std::uint64_t stride : {1, 3}) {
    status = f.refused(three_bags(GradientView(many, stride)));
    CHECK(status.code == Code::gradient_stride);
    CHECK(status.position == 4);
    CHECK(status.value == static_cast<std::int64_t>(stride));
  }
  const std::vector<std::uint16_t> halves(12);
  for (const DType dtype : {DType::f32, DType::f8_e4m3, DType::i8}) {
    status = f.refused(three_bags(GradientView(halves, dtype)));
    CHECK(status.code == Code::gradient_dtype);
    CHECK(status.value == static_cast<std::int64_t>(dtype));
  }
}

TEST_CASE("which lookup was wrong") {
  RefusedTraining f;
  const std::array lookups = {three_bags(twelve), three_bags(twelve, Pooling::max),
                              three_bags(std::span(twelve).first(8))};
  const Status status = f.refused(lookups);
  CHECK(status.code == Code::gradient_size);
  CHECK(status.table == 2);
  CHECK(status.message() == "the gradient of lookup 2 has 8 elements; 12 are needed");
}

TEST_CASE("NaN and infinity in a gradient are refused by bag and column, unless they are asked for") {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    for (const float bad : {not_a_number, infinity, -infinity}) {
      for (std::size_t bag = 0; bag < 3; ++bag) {
        for (std::size_t column = 0; column < 4; ++column) {
          RefusedTraining f;
          std::vector<float> floats(3 * 6, 0.25F);
          floats[bag * 6 + column] = bad;
          floats[4] = not_a_number;  // between the rows: nobody looks
          std::vector<std::uint16_t> halves(floats.size());
          if (dtype != DType::f32) {
            simd::encode(static_cast<simd::Element>(dtype), floats.data(), floats.size(),
                         reinterpret_cast<std::byte*>(halves.data()));
          }
          const GradientView view = dtype == DType::f32 ? GradientView(floats, 6) : GradientView(halves, dtype, 6);
          for (const Pooling pooling : {Pooling::sum, Pooling::mean, Pooling::max}) {
            const std::array lookups = {three_bags(twelve), three_bags(view, pooling)};
            const Status status = f.refused(lookups);
            CHECK(status.code == Code::gradient_not_finite);
            CHECK(status.table == 1);
            CHECK(status.bag == bag);
            CHECK(status.position == column);
            CHECK(status.message() == "the gradient of lookup 1 is NaN or infinite in row " + std::to_string(bag) +
                                          ", column " + std::to_string(column) +
                                          "; NonFinite::keep computes with such values");
          }
          const LookupGradient kept = three_bags(view);
          REQUIRE(
              f.engine.embedding_bag_backward(f.table, std::span(&kept, 1), f.gradient, {.non_finite = NonFinite::keep})
                  .ok());
          const std::size_t row = 2 * bag + 1;  // of the bag's two, the second
          CHECK(f.gradient.rows()[row] == static_cast<std::uint64_t>(six[row]));
          const float seen = f.gradient.values()[row * 4 + column];
          CHECK((bad != bad ? seen != seen : seen == bad));
          CHECK(f.optimizer.step(f.engine, f.table, kept, {.non_finite = NonFinite::keep}).ok());
          CHECK(f.optimizer.steps() == 2);
        }
      }
    }
  }
}

TEST_CASE("what is wrong with bags forward is wrong with them backward") {
  RefusedTraining f;
  const auto bags_of = [](const Bags& bags, const BagOptions& options = {.pooling = Pooling::sum}) {
    return LookupGradient{bags, twelve, options};
  };
  for (const std::int64_t bad : {std::int64_t{10}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min(),
                                 std::numeric_limits<std::int64_t>::max()}) {
    for (std::size_t where = 0; where < six.size(); ++where) {
      std::vector<std::int64_t> indices = six;
      indices[where] = bad;
      const Status status = f.refused(bags_of(Bags::fixed(indices, 3)));
      CHECK(status.code == Code::index_out_of_range);
      CHECK(status.bag == where / 2);
      CHECK(status.position == where);
      CHECK(status.value == bad);
    }
  }
  const std::vector<std::int64_t> decreasing = {0, 4, 2};
  const std::vector<std::int64_t> late = {1, 2, 4};
  const std::vector<std::int64_t> beyond = {0, 2, 7};
  const std::vector<std::int64_t> negative = {3, -1, 4};
  const std::vector<std::int64_t> short_sum = {1, 1, 3};
  CHECK(f.refused(bags_of(Bags(six, decreasing))).code == Code::offsets_decrease);
  CHECK(f.refused(bags_of(Bags(six, late))).code == Code::offsets_start);
  CHECK(f.refused(bags_of(Bags(six, beyond))).code == Code::offset_out_of_range);
  CHECK(f.refused(bags_of(Bags::by_lengths(six, negative))).code == Code::lengths_negative);
  CHECK(f.refused(bags_of(Bags::by_lengths(six, short_sum))).code == Code::lengths_sum);
  CHECK(f.refused(bags_of(Bags::fixed(six, 4))).code == Code::bags_uneven);
  const Bags bags = Bags::fixed(six, 3);
  CHECK(f.refused(bags_of(bags, {.pooling = static_cast<Pooling>(7)})).code == Code::pooling_unknown);
  CHECK(f.refused(bags_of(bags, {.bad_index = static_cast<BadIndex>(3)})).code == Code::bad_index_unknown);
  CHECK(f.refused(bags_of(bags, {.padding_index = 10})).code == Code::padding_out_of_range);
  CHECK(f.refused(bags_of(bags, {.padding_index = -11})).code == Code::padding_out_of_range);
  CHECK(f.refused(bags_of(bags, {.bad_index = BadIndex::default_row, .default_row = 10})).code ==
        Code::default_out_of_range);
  CHECK(f.refused(bags_of(bags, {.pooling = Pooling::mean_by_count})).code == Code::weights_missing);
  const Bags weighted = Bags::fixed(six, 3, six_weights);
  CHECK(f.refused(bags_of(weighted, {.pooling = Pooling::mean})).code == Code::weights_pooling);
  CHECK(f.refused(bags_of(Bags::fixed(six, 3, std::span(six_weights).first(5)))).code == Code::weights_size);
}

TEST_CASE("room for the gradients of weights") {
  RefusedTraining f;
  std::vector<float> more(7, untouched);
  for (const std::size_t size : {1, 5, 7}) {
    LookupGradient lookup{Bags::fixed(six, 3, six_weights), twelve, {.pooling = Pooling::sum}};
    lookup.weights_gradient = std::span(more).first(size);
    const Status status = f.refused(lookup);
    CHECK(status.code == Code::weights_gradient_size);
    CHECK(status.position == 6);
    CHECK(status.value == static_cast<std::int64_t>(size));
    CHECK(status.message() ==
          "there is room for " + std::to_string(size) + " gradients of weights and there are 6 weights");
  }
  CHECK(more == std::vector<float>(7, untouched));
  LookupGradient lookup = three_bags(twelve);
  lookup.weights_gradient = f.weights_gradient;
  CHECK(f.refused(lookup).code == Code::weights_gradient_size);
  // Where a later lookup is refused, nothing of the first one's weights is written.
  lookup = {Bags::fixed(six, 3, six_weights), twelve, {.pooling = Pooling::sum}, f.weights_gradient};
  const std::array lookups = {lookup, three_bags(std::span(twelve).first(4))};
  CHECK(f.refused(lookups).table == 1);
}

TEST_CASE("a gradient of another table is not added to, nor stepped with") {
  RefusedTraining f;
  std::vector<float> other(12 * 4, 1.0F);
  const LookupGradient lookup = three_bags(twelve);
  const std::vector<float> wide(15, 0.5F);
  const LookupGradient wide_lookup = three_bags(wide);
  for (const auto& [dim, count] :
       {std::pair{std::uint64_t{4}, 12}, {std::uint64_t{4}, 9 + 2}, {std::uint64_t{5}, 10}}) {
    other.assign(dim * static_cast<std::size_t>(count), 1.0F);
    const TableView table = *TableView::over(other, dim);
    const LookupGradient& fitting = dim == 4 ? lookup : wide_lookup;
    Status status = f.engine.embedding_bag_backward(table, std::span(&fitting, 1), f.gradient, {.accumulate = true});
    CHECK(status.code == Code::optimizer_mismatch);
    f.check_untouched();
    SparseGradient of_other;
    REQUIRE(f.engine.embedding_bag_backward(table, std::span(&fitting, 1), of_other).ok());
    status = f.refused_step(of_other);
    CHECK(status.code == Code::optimizer_mismatch);
    CHECK(status.position == static_cast<std::uint64_t>(count));
    CHECK(status.value == static_cast<std::int64_t>(dim));
  }
}

TEST_CASE("a gradient that a host made NaN or infinite is refused by place and column") {
  RefusedTraining f;
  for (const float bad : {not_a_number, infinity, -infinity}) {
    for (std::size_t place = 0; place < 3; ++place) {
      for (std::size_t column = 0; column < 4; ++column) {
        float& value = f.gradient.values()[place * 4 + column];
        const float before = value;
        value = bad;
        const Status status = f.optimizer.step(f.engine, f.table, f.gradient);
        CHECK(status.code == Code::gradient_not_finite);
        CHECK(status.bag == place);
        CHECK(status.position == column);
        value = before;
        f.check_untouched();
      }
    }
  }
  f.gradient.values()[0] = infinity;
  CHECK(f.optimizer.step(f.engine, f.table, f.gradient, {.non_finite = NonFinite::keep}).ok());
}

TEST_CASE("an engine that has no threads or no tier refuses everything") {
  RefusedTraining f;
  f.engine = Engine({.threads = Threads::own(-1)});
  const LookupGradient lookup = three_bags(twelve);
  check_same(f.engine.status(), f.engine.embedding_bag_backward(f.table, std::span(&lookup, 1), f.gradient));
  check_same(f.engine.status(), f.optimizer.step(f.engine, f.table, lookup));
  check_same(f.engine.status(), f.refused_step(f.gradient));
  Workspace workspace;
  check_same(f.engine.status(), f.engine.renormalize(f.table, six, {.max_norm = 0.1F}, workspace));
  f.check_untouched();
}

TEST_CASE("gradients of weights lie over nothing that the call reads, nor over each other") {
  RefusedTraining f;
  std::vector<float> shared(24, 0.5F);  // weights, gradients and gradients of weights, in one piece
  const std::span all(shared);
  LookupGradient lookup{Bags::fixed(six, 3, six_weights), all.first(12), {.pooling = Pooling::sum}, all.subspan(11, 6)};
  CHECK(f.refused(lookup).code == Code::output_overlap);
  lookup = {Bags::fixed(six, 3, all.first(6)), twelve, {.pooling = Pooling::sum}, all.subspan(5, 6)};
  CHECK(f.refused(lookup).code == Code::output_overlap);
  lookup.bags = Bags::fixed(six, 3, six_weights);
  LookupGradient other = lookup;
  other.weights_gradient = all.subspan(10, 6);
  CHECK(f.refused(std::array{lookup, other}).code == Code::output_overlap);
  CHECK(shared == std::vector<float>(24, 0.5F));
}

TEST_CASE("indices that are skipped or replaced are counted") {
  std::vector<float> values(40, 1.0F);
  const auto table = MutableTableView::over(std::span(values), 4).value();
  const Engine engine;
  auto optimizer = Optimizer::create(table, Sgd{}).value();
  SparseGradient gradient;
  const std::vector<std::int64_t> indices = {1, 10, -1, 4, 5, 9};  // two of ten rows' are outside
  for (const BadIndex bad_index : {BadIndex::skip, BadIndex::default_row}) {
    const LookupGradient lookup{
        Bags::fixed(indices, 3), twelve, {.pooling = Pooling::sum, .bad_index = bad_index, .default_row = 4}};
    const std::array both = {lookup, lookup};
    Status status = engine.embedding_bag_backward(table, both, gradient);
    CHECK(status.ok());
    CHECK(status.value == 4);
    CHECK(gradient.rows().size() == 4);
    status = optimizer.step(engine, table, lookup);
    CHECK(status.ok());
    CHECK(status.value == 2);
  }
}

TEST_CASE("an optimizer that was moved from refuses every step") {
  std::vector<float> values(40, 1.0F);
  const auto table = MutableTableView::over(std::span(values), 4).value();
  const Engine engine;
  auto optimizer = Optimizer::create(table, Sgd{}).value();
  const Optimizer taken = std::move(optimizer);
  CHECK(optimizer.step(engine, table, three_bags(twelve)).code == Code::engine_moved);
  CHECK(optimizer.step(engine, table, SparseGradient()).code == Code::engine_moved);
  CHECK(values == std::vector<float>(40, 1.0F));
}
