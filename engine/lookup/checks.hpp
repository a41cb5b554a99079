// The checks of lookup calls, done before anything is written. What passes is put into the one form that
// gathering and pooling work on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/lookup/integers.hpp"
#include "rowan/engine.hpp"
#include "rowan/status.hpp"
#include "rowan/view.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

/// Where a checked call writes.
struct CheckedOutput {
  std::byte* data = nullptr;
  std::size_t stride = 0;  ///< elements
  DType dtype = DType::f32;

  std::size_t element_bytes() const noexcept { return dtype == DType::f32 ? 4 : 2; }
  std::byte* row(std::size_t r) const noexcept { return data + r * stride * element_bytes(); }
};

/// How many bags a call has, as far as its sizes tell: nothing else need have been checked.
inline std::uint64_t bag_count(const Bags& bags, const BagOptions& options) noexcept {
  if (bags.form() == Bags::Form::fixed) return bags.fixed_bags();
  const std::size_t bounds = bags.bounds().size();
  return bags.form() == Bags::Form::offsets && options.include_last_offset && bounds != 0 ? bounds - 1 : bounds;
}

/// The indices of a checked call.
struct CheckedIndices {
  IndexSpan span;
  BadIndex bad_index = BadIndex::reject;
  std::uint64_t default_row = 0;
};

/// The bags of a checked call.
struct CheckedBags {
  CheckedIndices indices;
  const float* weights = nullptr;  ///< null without weights
  Bags::Form form = Bags::Form::offsets;
  IndexSpan bounds;              ///< offsets or lengths
  std::size_t fixed_length = 0;  ///< of bags of one length
  std::size_t bags = 0;
  std::size_t last_end = 0;  ///< where the last bag ends
  std::size_t repeat = 1;
  Pooling pooling = Pooling::sum;
  bool has_padding = false;
  std::uint64_t padding = 0;

  /// Where a bag begins, or, behind the last one, where that ends; not of bags by lengths.
  std::size_t begin(std::size_t bag) const noexcept {
    if (form == Bags::Form::fixed) return bag * fixed_length;
    return bag < bags ? static_cast<std::size_t>(value_at(bounds, bag)) : last_end;
  }
  /// Where a bag ends that begins at `begin`.
  std::size_t end(std::size_t bag, std::size_t begin) const noexcept {
    if (form == Bags::Form::fixed) return begin + fixed_length;
    if (form == Bags::Form::lengths) return begin + static_cast<std::size_t>(value_at(bounds, bag));
    return bag + 1 < bags ? static_cast<std::size_t>(value_at(bounds, bag + 1)) : last_end;
  }
};

/// Kernels make the check of many values fast; without them (null) it is done one by one, which is also what
/// finds the first bad value once something is wrong.
using Checks = const simd::KernelTable*;

/// Everything that does not depend on what indices hold.
Status plan_embedding(const TableView& table, const IndexSpan& indices, const OutputView& out,
                      const EmbeddingOptions& options, CheckedIndices& planned, CheckedOutput& planned_out) noexcept;

/// Reads every index, unless somebody has and `known_good` says so. Where all are good, nobody need look for bad ones
/// any more, and `planned` says so afterwards.
Status scan_indices(const TableView& table, Checks checks, bool known_good, CheckedIndices& planned) noexcept;

/// Everything about the bags that does not depend on what offsets, lengths and indices hold.
Status plan_members(const TableView& table, const Bags& bags, const BagOptions& options, CheckedBags& planned) noexcept;

/// Whether a gradient has that many rows of the table's dim; `stride` is then that of its rows, in elements.
Status plan_gradient(const TableView& table, const GradientView& gradient, std::uint64_t rows,
                     std::uint64_t& stride) noexcept;

/// plan_members(), and the same of the output.
Status plan_bags(const TableView& table, const Bags& bags, const OutputView& out, const BagOptions& options,
                 std::uint64_t repeat, CheckedBags& planned, CheckedOutput& planned_out) noexcept;

/// Reads every offset or length, and every index as scan_indices() does.
Status scan_bags(const TableView& table, Checks checks, bool known_good, CheckedBags& planned) noexcept;

/// Whether no two outputs of requests that passed share an element, and none lies over what another request reads.
/// Cheap where they stand side by side in one matrix from left to right, or one behind the other, with nothing else
/// between them; else each is held against each.
Status check_disjoint(std::span<const Request> requests) noexcept;

}  // namespace rowan::detail
