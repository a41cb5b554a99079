// An optimizer's step on rows of a table, whatever the type of its weights.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/lookup/memory_policy.hpp"
#include "rowan/view.hpp"
#include "simd/kernels.hpp"
#include "simd/random.hpp"

namespace rowan::detail {

/// Whether tables of that type can be trained.
constexpr bool trainable(DType dtype) noexcept {
  return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16;
}

struct RowStep {
  const simd::KernelTable& kernels;
  const MemoryPolicy& policy;
  const MutableTableView& table;
  simd::Step step;
  simd::StepFactors factors;
  float* state[2];
  std::size_t state_columns[2];
  bool stochastic;    ///< rounding of 16-bit weights
  std::uint64_t key;  ///< of seed and step

  /// The step on rows[0 .. count), at most simd::most_step_rows, whose gradients are `gradients`, pointers that may be
  /// changed; bit i of `from_zero` says that gradients[i] is to be added to +0. `readable` rows may be read, to
  /// prefetch them; `prepared` and `weights` have room for [count, dim], and gradients may lie in `prepared`, each at
  /// its own row.
  void take(const std::uint64_t* rows, std::size_t count, std::size_t readable, const float** gradients,
            std::uint64_t from_zero, float* prepared, float* weights) const noexcept;
};

/// Rows of a table of f16 or bf16 as f32, [count, dim].
void widen_rows(const simd::KernelTable& kernels, const MemoryPolicy& policy, const TableView& table,
                const std::uint64_t* rows, std::size_t count, std::size_t readable, float* out) noexcept;

/// And back.
void narrow_rows(const simd::KernelTable& kernels, const MutableTableView& table, const std::uint64_t* rows,
                 std::size_t count, const float* values, bool stochastic, std::uint64_t key) noexcept;

}  // namespace rowan::detail
