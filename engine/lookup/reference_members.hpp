// What the scalar references of lookups and of their gradients have in common: values of a table, members of bags,
// divisors. Plain code, one element at a time, that shares nothing with what it is held against but the conversions.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/lookup/checks.hpp"
#include "engine/support/element.hpp"
#include "simd/scalar.hpp"

namespace rowan::detail {

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

/// The row that an index stands for, or none where it is left out.
inline std::optional<std::uint64_t> row_of(const TableView& table, const CheckedIndices& indices, std::size_t position,
                                           std::uint64_t& bad) noexcept {
  const std::uint64_t index = value_at(indices.span, position);
  if (index < table.rows()) return index;
  ++bad;
  if (indices.bad_index == BadIndex::skip) return std::nullopt;
  return indices.default_row;
}

/// Members of a bag, one after the other: body(row, weight, position).
template <class Body>
void for_members(const TableView& table, const CheckedBags& bags, std::size_t begin, std::size_t end,
                 const Body& body) {
  std::uint64_t ignored = 0;
  for (std::size_t j = begin; j < end; ++j) {
    const auto row = row_of(table, bags.indices, j, ignored);
    if (!row || (bags.has_padding && *row == bags.padding)) continue;
    body(*row, bags.weights != nullptr ? bags.weights[j] : 1.0F, j);
  }
}

/// What the sum of a bag is divided by.
inline float divisor(const TableView& table, const CheckedBags& bags, std::size_t begin, std::size_t end) noexcept {
  std::uint64_t members = 0;
  float weights = 0.0F;
  float squares = 0.0F;
  for_members(table, bags, begin, end, [&](std::uint64_t, float weight, std::size_t) {
    ++members;
    weights = weights + weight;
    squares = std::fma(weight, weight, squares);
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

/// Nothing is divided by 1, and what would be divided by 0 is +0.
inline float divided(float total, float by) noexcept {
  if (by == 1.0F) return total;
  return by == 0.0F ? 0.0F : total / by;
}

}  // namespace rowan::detail
