// Optimizer steps, one element after the other.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <new>
#include <variant>

#include "engine/support/element.hpp"
#include "engine/training/reference_lanes.hpp"
#include "rowan/training_reference.hpp"
#include "simd/order.hpp"
#include "simd/random.hpp"
#include "simd/scalar.hpp"

namespace rowan::reference {
namespace {

using namespace detail;

/// A row of the table: its weights and its gradient, in f32, and its state.
struct Row {
  std::span<float> w;
  std::span<const float> g;
  float* state[2];
};

/// Factors are computed in double and rounded once.
float rounded(double factor) noexcept { return static_cast<float>(factor); }
float one_less(float x) noexcept { return rounded(1.0 - static_cast<double>(x)); }

/// lr * sqrt(1 - beta2^t) / (1 - beta1^t).
float corrected(float lr, float beta1, float beta2, double t) noexcept {
  const double correction1 = 1.0 - std::pow(static_cast<double>(beta1), t);
  const double correction2 = 1.0 - std::pow(static_cast<double>(beta2), t);
  return rounded(static_cast<double>(lr) * std::sqrt(correction2) / correction1);
}

float mean_square(std::span<const float> g) noexcept {
  return sum_of_squares(g.data(), g.size()) / static_cast<float>(g.size());
}

void move(const Sgd& a, float lr, double, const Row& row) {
  for (std::size_t c = 0; c < row.w.size(); ++c) {
    float direction = row.g[c];
    if (a.momentum != 0.0F) {
      float& buffer = row.state[0][c];
      buffer = a.momentum * buffer + row.g[c];
      direction = a.nesterov ? row.g[c] + a.momentum * buffer : buffer;
    }
    row.w[c] = row.w[c] - lr * direction;
  }
}

void move(const Adagrad& a, float lr, double t, const Row& row) {
  const float rate = rounded(static_cast<double>(lr) / (1.0 + (t - 1.0) * static_cast<double>(a.lr_decay)));
  for (std::size_t c = 0; c < row.w.size(); ++c) {
    float& sum = row.state[0][c];
    sum = sum + row.g[c] * row.g[c];
    row.w[c] = row.w[c] - rate * (row.g[c] / (std::sqrt(sum) + a.eps));
  }
}

void move(const RowWiseAdagrad& a, float lr, double, const Row& row) {
  float& sum = *row.state[0];
  sum = sum + mean_square(row.g);
  const float rate = lr / (std::sqrt(sum) + a.eps);
  for (std::size_t c = 0; c < row.w.size(); ++c) row.w[c] = row.w[c] - rate * row.g[c];
}

void move(const Adam& a, float lr, double t, const Row& row) {
  const float rate = corrected(lr, a.beta1, a.beta2, t);
  for (std::size_t c = 0; c < row.w.size(); ++c) {
    float& average = row.state[0][c];
    float& square = row.state[1][c];
    average = average + (row.g[c] - average) * one_less(a.beta1);
    square = square + (row.g[c] * row.g[c] - square) * one_less(a.beta2);
    row.w[c] = row.w[c] - rate * (average / (std::sqrt(square) + a.eps));
  }
}

void move(const RowWiseAdam& a, float lr, double t, const Row& row) {
  const float rate = corrected(lr, a.beta1, a.beta2, t);
  float& square = *row.state[1];
  square = square + (mean_square(row.g) - square) * one_less(a.beta2);
  for (std::size_t c = 0; c < row.w.size(); ++c) {
    float& average = row.state[0][c];
    average = average + (row.g[c] - average) * one_less(a.beta1);
    row.w[c] = row.w[c] - rate * (average / (std::sqrt(square) + a.eps));
  }
}

void move(const RmsProp& a, float lr, double, const Row& row) {
  for (std::size_t c = 0; c < row.w.size(); ++c) {
    float& square = row.state[0][c];
    square = a.alpha * square + one_less(a.alpha) * (row.g[c] * row.g[c]);
    row.w[c] = row.w[c] - lr * (row.g[c] / (std::sqrt(square) + a.eps));
  }
}

void move(const Ftrl& a, float lr, double, const Row& row) {
  for (std::size_t c = 0; c < row.w.size(); ++c) {
    float& accumulator = row.state[0][c];
    float& linear = row.state[1][c];
    const float n = accumulator + row.g[c] * row.g[c];
    const float sigma = (std::sqrt(n) - std::sqrt(accumulator)) / lr;
    linear = linear + (row.g[c] - sigma * row.w[c]);
    accumulator = n;
    const float shrunk = std::copysign(a.l1, linear) - linear;
    row.w[c] = std::fabs(linear) <= a.l1 ? 0.0F : shrunk / ((a.beta + std::sqrt(n)) / lr + a.l2);
  }
}

/// What every gradient is multiplied by.
float scale_of(const Gradient& gradient, const StepOptions& options) noexcept {
  const double scale = options.scale;
  if (!std::isfinite(options.clip_norm)) return options.scale;
  const double norm = std::fabs(scale) * std::sqrt(squared_norm(gradient));
  const double factor = static_cast<double>(options.clip_norm) / (norm + 1e-6);
  return rounded(factor >= 1.0 ? scale : scale * factor);  // a NaN stays one
}

/// The gradient scaled and limited, and the weights decayed.
void prepare(const WeightDecay& decay, float lr, float scale, float clip, std::span<float> w, std::span<float> g) {
  const float keep = decay.decoupled ? rounded(1.0 - static_cast<double>(lr) * static_cast<double>(decay.rate)) : 1.0F;
  for (std::size_t c = 0; c < w.size(); ++c) {
    if (scale != 1.0F) g[c] = g[c] * scale;
    if (simd::greater(-clip, g[c])) g[c] = -clip;
    if (simd::greater(g[c], clip)) g[c] = clip;
    if (keep != 1.0F) w[c] = w[c] * keep;
    if (!decay.decoupled && decay.rate != 0.0F) g[c] = g[c] + decay.rate * w[c];
  }
}

/// The weights of a row, back in the table.
void write(const MutableTableView& table, std::uint64_t row, std::span<const float> w, const OptimizerOptions& options,
           std::uint64_t t) {
  std::byte* const at = table.mutable_data() + row * table.row_stride();
  if (table.dtype() == DType::f32 || options.rounding == Rounding::nearest) {
    simd::encode(element_of(table.dtype()), w.data(), w.size(), at);
    return;
  }
  const std::uint64_t key = simd::random_key(simd::random_key(options.seed, t), row);
  for (std::size_t c = 0; c < w.size(); ++c) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &w[c], sizeof bits);
    const std::uint32_t random = simd::random_bits(key, static_cast<std::uint32_t>(c));
    const auto rounded_bits = static_cast<std::uint16_t>(
        table.dtype() == DType::f16 ? simd::stochastic_f16(bits, random) : simd::stochastic_bf16(bits, random));
    std::memcpy(at + c * sizeof rounded_bits, &rounded_bits, sizeof rounded_bits);
  }
}

bool same_shape(const Optimizer& optimizer, const MutableTableView& table, std::span<const std::span<float>> state,
                const Gradient& gradient) noexcept {
  const std::span<const StateTensor> tensors = optimizer.state();
  if (table.rows() != optimizer.rows() || table.dim() != optimizer.dim() || table.dtype() != optimizer.dtype() ||
      gradient.values.size() != gradient.rows.size() * table.dim()) {
    return false;
  }
  return std::equal(tensors.begin(), tensors.end(), state.begin(), state.end(),
                    [](const StateTensor& a, std::span<float> b) { return a.values.size() == b.size(); });
}

void take_step(const Optimizer& optimizer, const MutableTableView& table, std::span<const std::span<float>> state,
               const Gradient& gradient, const StepOptions& options) {
  const std::uint64_t dim = table.dim();
  const std::uint64_t t = optimizer.steps() + 1;
  const float scale = scale_of(gradient, options);
  std::vector<float> w(dim);
  std::vector<float> g(dim);
  for (std::size_t i = 0; i < gradient.rows.size(); ++i) {
    const std::uint64_t r = gradient.rows[i];
    simd::decode_row(element_of(table.dtype()), table.data() + r * table.row_stride(), dim, w.data());
    std::copy_n(gradient.values.data() + i * dim, dim, g.data());
    Row row{w, g, {}};
    for (std::size_t k = 0; k < state.size(); ++k) row.state[k] = state[k].data() + r * optimizer.state()[k].columns;
    std::visit(
        [&](const auto& algorithm) {
          const float lr = options.lr.value_or(algorithm.lr);
          prepare(algorithm.weight_decay, lr, scale, options.clip_value, w, g);
          move(algorithm, lr, static_cast<double>(t), row);
        },
        optimizer.algorithm());
    write(table, r, w, optimizer.options(), t);
  }
}

}  // namespace

Status step(const Optimizer& optimizer, const MutableTableView& table, std::span<const std::span<float>> state,
            const Gradient& gradient, const StepOptions& options) noexcept {
  if (!same_shape(optimizer, table, state, gradient)) {
    return {.code = Code::optimizer_mismatch,
            .position = optimizer.rows(),
            .value = static_cast<std::int64_t>(optimizer.dim())};
  }
  try {
    take_step(optimizer, table, state, gradient, options);
  } catch (const std::bad_alloc&) {
    return {.code = Code::out_of_memory};
  }
  return {};
}

}  // namespace rowan::reference
