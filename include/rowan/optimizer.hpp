// Optimizers: steps that tables learn by.
//
// Names, defaults and arithmetic are those of torch.optim where it has the optimizer. Only rows with a gradient are
// touched, in their weights and in their state (for momentum and RMSprop that is "lazy": PyTorch's dense steps also
// move rows whose gradient is 0). In pseudocode, for each such row, w its weights, g its gradient (rowan/gradient.hpp),
// for every column on its own, all arithmetic in f32 with one rounding per operation and never fused, but for the mean
// of g * g, which is a dot product (rowan/gradient.hpp) divided by the number of columns; t is the number of this step,
// from 1:
//
//   g = g * scale                                            where StepOptions::scale or clip_norm makes one
//   g = min(max(g, -clip_value), clip_value)                 where there is a clip_value; NaN stays
//   w = w * (1 - lr * weight_decay)                          where it is decoupled
//   g = g + weight_decay * w                                 where it is not
//
//   Sgd             w = w - lr * g;  with momentum  momentum_buffer = momentum * momentum_buffer + g,
//                   w = w - lr * momentum_buffer, or with nesterov  w = w - lr * (g + momentum * momentum_buffer)
//   Adagrad         sum = sum + g * g;  w = w - lr / (1 + (t - 1) * lr_decay) * (g / (sqrt(sum) + eps))
//   RowWiseAdagrad  sum = sum + mean of g * g over the columns;  w = w - lr / (sqrt(sum) + eps) * g
//   Adam            exp_avg = exp_avg + (g - exp_avg) * (1 - beta1);
//                   exp_avg_sq = exp_avg_sq + (g * g - exp_avg_sq) * (1 - beta2);
//                   w = w - lr * sqrt(1 - beta2^t) / (1 - beta1^t) * (exp_avg / (sqrt(exp_avg_sq) + eps)):
//                   torch.optim.SparseAdam
//   RowWiseAdam     the same, with one exp_avg_sq for the row, of the mean of g * g over its columns
//   RmsProp         square_avg = alpha * square_avg + (1 - alpha) * (g * g);
//                   w = w - lr * (g / (sqrt(square_avg) + eps))
//   Ftrl            n = accumulator + g * g;  sigma = (sqrt(n) - sqrt(accumulator)) / lr;
//                   linear = linear + (g - sigma * w);  accumulator = n;
//                   w = 0 where |linear| <= l1, else (sign(linear) * l1 - linear) / ((beta + sqrt(n)) / lr + l2)
//
// Factors of lr and t alone are computed in double and rounded to f32 once. Weights in f16 and bf16 are widened to f32,
// and rounded back to nearest even or stochastically (Rounding); state is f32 always.
//
// Determinism: the same bits on every tier, at every thread count and in every run.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "rowan/engine.hpp"
#include "rowan/export.hpp"
#include "rowan/gradient.hpp"
#include "rowan/status.hpp"
#include "rowan/view.hpp"

namespace rowan {

/// Weights drawn towards 0. As an addition to the gradient (L2), or, decoupled, as a factor of the weights (AdamW).
struct WeightDecay {
  float rate = 0.0F;
  bool decoupled = false;
};

struct Sgd {
  float lr = 0.01F;
  float momentum = 0.0F;
  bool nesterov = false;  ///< needs momentum
  WeightDecay weight_decay = {};
};

struct Adagrad {
  float lr = 0.01F;
  float lr_decay = 0.0F;
  float eps = 1e-10F;
  float initial_accumulator_value = 0.0F;
  WeightDecay weight_decay = {};
};

/// One number of state for each row: what large tables are trained with.
struct RowWiseAdagrad {
  float lr = 0.01F;
  float eps = 1e-10F;
  float initial_accumulator_value = 0.0F;
  WeightDecay weight_decay = {};
};

struct Adam {
  float lr = 0.001F;
  float beta1 = 0.9F;
  float beta2 = 0.999F;
  float eps = 1e-8F;
  WeightDecay weight_decay = {};
};

struct RowWiseAdam {
  float lr = 0.001F;
  float beta1 = 0.9F;
  float beta2 = 0.999F;
  float eps = 1e-8F;
  WeightDecay weight_decay = {};
};

struct RmsProp {
  float lr = 0.01F;
  float alpha = 0.99F;
  float eps = 1e-8F;
  WeightDecay weight_decay = {};
};

struct Ftrl {
  float lr = 0.1F;  ///< alpha in the paper
  float beta = 1.0F;
  float l1 = 0.0F;
  float l2 = 0.0F;
  float initial_accumulator_value = 0.0F;
  WeightDecay weight_decay = {};
};

using Algorithm = std::variant<Sgd, Adagrad, RowWiseAdagrad, Adam, RowWiseAdam, RmsProp, Ftrl>;

/// How weights of 16 bits take an f32.
enum class Rounding : std::uint8_t {
  nearest,     ///< to nearest even: updates below half a unit of a weight are lost
  stochastic,  ///< up or down, as likely as the value is near: updates count on average
};

struct OptimizerOptions {
  Rounding rounding = Rounding::nearest;  ///< of 16-bit weights
  /// Of stochastic rounding. The random bits are a function of seed, step, row and column alone.
  std::uint64_t seed = 0;
};

struct StepOptions {
  std::optional<float> lr = {};  ///< in place of the optimizer's, for this step
  float scale = 1.0F;            ///< what every gradient is multiplied by
  /// Gradients are limited to [-clip_value, clip_value].
  float clip_value = std::numeric_limits<float>::infinity();
  /// The largest norm of the table's whole gradient, scaled: it is multiplied by min(1, clip_norm / (norm + 1e-6)), as
  /// torch.nn.utils.clip_grad_norm_ does. The norm is sqrt(SparseGradient::squared_norm()).
  float clip_norm = std::numeric_limits<float>::infinity();
  bool scale_grad_by_freq = false;  ///< of steps from lookups, see GradientOptions
  NonFinite non_finite = NonFinite::reject;
};

/// One tensor of state, named as in torch.optim.
struct StateTensor {
  std::string_view name;         ///< "momentum_buffer", "sum", "exp_avg", "exp_avg_sq", "square_avg", ...
  std::uint64_t rows = 0;        ///< of the table
  std::uint64_t columns = 0;     ///< dim, or 1 where the state is one number per row
  std::span<float> values = {};  ///< [rows, columns]
};

/// The state of one table's optimizer, and the steps that use it.
///
/// Ownership: state is memory of its own, which costs nothing until a row is first touched (unless an
/// initial_accumulator_value is to be written there). Thread-safety: one step at a time,
/// and nobody reads or writes the table meanwhile; a step itself uses the engine's threads. Allocation: none in steady
/// state, where the engine has no threads; a step larger than all before it grows the workspace. Errors: everything is
/// checked before any weight or state changes, so a refused step changes nothing. One that was moved from refuses every
/// step; nothing else may be asked of it.
class ROWAN_API Optimizer {
 public:
  /// For tables of the shape and type of `table`: f32, f16 or bf16. The Error says which hyper-parameter is wrong.
  static Result<Optimizer> create(const TableView& table, const Algorithm& algorithm,
                                  const OptimizerOptions& options = {});
  Optimizer(Optimizer&&) noexcept;
  Optimizer& operator=(Optimizer&&) noexcept;
  ~Optimizer();

  /// Gradients of the lookups, summed as SparseGradient sums them, and the step on every row that has one, in one pass:
  /// the same bits as Engine::embedding_bag_backward() and the step after it. Several lookups (of a table that is
  /// shared between features, or of micro-batches whose gradients were kept) make one step.
  Status step(const Engine& engine, const MutableTableView& table, std::span<const LookupGradient> lookups,
              const StepOptions& options = {}) noexcept;
  Status step(const Engine& engine, const MutableTableView& table, const LookupGradient& lookup,
              const StepOptions& options = {}) noexcept {
    return step(engine, table, std::span(&lookup, 1), options);
  }

  /// The step with a gradient that is there already. Its rows must be rows of the table.
  Status step(const Engine& engine, const MutableTableView& table, const SparseGradient& gradient,
              const StepOptions& options = {}) noexcept;

  const Algorithm& algorithm() const noexcept;
  const OptimizerOptions& options() const noexcept;
  std::uint64_t steps() const noexcept;  ///< steps taken
  std::uint64_t rows() const noexcept;
  std::uint64_t dim() const noexcept;
  DType dtype() const noexcept;
  /// Its tensors, none where the algorithm keeps nothing. A host may read and write them between steps.
  std::span<const StateTensor> state() const noexcept;
  /// Goes on as if `steps` had been taken: for who has put back what state() was then.
  void resume_from(std::uint64_t steps) noexcept;

 private:
  struct State;
  explicit Optimizer(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace rowan
