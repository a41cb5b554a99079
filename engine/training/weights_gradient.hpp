// The gradient of per-sample weights.
#pragma once

#include <vector>

#include "engine/lookup/compute_context.hpp"
#include "engine/lookup/parts.hpp"
#include "engine/training/buffer.hpp"
#include "engine/training/plan.hpp"
#include "rowan/view.hpp"

namespace rowan::detail {

/// The memory for that.
struct WeightsGradientMemory {
  std::vector<BagPart> parts;
  Buffer<float> floats;  // of each part, a row and a block of rows

  std::size_t bytes() const noexcept { return parts.capacity() * sizeof(BagPart) + floats.bytes(); }
};

/// Writes that of each lookup that asks for it. Throws std::bad_alloc before it writes, and ThreadsFailed.
void write_weights_gradients(const ComputeContext& context, const TableView& table, const PlannedLookups& lookups,
                             bool split, WeightsGradientMemory& memory);

}  // namespace rowan::detail
