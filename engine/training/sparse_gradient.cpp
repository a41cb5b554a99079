#include "engine/training/sparse_gradient.hpp"

#include "engine/training/f32_rows.hpp"
#include "engine/training/row_blocks.hpp"
#include "simd/dispatch.hpp"

namespace rowan {

Workspace::Workspace() noexcept = default;
Workspace::Workspace(Workspace&&) noexcept = default;
Workspace& Workspace::operator=(Workspace&&) noexcept = default;
Workspace::~Workspace() = default;

std::uint64_t Workspace::bytes() const noexcept { return memory_ ? memory_->bytes() : 0; }

SparseGradient::SparseGradient() noexcept = default;
SparseGradient::SparseGradient(SparseGradient&&) noexcept = default;
SparseGradient& SparseGradient::operator=(SparseGradient&&) noexcept = default;
SparseGradient::~SparseGradient() = default;

std::span<const std::uint64_t> SparseGradient::rows() const noexcept {
  if (!state_) return {};
  return {state_->now.rows.get(0), state_->count};
}

std::span<const float> SparseGradient::values() const noexcept {
  if (!state_) return {};
  return {state_->now.values.get(0), state_->count * state_->dim};
}

std::span<float> SparseGradient::values() noexcept {
  if (!state_) return {};
  return {state_->now.values.get(0), state_->count * state_->dim};
}

std::uint64_t SparseGradient::dim() const noexcept { return state_ ? state_->dim : 0; }

double SparseGradient::squared_norm() const noexcept {
  if (!state_) return 0.0;
  const simd::KernelTable& kernels = simd::best_kernels();  // every tier gives the same bits
  const std::size_t dim = state_->dim;
  double total = 0.0;
  detail::for_each_block(0, state_->count, dim, [&](std::size_t first, std::size_t last) {
    float squares[simd::most_step_rows];
    detail::row_squares(kernels, values().data() + first * dim, last - first, dim, squares);
    total = detail::added_to(total, squares, last - first);
  });
  return total;
}

void SparseGradient::clear() noexcept {
  if (state_) state_->count = 0;
}

}  // namespace rowan
