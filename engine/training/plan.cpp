#include "engine/training/plan.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <tuple>

#include "engine/lookup/divisor.hpp"
#include "engine/lookup/extent.hpp"
#include "engine/training/parts.hpp"

namespace rowan::detail {
namespace {

/// Whether all of `count` elements are finite: their exponent is not all ones.
template <class Bits>
bool all_finite(const std::byte* values, std::size_t count, Bits exponent) noexcept {
  Bits odd = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Bits bits;
    std::memcpy(&bits, values + i * sizeof bits, sizeof bits);
    odd = static_cast<Bits>(odd | ((bits & exponent) == exponent ? 1 : 0));
  }
  return odd == 0;
}

bool all_finite(const std::byte* values, DType dtype, std::size_t count) noexcept {
  if (dtype == DType::f32) return all_finite<std::uint32_t>(values, count, 0x7F80'0000U);
  return all_finite<std::uint16_t>(values, count, dtype == DType::f16 ? 0x7C00 : 0x7F80);
}

Status check_finite(const ComputeContext& context, std::size_t dim, bool split, const PlannedLookup& lookup) {
  constexpr std::size_t elements_at_once = std::size_t{1} << 18;
  const std::size_t row_bytes = lookup.stride * (lookup.dtype == DType::f32 ? 4 : 2);
  const std::size_t rows_at_once = std::max<std::size_t>(1, elements_at_once / dim);
  const std::size_t bags = lookup.bags.bags;
  std::atomic<std::size_t> first = bags;  // bag
  const auto look = [&](std::size_t part) noexcept {
    const std::size_t end = std::min(bags, (part + 1) * rows_at_once);
    for (std::size_t bag = part * rows_at_once; bag < end; ++bag) {
      if (all_finite(lookup.gradient + bag * row_bytes, lookup.dtype, dim)) continue;
      std::size_t seen = first.load(std::memory_order_relaxed);
      while (bag < seen && !first.compare_exchange_weak(seen, bag, std::memory_order_relaxed)) {
      }
      return;
    }
  };
  for_each_part(context, split, (bags + rows_at_once - 1) / rows_at_once, look);
  const std::size_t bag = first.load(std::memory_order_relaxed);
  if (bag == bags) return {};
  const std::byte* const row = lookup.gradient + bag * row_bytes;
  return {.code = Code::gradient_not_finite, .bag = bag, .position = find_not_finite(row, lookup.dtype, dim)};
}

std::uint64_t count_indices(std::span<const LookupGradient> lookups) noexcept {
  std::uint64_t count = 0;
  for (const LookupGradient& lookup : lookups) count += lookup.bags.indices().size();
  return count;
}

}  // namespace

Status plan_shapes(const TableView& table, const LookupGradient& lookup, PlannedLookup& planned) noexcept {
  if (const Status status = plan_members(table, lookup.bags, lookup.options, planned.bags); !status) return status;
  const std::size_t bags = planned.bags.bags;
  if (const Status status = plan_gradient(table, lookup.gradient, bags, planned.stride); !status) return status;
  planned.gradient = static_cast<const std::byte*>(lookup.gradient.data());
  planned.dtype = lookup.gradient.dtype();
  planned.weights_gradient = lookup.weights_gradient;
  const std::size_t weights = planned.bags.weights != nullptr ? lookup.bags.indices().size() : 0;
  if (!lookup.weights_gradient.empty() && lookup.weights_gradient.size() != weights) {
    return {.code = Code::weights_gradient_size,
            .position = weights,
            .value = static_cast<std::int64_t>(lookup.weights_gradient.size())};
  }
  return {};
}

Status check_weights_gradients(const TableView& table, std::span<const LookupGradient> lookups) noexcept {
  for (std::size_t i = 0; i < lookups.size(); ++i) {
    const Extent out = extent_of(Bags::Weights(lookups[i].weights_gradient));
    if (out.bytes == 0) continue;
    bool overlaps = out.overlaps(extent_of(table));
    for (std::size_t j = 0; j < lookups.size(); ++j) {
      const LookupGradient& other = lookups[j];
      const std::uint64_t element_bytes = other.gradient.dtype() == DType::f32 ? 4 : 2;
      overlaps = overlaps || out.overlaps({other.gradient.data(), other.gradient.size() * element_bytes}) ||
                 out.overlaps(extent_of(other.bags.indices())) || out.overlaps(extent_of(other.bags.bounds())) ||
                 out.overlaps(extent_of(other.bags.weights())) ||
                 (i != j && out.overlaps(extent_of(Bags::Weights(other.weights_gradient))));
    }
    if (overlaps) return {.code = Code::output_overlap, .table = static_cast<std::uint32_t>(i)};
  }
  return {};
}

float divisor_of(const PlannedLookup& lookup, std::uint64_t rows, std::size_t begin, std::size_t end) noexcept {
  Divisor divisor(lookup.bags);
  if (!lookup.drops() && !divisor.reads_weights()) return divisor.value(end - begin);
  std::size_t members = 0;
  for_values(lookup.bags.indices.span, begin, end, [&](std::size_t j, std::uint64_t index) {
    if (lookup.row_of(index, rows) == rows) return;
    if (divisor.reads_weights()) divisor.add(lookup.bags.weights[j]);
    ++members;
  });
  return divisor.value(members);
}

std::size_t find_not_finite(const std::byte* row, DType dtype, std::size_t dim) noexcept {
  if (all_finite(row, dtype, dim)) return dim;
  const std::size_t bytes = dtype == DType::f32 ? 4 : 2;
  std::size_t column = 0;
  while (column < dim && all_finite(row + column * bytes, dtype, 1)) ++column;
  return column;
}

bool splits_backward(const ComputeContext& context, const TableView& table,
                     std::span<const LookupGradient> lookups) noexcept {
  return context.splits([&] {
    const std::uint64_t reads = count_indices(lookups);
    return context.policy.estimated_ns(table, reads, reads);
  });
}

Status plan_lookups(const ComputeContext& context, const TableView& table, std::span<const LookupGradient> lookups,
                    NonFinite non_finite, bool split, PlannedLookups& planned) {
  planned.all.assign(lookups.size(), {});
  planned.bags = planned.positions = 0;
  planned.bad = 0;
  planned.weighted = planned.extreme = false;
  const auto call = [&](std::size_t i) { return std::tie(table, lookups[i].bags.indices()); };
  const bool good = split && context.good_on_threads(lookups.size(), count_indices(lookups), call);
  for (std::size_t i = 0; i < lookups.size(); ++i) {
    PlannedLookup& lookup = planned.all[i];
    Status status = plan_shapes(table, lookups[i], lookup);
    if (status.ok()) status = scan_bags(table, &context.kernels, good, lookup.bags);
    if (status.ok() && non_finite == NonFinite::reject) status = check_finite(context, table.dim(), split, lookup);
    status.table = static_cast<std::uint32_t>(i);
    if (!status) return status;
    if (lookup.bags.indices.bad_index != BadIndex::reject) {  // there is one
      for_values(lookup.bags.indices.span, 0, lookup.bags.last_end,
                 [&](std::size_t, std::uint64_t index) { planned.bad += index >= table.rows() ? 1 : 0; });
    }
    lookup.first_bag = planned.bags;
    lookup.first_position = planned.positions;
    planned.bags += lookup.bags.bags;
    planned.positions += lookup.bags.last_end;
    planned.weighted = planned.weighted || lookup.bags.weights != nullptr;
    planned.extreme = planned.extreme || lookup.extreme();
  }
  return check_weights_gradients(table, lookups);
}

}  // namespace rowan::detail
