#include "engine/training/weights_gradient.hpp"

#include <algorithm>
#include <cmath>

#include "engine/lookup/divisor.hpp"
#include "engine/lookup/kernel_rows.hpp"
#include "engine/lookup/parts.hpp"
#include "engine/training/f32_rows.hpp"
#include "engine/training/parts.hpp"
#include "engine/training/row_blocks.hpp"

namespace rowan::detail {
namespace {

/// One lookup's, in memory for a row and a block of rows.
class WeightsGradient {
 public:
  static std::size_t floats(std::size_t dim) noexcept { return (1 + rows_of_block(dim)) * dim; }

  WeightsGradient(const ComputeContext& context, const TableView& table, const PlannedLookup& lookup,
                  float* memory) noexcept
      : context_(context), table_(table), lookup_(lookup), gradient_(memory), block_(memory + table.dim()) {}

  void write(std::size_t bag, std::size_t begin, std::size_t end) noexcept {
    const float divisor = divisor_of(lookup_, table_.rows(), begin, end);
    const std::uint64_t number = bag;
    to_f32(context_.kernels, lookup_.dtype, lookup_.gradient_rows(table_.dim()), &number, 1, gradient_);
    if (Divisor::needed(lookup_.bags.pooling)) divide(context_.kernels, gradient_, 1, table_.dim(), &divisor);

    std::fill(lookup_.weights_gradient.begin() + static_cast<std::ptrdiff_t>(begin),
              lookup_.weights_gradient.begin() + static_cast<std::ptrdiff_t>(end), 0.0F);
    for_members(begin, end, [&](std::size_t j, std::uint64_t row) {
      rows_[filled_] = row;
      positions_[filled_++] = j;
      if (filled_ == rows_of_block(table_.dim())) flush();
    });
    flush();
    if (Divisor(lookup_.bags).reads_weights() && divisor != 0.0F) project(begin, end, divisor);
  }

 private:
  template <class Body>
  void for_members(std::size_t begin, std::size_t end, const Body& body) const {
    for_values(lookup_.bags.indices.span, begin, end, [&](std::size_t j, std::uint64_t index) {
      const std::uint64_t row = lookup_.row_of(index, table_.rows());
      if (row != table_.rows()) body(j, row);
    });
  }

  void flush() {
    if (filled_ == 0) return;
    const std::size_t dim = table_.dim();
    to_f32(context_.kernels, table_.dtype(), rows_of(table_), rows_, filled_, block_);
    float dots[simd::most_step_rows];
    context_.kernels.dot[0]({.rows = {reinterpret_cast<const std::byte*>(block_), dim * sizeof(float), dim, 0},
                             .count = filled_,
                             .query = gradient_,
                             .out = dots});
    for (std::size_t i = 0; i < filled_; ++i) lookup_.weights_gradient[positions_[i]] = dots[i];
    filled_ = 0;
  }

  /// Of divisors that the weights are in: what a weight does to the divisor, taken off. `divisor` is that of the
  /// output.
  void project(std::size_t begin, std::size_t end, float divisor) {
    const float* const weights = lookup_.bags.weights;
    float sum = 0.0F;
    float squares = 0.0F;
    for_members(begin, end, [&](std::size_t j, std::uint64_t) {
      sum = std::fma(weights[j], lookup_.weights_gradient[j], sum);
      squares = std::fma(weights[j], weights[j], squares);
    });
    const bool sqrt_n = lookup_.bags.pooling == Pooling::sqrt_n;
    for_members(begin, end, [&](std::size_t j, std::uint64_t) {
      const float taken = sqrt_n ? weights[j] * sum / squares : sum / divisor;
      lookup_.weights_gradient[j] = lookup_.weights_gradient[j] - taken;
    });
  }

  const ComputeContext& context_;
  const TableView& table_;
  const PlannedLookup& lookup_;
  float* gradient_;
  float* block_;
  std::uint64_t rows_[simd::most_step_rows];
  std::size_t positions_[simd::most_step_rows];
  std::size_t filled_ = 0;
};

}  // namespace

void write_weights_gradients(const ComputeContext& context, const TableView& table, const PlannedLookups& lookups,
                             bool split, WeightsGradientMemory& memory) {
  std::vector<BagPart>& parts = memory.parts;
  parts.clear();
  for (std::size_t i = 0; i < lookups.all.size(); ++i) {
    const PlannedLookup& lookup = lookups.all[i];
    if (lookup.weights_gradient.empty()) continue;
    const std::uint64_t bytes = bytes_to_move(table, lookup.bags.last_end, lookup.bags.bags);
    append_parts(table, lookup.bags, i, bytes / parts_of(context, split) + 1, parts);
  }
  if (parts.empty()) return;
  const std::size_t floats = WeightsGradient::floats(table.dim());
  float* const memory_of_parts = memory.floats.get(parts.size() * floats);
  for_each_part(context, split, parts.size(), [&](std::size_t i) noexcept {
    const BagPart& part = parts[i];
    const PlannedLookup& lookup = lookups.all[part.request];
    WeightsGradient gradient(context, table, lookup, memory_of_parts + i * floats);
    std::size_t position = part.position;
    for (std::size_t bag = part.first; bag < part.last; ++bag) {
      const std::size_t end = lookup.bags.end(bag, position);
      gradient.write(bag, position, end);
      position = end;
    }
    // Indices behind the last bag are looked at by nobody.
    if (part.last == lookup.bags.bags) {
      std::fill(lookup.weights_gradient.begin() + static_cast<std::ptrdiff_t>(position), lookup.weights_gradient.end(),
                0.0F);
    }
  });
}

}  // namespace rowan::detail
