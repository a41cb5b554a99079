// The memory that training computes in.
#pragma once

#include "engine/training/plan.hpp"
#include "engine/training/row_gradients.hpp"
#include "engine/training/weights_gradient.hpp"
#include "rowan/gradient.hpp"

namespace rowan::detail {

struct WorkspaceMemory {
  PlannedLookups lookups;
  RowGradientsMemory rows;
  WeightsGradientMemory weights;
  Buffer<float> blocks;        // what each part computes in
  Buffer<unsigned char> done;  // parts of what is done once

  std::uint64_t bytes() const noexcept {
    return rows.bytes() + weights.bytes() + blocks.bytes() + done.bytes() +
           lookups.all.capacity() * sizeof(PlannedLookup);
  }
};

/// What a pointer holds, made where it holds nothing yet. Throws std::bad_alloc.
template <class State>
State& made(std::unique_ptr<State>& state) {
  if (!state) state = std::make_unique<State>();
  return *state;
}

}  // namespace rowan::detail
