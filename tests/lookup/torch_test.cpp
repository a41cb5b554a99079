// The answers of PyTorch itself, for every mode, form of offsets and padding (tests/golden/make_torch_cases.py).
#include <doctest/doctest.h>

#include <cmath>
#include <optional>
#include <vector>

#include "rowan/engine.hpp"

using namespace rowan;

namespace {

struct TorchCase {
  Pooling pooling;
  bool include_last_offset;
  std::optional<std::int64_t> padding_index;
  std::vector<std::int64_t> indices;
  std::vector<std::int64_t> offsets;
  std::vector<float> weights;
  std::vector<float> expected;
};

#include "tests/golden/torch_cases.inc"

}  // namespace

TEST_CASE("embedding_bag gives PyTorch's answers") {
  const Engine engine;
  const TableView table = *TableView::over(torch_table, 5);
  std::size_t compared = 0;
  for (const TorchCase& c : torch_cases) {
    std::vector<float> out(c.expected.size(), -1.0F);
    std::optional<std::span<const float>> weights;
    if (!c.weights.empty()) weights = c.weights;
    const Status status = engine.embedding_bag(
        table, Bags{c.indices, c.offsets, weights}, out,
        {.pooling = c.pooling, .include_last_offset = c.include_last_offset, .padding_index = c.padding_index});
    REQUIRE_MESSAGE(status.ok(), status.message(table));
    // Sums of eighths are exact; a mean may be rounded once more there, where it is a product with 1/n.
    const float tolerance = c.pooling == Pooling::mean ? 1.2e-7F : 0.0F;
    for (std::size_t i = 0; i < out.size(); ++i) {
      CHECK(std::abs(out[i] - c.expected[i]) <= tolerance * std::abs(c.expected[i]));
      ++compared;
    }
  }
  CHECK(compared > 500);
}

TEST_CASE("max with NaN and signed zeros, as PyTorch's CPU kernel answers") {
  const float nan = NAN;
  const std::vector<float> values = {1.0F, nan, -0.0F, 2.0F, 5.0F, 0.0F, nan, 7.0F, -1.0F};
  const TableView table = *TableView::over(values, 3);
  const Engine engine;
  const auto max_of = [&](std::vector<std::int64_t> indices) {
    std::vector<float> out(3);
    CHECK(engine.embedding_bag(table, Bags::fixed(indices, 1), out, {.pooling = Pooling::max}).ok());
    return out;
  };
  std::vector<float> out = max_of({0, 1, 2});  // a NaN in the first member stays
  CHECK(out[0] == 2.0F);
  CHECK(std::isnan(out[1]));
  CHECK(std::signbit(out[2]));  // -0 came first; +0 is not greater
  out = max_of({2, 1, 0});
  CHECK(std::isnan(out[0]));
  CHECK(out[1] == 7.0F);
  CHECK(!std::signbit(out[2]));
  out = max_of({1, 2, 0});  // a later NaN never enters
  CHECK(out[0] == 2.0F);
  CHECK(out[1] == 7.0F);
}
