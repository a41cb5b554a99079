// Tables of more than 2^32 rows learn: rows beyond 2^32 are told from those that the low 32 bits of their numbers name.
#include <doctest/doctest.h>

#include <sys/mman.h>

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "tests/support/random_steps.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr std::uint64_t seed = 20261201;
constexpr std::uint64_t two_32 = std::uint64_t{1} << 32;
constexpr std::uint64_t rows = 2 * two_32;
constexpr std::uint64_t dim = 3;

/// In pairs with the same low 32 bits, and around every power of two that matters.
const std::vector<std::uint64_t> real_rows = {0,      5,          two_32 / 2 - 1,          two_32 / 2, two_32 - 1,
                                              two_32, two_32 + 5, two_32 + two_32 / 2 - 1, rows - 1};

/// Address space for a table, of which the pages that are touched are memory.
class HugeTable {
 public:
  explicit HugeTable(DType dtype) : bytes_(rows * *row_bytes(dtype, dim)) {
    memory_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    REQUIRE(memory_ != MAP_FAILED);
    view_ = *MutableTableView::over({static_cast<std::byte*>(memory_), bytes_}, rows, dim, dtype);
  }
  ~HugeTable() { ::munmap(memory_, bytes_); }
  HugeTable(const HugeTable&) = delete;
  HugeTable& operator=(const HugeTable&) = delete;

  const MutableTableView& view() const { return view_; }
  /// The same values for the same seed.
  void fill(std::uint64_t from) const {
    Random random(from);
    for (const std::uint64_t row : real_rows) {
      float values[dim];
      for (float& value : values) value = small_float(random);
      simd::encode(static_cast<simd::Element>(view_.dtype()), values, dim,
                   view_.mutable_data() + row * view_.row_stride());
    }
  }
  std::vector<float> values() const {
    std::vector<float> values(real_rows.size() * dim);
    for (std::size_t i = 0; i < real_rows.size(); ++i) {
      simd::decode_row(static_cast<simd::Element>(view_.dtype()), view_.data() + real_rows[i] * view_.row_stride(), dim,
                       values.data() + i * dim);
    }
    return values;
  }

 private:
  std::uint64_t bytes_;
  void* memory_ = nullptr;
  MutableTableView view_ = *MutableTableView::over(std::span<float>(), 1);
};

}  // namespace

TEST_CASE("gradients, steps and norms of rows beyond 2^32") {
  Random random(seed);
  const Engine engine;
  for (const DType dtype : trainable_dtypes) {
    const HugeTable expected(dtype);
    const HugeTable actual(dtype);
    for (const Pooling pooling : all_poolings) {
      expected.fill(seed);
      actual.fill(seed);
      std::vector<std::uint64_t> indices(120);
      for (auto& index : indices) index = real_rows[below(random, real_rows.size())];
      std::vector<float> weights(indices.size());
      for (float& weight : weights) weight = small_float(random);
      std::vector<float> gradient(12 * dim);
      for (float& g : gradient) g = small_float(random);
      const bool weighted = may_have_weights(pooling);
      const Bags::Weights given = weighted ? Bags::Weights(weights) : std::nullopt;
      const LookupGradient lookup{Bags::fixed(indices, 12, given),
                                  gradient,
                                  {.pooling = pooling, .padding_index = static_cast<std::int64_t>(two_32 + 5)}};

      reference::Gradient by_reference;
      SparseGradient by_engine;
      REQUIRE(reference::embedding_bag_backward(expected.view(), std::span(&lookup, 1), by_reference).ok());
      REQUIRE(engine.embedding_bag_backward(actual.view(), std::span(&lookup, 1), by_engine).ok());
      CHECK(by_reference.rows.size() == real_rows.size() - 1);
      const Outcome outcome = compare_gradients(by_reference, by_engine);
      CHECK_MESSAGE(outcome.difference.empty(), outcome.difference);

      Optimizer optimizer = std::move(Optimizer::create(actual.view(), Sgd{})).value();
      REQUIRE(reference::step(optimizer, expected.view(), {}, by_reference).ok());
      REQUIRE(optimizer.step(engine, actual.view(), lookup).ok());
      CHECK(first_difference(expected.values(), actual.values()) == real_rows.size() * dim);

      Workspace workspace;
      REQUIRE(reference::renormalize(expected.view(), indices, {.max_norm = 0.5F}).ok());
      REQUIRE(engine.renormalize(actual.view(), indices, {.max_norm = 0.5F}, workspace).ok());
      CHECK(first_difference(expected.values(), actual.values()) == real_rows.size() * dim);
    }
  }
}
