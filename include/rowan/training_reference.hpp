// The scalar reference of training: the pseudocode of rowan/gradient.hpp and rowan/optimizer.hpp as the plainest code
// that does it, one element at a time. It defines what gradients and steps must be, to the bit, as rowan/reference.hpp
// does for lookups. Use it to check a machine or a build; it is 10 to 100 times slower, and allocates.
//
// Same arguments and Status as Engine and Optimizer, on the calling thread; where memory runs out, out_of_memory.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "rowan/export.hpp"
#include "rowan/gradient.hpp"
#include "rowan/optimizer.hpp"
#include "rowan/status.hpp"
#include "rowan/view.hpp"

namespace rowan::reference {

/// A coalesced gradient of a table.
struct Gradient {
  std::vector<std::uint64_t> rows;  ///< ascending, each once
  std::vector<float> values;        ///< [rows.size(), dim], row-major
};

/// Engine::embedding_bag_backward(). With GradientOptions::accumulate `gradient` must be one of the same table.
ROWAN_API Status embedding_bag_backward(const TableView& table, std::span<const LookupGradient> lookups,
                                        Gradient& gradient, const GradientOptions& options = {}) noexcept;

/// SparseGradient::squared_norm().
ROWAN_API double squared_norm(const Gradient& gradient) noexcept;

/// The step that optimizer.step() would take next, on copies: `table` are the weights, `state` the values of
/// Optimizer::state(), in the same order and of the same sizes. The optimizer itself is left as it is. Rows of the
/// gradient and StepOptions are taken to be such as Optimizer::step() accepts; `scale_grad_by_freq` is that of
/// embedding_bag_backward().
ROWAN_API Status step(const Optimizer& optimizer, const MutableTableView& table,
                      std::span<const std::span<float>> state, const Gradient& gradient,
                      const StepOptions& options = {}) noexcept;

/// Engine::renormalize().
ROWAN_API Status renormalize(const MutableTableView& table, IndexSpan indices, const MaxNorm& max_norm) noexcept;

}  // namespace rowan::reference
