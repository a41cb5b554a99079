// The checks of calls that go backwards, done before anything is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/lookup/checks.hpp"
#include "engine/lookup/compute_context.hpp"
#include "rowan/gradient.hpp"
#include "rowan/status.hpp"
#include "rowan/view.hpp"

namespace rowan::detail {

/// A lookup that was checked. Bags and positions of several lookups are counted through.
struct PlannedLookup {
  CheckedBags bags;
  const std::byte* gradient = nullptr;
  std::uint64_t stride = 0;  ///< elements
  DType dtype = DType::f32;
  std::span<float> weights_gradient = {};
  std::size_t first_bag = 0;
  std::size_t first_position = 0;

  bool extreme() const noexcept { return bags.pooling == Pooling::max || bags.pooling == Pooling::min; }
  bool drops() const noexcept {  // whether there may be positions that are members of no bag
    return bags.has_padding || bags.indices.bad_index != BadIndex::reject;
  }
  /// The gradient of its output.
  simd::Rows gradient_rows(std::uint64_t dim) const noexcept {
    const std::size_t bits = element_bits(dtype);
    return {gradient, stride * bits / 8, dim, dim * bits / 8};
  }
  /// The row that a member's index means, or table.rows() where the index makes no member.
  std::uint64_t row_of(std::uint64_t index, std::uint64_t rows) const noexcept {
    if (index >= rows) {
      if (bags.indices.bad_index != BadIndex::default_row) return rows;
      index = bags.indices.default_row;
    }
    return bags.has_padding && index == bags.padding ? rows : index;
  }
};

/// The lookups of a call.
struct PlannedLookups {
  std::vector<PlannedLookup> all;
  std::size_t bags = 0;
  std::size_t positions = 0;
  std::uint64_t bad = 0;  ///< indices that are skipped or replaced
  bool weighted = false;  ///< some lookup has weights
  bool extreme = false;   ///< some lookup takes the maximum or the minimum
};

/// What the sum of bag [begin, end) of a table of that many rows was divided by.
float divisor_of(const PlannedLookup& lookup, std::uint64_t rows, std::size_t begin, std::size_t end) noexcept;

/// Everything that can be said of a lookup's shapes and options, before its indices and gradient are looked at.
Status plan_shapes(const TableView& table, const LookupGradient& lookup, PlannedLookup& planned) noexcept;

/// Whether the lookups' way back is worth threads, judged by what they seem to ask for: nothing has been checked yet.
bool splits_backward(const ComputeContext& context, const TableView& table,
                     std::span<const LookupGradient> lookups) noexcept;

/// Checks everything: shapes, options, offsets, indices, and that gradients are finite where `non_finite` wants that.
/// Status::table says which lookup was refused. On threads where `split`. Throws std::bad_alloc and
/// ThreadsFailed.
Status plan_lookups(const ComputeContext& context, const TableView& table, std::span<const LookupGradient> lookups,
                    NonFinite non_finite, bool split, PlannedLookups& planned);

/// Gradients of weights are written: nothing that the call reads may lie there, nor another of them.
Status check_weights_gradients(const TableView& table, std::span<const LookupGradient> lookups) noexcept;

/// The column of the first NaN or infinity, or dim.
std::size_t find_not_finite(const std::byte* row, DType dtype, std::size_t dim) noexcept;

}  // namespace rowan::detail
