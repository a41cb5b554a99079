// Calls that must be refused, by the engine and by the reference alike, without a write.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "rowan/engine.hpp"
#include "rowan/reference.hpp"

namespace rowan::test {

inline constexpr float untouched = -77.0F;

inline void check_same(const Status& a, const Status& b) {
  CHECK(a.code == b.code);
  CHECK(a.table == b.table);
  CHECK(a.bag == b.bag);
  CHECK(a.position == b.position);
  CHECK(a.value == b.value);
}

/// A table of ten rows of ones, of dim 4, and an output for three of them.
struct RefusedCalls {
  std::vector<float> values = std::vector<float>(10 * 4, 1.0F);
  TableView table = *TableView::over(values, 4);
  Engine engine;
  std::vector<float> out = std::vector<float>(3 * 4, untouched);

  bool output_untouched() const {
    return std::all_of(out.begin(), out.end(), [](float x) { return x == untouched; });
  }
  /// The engine's and the reference's refusal, which must be the same one.
  Status refused(const Bags& bags, const BagOptions& options = {.pooling = Pooling::sum}) {
    return refused(bags, out, options);
  }
  Status refused(const Bags& bags, const OutputView& to, const BagOptions& options = {.pooling = Pooling::sum}) {
    const Status status = engine.embedding_bag(table, bags, to, options);
    check_same(status, reference::embedding_bag(table, bags, to, options));
    CHECK(!status.ok());
    CHECK(output_untouched());
    return status;
  }
  Status refused_rows(const IndexSpan& indices, const OutputView& to, const EmbeddingOptions& options = {}) {
    const Status status = engine.embedding(table, indices, to, options);
    check_same(status, reference::embedding(table, indices, to, options));
    CHECK(!status.ok());
    CHECK(output_untouched());
    return status;
  }
};

}  // namespace rowan::test
