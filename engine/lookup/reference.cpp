#include "rowan/reference.hpp"

#include <cmath>

#include "engine/lookup/checks.hpp"
#include "engine/support/element.hpp"
#include "simd/order.hpp"
#include "simd/scalar.hpp"

namespace rowan::reference {
namespace {

using namespace detail;

/// Row and column of a table.
class Rows {
 public:
  explicit Rows(const TableView& table) noexcept
      : table_(table), element_(element_of(table.dtype())), packed_(simd::packed_bytes(element_, table.dim())) {}

  float value(std::uint64_t row, std::uint64_t column) const noexcept {
    return simd::decode(element_, at(row), table_.dim(), column);
  }
  float code(std::uint64_t row, std::uint64_t column) const noexcept {
    return static_cast<float>(simd::code_at(element_, at(row), column));
  }
  simd::RowParameters parameters(std::uint64_t row) const noexcept {
    return simd::decode_parameters(element_, at(row) + packed_);
  }

 private:
  const std::byte* at(std::uint64_t row) const noexcept { return table_.data() + row * table_.row_stride(); }

  const TableView& table_;
  simd::Element element_;
  std::size_t packed_;
};

void write(const CheckedOutput& out, std::size_t row, std::uint64_t column, float value) noexcept {
  simd::encode(element_of(out.dtype), &value, 1, out.row(row) + column * out.element_bytes());
}

/// The row that an index stands for, or none where it is left out.
std::optional<std::uint64_t> row_of(const TableView& table, const CheckedIndices& indices, std::size_t position,
                                    std::uint64_t& bad) noexcept {
  const std::uint64_t index = value_at(indices.span, position);
  if (index < table.rows()) return index;
  ++bad;
  if (indices.bad_index == BadIndex::skip) return std::nullopt;
  return indices.default_row;
}

/// Members of a bag, one after the other.
template <class Body>
void for_members(const TableView& table, const CheckedBags& bags, std::size_t begin, std::size_t end,
                 const Body& body) noexcept {
  std::uint64_t ignored = 0;
  for (std::size_t j = begin; j < end; ++j) {
    const auto row = row_of(table, bags.indices, j, ignored);
    if (!row || (bags.has_padding && *row == bags.padding)) continue;
    body(*row, bags.weights != nullptr ? bags.weights[j] : 1.0F);
  }
}

float sum(const TableView& table, const CheckedBags& bags, std::size_t begin, std::size_t end,
          std::uint64_t column) noexcept {
  const Rows rows(table);
  const bool weighted = bags.weights != nullptr;
  float total = 0.0F;
  float base = 0.0F;
  for_members(table, bags, begin, end, [&](std::uint64_t row, float weight) {
    if (!is_quantized(table.dtype())) {
      const float x = rows.value(row, column);
      const float term = weighted ? simd::product(weight, x) : x;
      total = total + term;
      return;
    }
    const auto [row_scale, row_bias] = rows.parameters(row);
    const float scale = weighted ? simd::product(weight, row_scale) : row_scale;
    const float bias = weighted ? simd::product(weight, row_bias) : row_bias;
    const float product = rows.code(row, column) * scale;
    total = total + product;
    base = base + bias;
  });
  return is_quantized(table.dtype()) ? total + base : total;
}

float extreme(const TableView& table, const CheckedBags& bags, std::size_t begin, std::size_t end,
              std::uint64_t column) noexcept {
  const Rows rows(table);
  float kept = 0.0F;
  bool first = true;
  for_members(table, bags, begin, end, [&](std::uint64_t row, float) {
    const float x = rows.value(row, column);
    const bool better = bags.pooling == Pooling::max ? simd::greater(x, kept) : simd::greater(kept, x);
    if (first || better) kept = x;
    first = false;
  });
  return kept;
}

/// What the sum of a bag is divided by.
float divisor(const TableView& table, const CheckedBags& bags, std::size_t begin, std::size_t end) noexcept {
  std::uint64_t members = 0;
  float weights = 0.0F;
  float squares = 0.0F;
  for_members(table, bags, begin, end, [&](std::uint64_t, float weight) {
    ++members;
    weights = weights + weight;
    const float square = weight * weight;
    squares = squares + square;
  });
  switch (bags.pooling) {
    case Pooling::mean:
    case Pooling::mean_by_count:
      return static_cast<float>(members);
    case Pooling::mean_by_weight:
      return weights;
    case Pooling::sqrt_n:
      return std::sqrt(bags.weights != nullptr ? squares : static_cast<float>(members));
    case Pooling::sum:
    case Pooling::max:
    case Pooling::min:
      break;
  }
  return 1.0F;
}

float pool(const TableView& table, const CheckedBags& bags, std::size_t begin, std::size_t end,
           std::uint64_t column) noexcept {
  if (bags.pooling == Pooling::max || bags.pooling == Pooling::min) return extreme(table, bags, begin, end, column);
  const float total = sum(table, bags, begin, end, column);
  const float by = divisor(table, bags, begin, end);
  if (by == 1.0F) return total;
  return by == 0.0F ? 0.0F : total / by;
}

}  // namespace

Status embedding(const TableView& table, IndexSpan indices, OutputView out, const EmbeddingOptions& options) noexcept {
  CheckedIndices checked;
  CheckedOutput checked_out;
  if (const Status status = plan_embedding(table, indices, out, options, checked, checked_out); !status) return status;
  if (const Status status = scan_indices(table, nullptr, false, checked); !status) return status;
  const Rows rows(table);
  std::uint64_t bad = 0;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const auto row = row_of(table, checked, i, bad);
    for (std::uint64_t c = 0; c < table.dim(); ++c) write(checked_out, i, c, row ? rows.value(*row, c) : 0.0F);
  }
  return {.value = static_cast<std::int64_t>(bad)};
}

Status embedding_bag(const TableView& table, const Bags& bags, OutputView out, const BagOptions& options) noexcept {
  CheckedBags checked;
  CheckedOutput checked_out;
  if (const Status status = plan_bags(table, bags, out, options, 1, checked, checked_out); !status) return status;
  if (const Status status = scan_bags(table, nullptr, false, checked); !status) return status;
  std::size_t begin = 0;
  std::uint64_t bad = 0;
  for (std::size_t bag = 0; bag < checked.bags; ++bag) {
    const std::size_t end = checked.end(bag, begin);
    for (std::uint64_t c = 0; c < table.dim(); ++c) write(checked_out, bag, c, pool(table, checked, begin, end, c));
    for (std::size_t j = begin; j < end; ++j) static_cast<void>(row_of(table, checked.indices, j, bad));
    begin = end;
  }
  return {.value = static_cast<std::int64_t>(bad)};
}

}  // namespace rowan::reference
