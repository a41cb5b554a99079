#include "engine/training/row_step.hpp"

#include "engine/lookup/kernel_rows.hpp"
#include "engine/training/f32_rows.hpp"

namespace rowan::detail {

void widen_rows(const simd::KernelTable& kernels, const MemoryPolicy& policy, const TableView& table,
                const std::uint64_t* rows, std::size_t count, std::size_t readable, float* out) noexcept {
  to_f32(kernels, table.dtype(), rows_of(table), rows, count, out, readable, policy.prefetch_unpooled(table, readable));
}

void narrow_rows(const simd::KernelTable& kernels, const MutableTableView& table, const std::uint64_t* rows,
                 std::size_t count, const float* values, bool stochastic, std::uint64_t key) noexcept {
  kernels.scatter[table.dtype() == DType::f16 ? 0 : 1]({.rows_data = table.mutable_data(),
                                                        .stride = table.row_stride(),
                                                        .dim = table.dim(),
                                                        .rows = rows,
                                                        .count = count,
                                                        .values = values,
                                                        .values_stride = table.dim(),
                                                        .stochastic = stochastic,
                                                        .key = key});
}

void RowStep::take(const std::uint64_t* rows, std::size_t count, std::size_t readable, const float** gradients,
                   std::uint64_t from_zero, float* prepared, float* weights) const noexcept {
  const bool packed = table.dtype() != DType::f32;
  if (packed) widen_rows(kernels, policy, table, rows, count, readable, weights);
  kernels.step[static_cast<int>(step)]({
      .weights = packed ? reinterpret_cast<std::byte*>(weights) : table.mutable_data(),
      .stride = packed ? table.dim() * sizeof(float) : table.row_stride(),
      .dim = table.dim(),
      .packed = packed,
      .rows = rows,
      .count = count,
      .readable = readable,
      .ahead = policy.ahead_of_steps(table),
      .gradients = gradients,
      .from_zero = from_zero,
      .prepared = prepared,
      .state = {state[0], state[1]},
      .state_columns = {state_columns[0], state_columns[1]},
      .factors = factors,
  });
  if (packed) narrow_rows(kernels, table, rows, count, weights, stochastic, key);
}

}  // namespace rowan::detail
