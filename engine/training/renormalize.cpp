// Rows brought back to a largest norm, as torch.nn.Embedding's max_norm does before a lookup.
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/lookup/state.hpp"
#include "engine/training/f32_rows.hpp"
#include "engine/training/parts.hpp"
#include "engine/training/row_blocks.hpp"
#include "engine/training/row_step.hpp"
#include "engine/training/workspace.hpp"
#include "rowan/engine.hpp"
#include "simd/order.hpp"

namespace rowan {

using namespace detail;

namespace {

/// The norm of a row of f32, in lanes and a tree as dot products are.
float norm_of(const simd::KernelTable& kernels, const float* row, std::size_t dim, MaxNorm::Type type) noexcept {
  if (type == MaxNorm::Type::l2) {
    float squares = 0.0F;
    row_squares(kernels, row, 1, dim, &squares);
    return std::sqrt(squares);
  }
  float lanes[simd::dot_lanes] = {};
  float largest = 0.0F;
  for (std::size_t c = 0; c < dim; ++c) {
    const float magnitude = std::fabs(row[c]);
    lanes[c % simd::dot_lanes] += magnitude;
    largest = magnitude > largest || std::isnan(magnitude) ? magnitude : largest;
  }
  return type == MaxNorm::Type::l1 ? simd::reduce_lanes(lanes) : largest;
}

/// Scales rows whose norm is greater; the others keep their bits.
void renormalize_rows(const ComputeContext& context, const MutableTableView& table, const std::uint64_t* rows,
                      std::size_t count, const MaxNorm& limit, float* values) noexcept {
  const std::size_t dim = table.dim();
  widen_rows(context.kernels, context.policy, table, rows, count, count, values);
  for (std::size_t i = 0; i < count; ++i) {
    float* const row = values + i * dim;
    const float norm = norm_of(context.kernels, row, dim, limit.norm_type);
    if (!(norm > limit.max_norm)) continue;
    const float factor = limit.max_norm / (norm + 1e-7F);
    for (std::size_t c = 0; c < dim; ++c) row[c] = row[c] * factor;
    if (table.dtype() == DType::f32) {
      std::byte* const out = table.mutable_data() + rows[i] * table.row_stride();
      std::copy_n(reinterpret_cast<const std::byte*>(row), dim * sizeof(float), out);
    } else {
      narrow_rows(context.kernels, table, rows + i, 1, row, false, 0);
    }
  }
}

}  // namespace

Status Engine::renormalize(const MutableTableView& table, IndexSpan indices, const MaxNorm& max_norm,
                           Workspace& workspace) const noexcept {
  if (!status_.ok()) return status_;
  if (!trainable(table.dtype())) {
    return {.code = Code::not_trainable, .value = static_cast<std::int64_t>(table.dtype())};
  }
  if (!(max_norm.max_norm >= 0.0F) || max_norm.norm_type > MaxNorm::Type::infinity) {
    return {.code = Code::step_option, .value = 4};
  }
  const ComputeContext& context = *state_;
  const std::size_t count = indices.size();
  const bool splits = context.splits([&] { return context.policy.estimated_ns(table, 2 * count, 0); });
  return run_split(splits, [&](bool split) -> Status {
    WorkspaceMemory& memory = made(workspace.memory_);
    memory.lookups.all.assign(1, {});
    PlannedLookup& lookup = memory.lookups.all.front();
    const Bags bags = Bags::fixed(indices, count);
    Status status = plan_members(table, bags, {.pooling = Pooling::sum}, lookup.bags);
    if (status.ok()) status = scan_bags(table, &context.kernels, false, lookup.bags);
    status.bag = status.ok() ? 0 : Status::no_bag;
    if (!status) return status;
    const Transposed rows =
        transpose(context, memory.lookups.all, table, {.any_order = true, .split = split}, memory.rows.transpose);

    const std::size_t parts = parts_of(context, split);
    const std::size_t floats = rows_of_block(table.dim()) * table.dim();
    float* const blocks = memory.blocks.get(parts * floats);
    unsigned char* const done = memory.done.get(parts);
    const auto begin = [&](std::size_t part) {
      return rows.unique / parts * part + std::min(part, rows.unique % parts);
    };
    for_each_part_once(context, split, parts, done, [&](std::size_t part) noexcept {
      for_each_block(begin(part), begin(part + 1), table.dim(), [&](std::size_t first, std::size_t last) {
        renormalize_rows(context, table, rows.rows + first, last - first, max_norm, blocks + part * floats);
      });
    });
    return {};
  });
}

}  // namespace rowan
