// Rows brought back to a largest norm, one element after the other.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <new>
#include <vector>

#include "engine/lookup/checks.hpp"
#include "engine/support/element.hpp"
#include "engine/training/reference_lanes.hpp"
#include "rowan/training_reference.hpp"
#include "simd/scalar.hpp"

namespace rowan::reference {
namespace {

using namespace detail;

float norm_of(const std::vector<float>& row, MaxNorm::Type type) noexcept {
  if (type == MaxNorm::Type::l2) return std::sqrt(sum_of_squares(row.data(), row.size()));
  if (type == MaxNorm::Type::l1) {
    return sum_in_lanes(row.size(), [&](std::uint64_t c, float lane) { return lane + std::fabs(row[c]); });
  }
  float largest = 0.0F;
  for (const float x : row) {
    if (std::isnan(x)) return x;
    largest = simd::greater(std::fabs(x), largest) ? std::fabs(x) : largest;
  }
  return largest;
}

void renormalize_rows(const MutableTableView& table, IndexSpan indices, const MaxNorm& max_norm) {
  std::vector<std::uint64_t> rows(indices.size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = value_at(indices, i);
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  std::vector<float> row(table.dim());
  for (const std::uint64_t r : rows) {
    std::byte* const at = table.mutable_data() + r * table.row_stride();
    simd::decode_row(element_of(table.dtype()), at, table.dim(), row.data());
    const float norm = norm_of(row, max_norm.norm_type);
    if (!(norm > max_norm.max_norm)) continue;
    const float factor = max_norm.max_norm / (norm + 1e-7F);
    for (float& x : row) x = x * factor;
    simd::encode(element_of(table.dtype()), row.data(), row.size(), at);
  }
}

}  // namespace

Status renormalize(const MutableTableView& table, IndexSpan indices, const MaxNorm& max_norm) noexcept {
  if (table.dtype() != DType::f32 && table.dtype() != DType::f16 && table.dtype() != DType::bf16) {
    return {.code = Code::not_trainable, .value = static_cast<std::int64_t>(table.dtype())};
  }
  if (!(max_norm.max_norm >= 0.0F) || max_norm.norm_type > MaxNorm::Type::infinity) {
    return {.code = Code::step_option, .value = 4};
  }
  CheckedIndices checked{.span = indices};
  if (const Status status = scan_indices(table, nullptr, false, checked); !status) return status;
  try {
    renormalize_rows(table, indices, max_norm);
  } catch (const std::bad_alloc&) {
    return {.code = Code::out_of_memory};
  }
  return {};
}

}  // namespace rowan::reference
