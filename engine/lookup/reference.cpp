#include "rowan/reference.hpp"

#include <cmath>

#include "engine/lookup/checks.hpp"
#include "engine/lookup/reference_members.hpp"
#include "simd/order.hpp"

namespace rowan::reference {
namespace {

using namespace detail;

void write(const CheckedOutput& out, std::size_t row, std::uint64_t column, float value) noexcept {
  simd::encode(element_of(out.dtype), &value, 1, out.row(row) + column * out.element_bytes());
}

float sum(const TableView& table, const CheckedBags& bags, std::size_t begin, std::size_t end,
          std::uint64_t column) noexcept {
  const Rows rows(table);
  const bool weighted = bags.weights != nullptr;
  float total = 0.0F;
  float base = 0.0F;
  for_members(table, bags, begin, end, [&](std::uint64_t row, float weight, std::size_t) {
    if (!is_quantized(table.dtype())) {
      const float x = rows.value(row, column);
      total = weighted ? std::fma(weight, x, total) : total + x;
      return;
    }
    const auto [row_scale, row_bias] = rows.parameters(row);
    const float scale = weighted ? simd::product(weight, row_scale) : row_scale;
    total = std::fma(rows.code(row, column), scale, total);
    base = weighted ? std::fma(weight, row_bias, base) : base + row_bias;
  });
  return is_quantized(table.dtype()) ? total + base : total;
}

float extreme(const TableView& table, const CheckedBags& bags, std::size_t begin, std::size_t end,
              std::uint64_t column) noexcept {
  const Rows rows(table);
  float kept = 0.0F;
  bool first = true;
  for_members(table, bags, begin, end, [&](std::uint64_t row, float, std::size_t) {
    const float x = rows.value(row, column);
    const bool better = bags.pooling == Pooling::max ? simd::greater(x, kept) : simd::greater(kept, x);
    if (first || better) kept = x;
    first = false;
  });
  return kept;
}

float pool(const TableView& table, const CheckedBags& bags, std::size_t begin, std::size_t end,
           std::uint64_t column) noexcept {
  if (bags.pooling == Pooling::max || bags.pooling == Pooling::min) return extreme(table, bags, begin, end, column);
  return divided(sum(table, bags, begin, end, column), divisor(table, bags, begin, end));
}

}  // namespace

Status embedding(const TableView& table, const IndexSpan& indices, const OutputView& out,
                 const EmbeddingOptions& options) noexcept {
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

Status embedding_bag(const TableView& table, const Bags& bags, const OutputView& out,
                     const BagOptions& options) noexcept {
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
