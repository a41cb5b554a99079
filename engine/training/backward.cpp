// Coalesced gradients.
#include <algorithm>
#include <utility>

#include "engine/lookup/state.hpp"
#include "engine/training/parts.hpp"
#include "engine/training/row_blocks.hpp"
#include "engine/training/sparse_gradient.hpp"
#include "rowan/engine.hpp"

namespace rowan {

using namespace detail;

namespace {

/// The gradient of the lookups, where CoalescedGradient::added says. Throws as RowGradients does.
std::size_t compute_added(const ComputeContext& context, const TableView& table, bool by_frequency, bool split,
                          CoalescedGradient& state) {
  WorkspaceMemory& workspace = state.workspace;
  const RowGradients gradients(context, table, workspace.lookups, {.by_frequency = by_frequency, .split = split},
                               workspace.rows);
  const std::size_t count = gradients.unique();
  const std::size_t dim = table.dim();
  std::uint64_t* const rows = state.added.rows.get(count);
  float* const values = state.added.values.get(count * dim);
  const std::size_t parts = parts_of(context, split);
  for_each_part(context, split, parts, [&](std::size_t part) noexcept {
    const std::size_t begin = gradients.part_begin(part, parts);
    const std::size_t end = gradients.part_begin(part + 1, parts);
    std::copy(gradients.rows() + begin, gradients.rows() + end, rows + begin);
    for_each_block(begin, end, dim,
                   [&](std::size_t first, std::size_t last) { gradients.compute(first, last, values + first * dim); });
  });
  return count;
}

/// The rows of both, ascending, with the sum of what both have.
std::size_t merge(CoalescedGradient& state, std::size_t added) {
  const std::size_t dim = state.dim;
  const std::uint64_t* const a = state.now.rows.get(0);
  const std::uint64_t* const b = state.added.rows.get(0);
  std::uint64_t* const rows = state.sum.rows.get(state.count + added);
  float* const values = state.sum.values.get((state.count + added) * dim);
  std::size_t i = 0;
  std::size_t j = 0;
  std::size_t count = 0;
  for (; i < state.count || j < added; ++count) {
    const bool from_a = i < state.count && (j == added || a[i] <= b[j]);
    const bool from_b = j < added && (i == state.count || b[j] <= a[i]);
    rows[count] = from_a ? a[i] : b[j];
    const float* const first = from_a ? state.now.values.get(0) + i * dim : state.added.values.get(0) + j * dim;
    float* const out = values + count * dim;
    if (from_a && from_b) {
      const float* const second = state.added.values.get(0) + j * dim;
      for (std::size_t c = 0; c < dim; ++c) out[c] = first[c] + second[c];
    } else {
      std::copy(first, first + dim, out);
    }
    i += from_a ? 1 : 0;
    j += from_b ? 1 : 0;
  }
  return count;
}

}  // namespace

Status Engine::embedding_bag_backward(const TableView& table, std::span<const LookupGradient> lookups,
                                      SparseGradient& gradient, const GradientOptions& options) const noexcept {
  if (!status_.ok()) return status_;
  const ComputeContext& context = *state_;
  const auto call = [&](bool split) -> Status {
    CoalescedGradient& state = made(gradient.state_);
    const bool adds = options.accumulate && state.count != 0;
    if (adds && (state.dim != table.dim() || state.table_rows != table.rows())) {
      return {.code = Code::optimizer_mismatch,
              .position = state.table_rows,
              .value = static_cast<std::int64_t>(state.dim)};
    }
    WorkspaceMemory& workspace = state.workspace;
    const Status status = plan_lookups(context, table, lookups, options.non_finite, split, workspace.lookups);
    if (!status) return status;
    const std::size_t added = compute_added(context, table, options.scale_grad_by_freq, split, state);
    const std::size_t merged = adds ? merge(state, added) : 0;
    write_weights_gradients(context, table, workspace.lookups, split, workspace.weights);

    std::swap(state.now, adds ? state.sum : state.added);
    state.count = adds ? merged : added;
    state.dim = table.dim();
    state.table_rows = table.rows();
    return {.value = static_cast<std::int64_t>(workspace.lookups.bad)};
  };
  return run_split(splits_backward(context, table, lookups), call);
}

}  // namespace rowan
