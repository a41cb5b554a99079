#include "rowan/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/files/file_map.hpp"
#include "engine/lookup/state.hpp"
#include "engine/support/checked.hpp"
#include "engine/support/element.hpp"
#include "engine/support/error.hpp"
#include "engine/training/f32_rows.hpp"
#include "engine/training/hyperparameters.hpp"
#include "engine/training/parts.hpp"
#include "engine/training/row_blocks.hpp"
#include "engine/training/row_step.hpp"
#include "engine/training/sparse_gradient.hpp"
#include "engine/training/workspace.hpp"

namespace rowan {

using namespace detail;

struct Optimizer::State {
  Algorithm algorithm;
  OptimizerOptions options;
  std::uint64_t rows = 0;
  std::uint64_t dim = 0;
  DType dtype = DType::f32;
  std::uint64_t steps = 0;
  Mapping memory[2];
  StateTensor tensors[2];
  std::size_t tensor_count = 0;
  WorkspaceMemory workspace;
  Buffer<float> squares;  // of unique rows, where their norm is asked for

  /// What does not depend on the gradient: the table and the options.
  Status check(const Engine& engine, const MutableTableView& table, const StepOptions& step) const noexcept;
  /// A step with gradients that compute(first, last, block, found) finds, of `count` rows in all: it writes a pointer
  /// for each, to [last - first, dim] of block or elsewhere.
  template <class PartBegin, class Compute>
  void take(const ComputeContext& context, const MutableTableView& table, const StepOptions& step,
            const std::uint64_t* ids, std::size_t count, bool split, const PartBegin& part_begin,
            const Compute& compute);
};

namespace {

Status bad_option(std::int64_t which) noexcept { return {.code = Code::step_option, .value = which}; }

/// The factor of the gradient that limits its norm.
double clipping(double squared_norm, const StepOptions& step) noexcept {
  const double norm = std::abs(static_cast<double>(step.scale)) * std::sqrt(squared_norm);
  const double factor = static_cast<double>(step.clip_norm) / (norm + 1e-6);
  return factor >= 1.0 ? 1.0 : factor;  // a NaN stays one
}

}  // namespace

Status Optimizer::State::check(const Engine& engine, const MutableTableView& table,
                               const StepOptions& step) const noexcept {
  if (!engine.status().ok()) return engine.status();
  if (table.rows() != rows || table.dim() != dim || table.dtype() != dtype) {
    return {.code = Code::optimizer_mismatch, .position = rows, .value = static_cast<std::int64_t>(dim)};
  }
  if (step.lr && !good_learning_rate(algorithm, *step.lr)) return bad_option(0);
  if (!std::isfinite(step.scale)) return bad_option(1);
  if (!(step.clip_value >= 0.0F)) return bad_option(2);
  if (!(step.clip_norm >= 0.0F)) return bad_option(3);
  return {};
}

template <class PartBegin, class Compute>
void Optimizer::State::take(const ComputeContext& context, const MutableTableView& table, const StepOptions& step,
                            const std::uint64_t* ids, std::size_t count, bool split, const PartBegin& part_begin,
                            const Compute& compute) {
  const std::size_t parts = parts_of(context, split);
  const std::size_t floats = rows_of_block(dim) * dim;
  float* const blocks = workspace.blocks.get(parts * 2 * floats);
  unsigned char* const flags = workspace.done.get(parts);

  simd::StepFactors factors = factors_of(algorithm, steps + 1, step.lr.value_or(learning_rate(algorithm)));
  factors.scale = step.scale;
  factors.clip = step.clip_value;
  if (std::isfinite(step.clip_norm)) {
    float* const of_row = squares.get(count);
    for_each_part(context, split, parts, [&](std::size_t part) noexcept {
      float* const block = blocks + part * 2 * floats;
      const float* gradients[simd::most_step_rows];
      for_each_block(part_begin(part, parts), part_begin(part + 1, parts), dim,
                     [&](std::size_t first, std::size_t last) {
                       compute(first, last, block, gradients);
                       for (std::size_t i = first; i < last; ++i)
                         row_squares(context.kernels, gradients[i - first], 1, dim, of_row + i);
                     });
    });
    factors.scale = static_cast<float>(static_cast<double>(step.scale) * clipping(added_to(0.0, of_row, count), step));
  }

  RowStep row_step{.kernels = context.kernels,
                   .policy = context.policy,
                   .table = table,
                   .step = step_of(algorithm),
                   .factors = factors,
                   .state = {},
                   .state_columns = {},
                   .stochastic = options.rounding == Rounding::stochastic,
                   .key = simd::random_key(options.seed, steps + 1)};
  for (std::size_t k = 0; k < tensor_count; ++k) {
    row_step.state[k] = tensors[k].values.data();
    row_step.state_columns[k] = tensors[k].columns;
  }
  for_each_part_once(context, split, parts, flags, [&](std::size_t part) noexcept {
    float* const block = blocks + part * 2 * floats;
    const float* gradients[simd::most_step_rows];
    for_each_block(part_begin(part, parts), part_begin(part + 1, parts), dim, [&](std::size_t first, std::size_t last) {
      const std::uint64_t from_zero = compute(first, last, block, gradients);
      row_step.take(ids + first, last - first, count - first, gradients, from_zero, block, block + floats);
    });
  });
  ++steps;
}

Optimizer::Optimizer(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Optimizer::Optimizer(Optimizer&&) noexcept = default;
Optimizer& Optimizer::operator=(Optimizer&&) noexcept = default;
Optimizer::~Optimizer() = default;

Result<Optimizer> Optimizer::create(const TableView& table, const Algorithm& algorithm,
                                    const OptimizerOptions& options) {
  return guarded([&]() -> Result<Optimizer> {
    if (!trainable(table.dtype())) {
      return make_error(Code::not_trainable, "tables of type ", to_string(table.dtype()),
                        " cannot be trained; f32, f16 and bf16 can: convert it first");
    }
    if (auto error = check_algorithm(algorithm)) return *std::move(error);
    if (options.rounding > Rounding::stochastic) {
      return make_error(Code::invalid_argument, "there is no such rounding");
    }
    auto state = std::make_unique<State>();
    state->algorithm = algorithm;
    state->options = options;
    state->rows = table.rows();
    state->dim = table.dim();
    state->dtype = table.dtype();
    const StateKinds kinds = state_of(algorithm);
    for (const StateKind& kind : kinds.all()) {
      const std::size_t k = state->tensor_count++;
      const std::uint64_t columns = kind.row_wise ? 1 : table.dim();
      const auto values = checked_multiply(table.rows(), columns);
      const auto bytes = values ? checked_multiply(*values, sizeof(float)) : std::nullopt;
      if (!bytes || *bytes > static_cast<std::uint64_t>(INT64_MAX)) {
        return make_error(Code::out_of_memory, "the state of ", table.rows(), " rows is larger than memory");
      }
      Result<Mapping> memory = Mapping::anonymous(*bytes);
      if (!memory) return memory.error();
      state->memory[k] = *std::move(memory);
      float* const first = reinterpret_cast<float*>(state->memory[k].writable().data());
      state->tensors[k] = {kind.name, table.rows(), columns, {first, *values}};
      if (kind.initial != 0.0F) std::fill_n(first, *values, kind.initial);
    }
    return Optimizer(std::move(state));
  });
}

Status Optimizer::step(const Engine& engine, const MutableTableView& table, std::span<const LookupGradient> lookups,
                       const StepOptions& options) noexcept {
  if (!state_) return {.code = Code::engine_moved};
  State& state = *state_;
  if (const Status status = state.check(engine, table, options); !status) return status;
  const ComputeContext& context = *engine.state_;
  return run_split(splits_backward(context, table, lookups), [&](bool split) -> Status {
    WorkspaceMemory& workspace = state.workspace;
    const Status status = plan_lookups(context, table, lookups, options.non_finite, split, workspace.lookups);
    if (!status) return status;
    const RowGradients gradients(context, table, workspace.lookups,
                                 {.by_frequency = options.scale_grad_by_freq,
                                  .any_order = !std::isfinite(options.clip_norm),  // the norm adds rows up in theirs
                                  .split = split},
                                 workspace.rows);
    write_weights_gradients(context, table, workspace.lookups, split, workspace.weights);
    state.take(
        context, table, options, gradients.rows(), gradients.unique(), split,
        [&](std::size_t part, std::size_t parts) { return gradients.part_begin(part, parts); },
        [&](std::size_t first, std::size_t last, float* block, const float** found) {
          return gradients.find(first, last, block, found);
        });
    return {.value = static_cast<std::int64_t>(workspace.lookups.bad)};
  });
}

Status Optimizer::step(const Engine& engine, const MutableTableView& table, const SparseGradient& gradient,
                       const StepOptions& options) noexcept {
  if (!state_) return {.code = Code::engine_moved};
  State& state = *state_;
  if (const Status status = state.check(engine, table, options); !status) return status;
  const std::span<const std::uint64_t> rows = gradient.rows();
  const std::size_t dim = table.dim();
  if (!rows.empty() && (gradient.dim() != dim || gradient.state_->table_rows != table.rows())) {
    return {.code = Code::optimizer_mismatch,
            .position = gradient.state_->table_rows,
            .value = static_cast<std::int64_t>(gradient.dim())};
  }
  const float* const values = gradient.values().data();
  if (options.non_finite == NonFinite::reject) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto* const row = reinterpret_cast<const std::byte*>(values + i * dim);
      const std::size_t column = find_not_finite(row, DType::f32, dim);
      if (column != dim) return {.code = Code::gradient_not_finite, .bag = i, .position = column};
    }
  }
  const ComputeContext& context = *engine.state_;
  const bool split = context.splits([&] { return context.policy.estimated_ns(table, 2 * rows.size(), rows.size()); });
  return run_split(split, [&](bool splits) -> Status {
    state.take(
        context, table, options, rows.data(), rows.size(), splits,
        [&](std::size_t part, std::size_t parts) {
          return rows.size() / parts * part + std::min(part, rows.size() % parts);
        },
        [&](std::size_t first, std::size_t last, float*, const float** found) {
          for (std::size_t i = first; i < last; ++i) found[i - first] = values + i * dim;
          return std::uint64_t{0};
        });
    return {};
  });
}

const Algorithm& Optimizer::algorithm() const noexcept { return state_->algorithm; }
const OptimizerOptions& Optimizer::options() const noexcept { return state_->options; }
std::uint64_t Optimizer::steps() const noexcept { return state_->steps; }
std::uint64_t Optimizer::rows() const noexcept { return state_->rows; }
std::uint64_t Optimizer::dim() const noexcept { return state_->dim; }
DType Optimizer::dtype() const noexcept { return state_->dtype; }
std::span<const StateTensor> Optimizer::state() const noexcept { return {state_->tensors, state_->tensor_count}; }
void Optimizer::resume_from(std::uint64_t steps) noexcept { state_->steps = steps; }

}  // namespace rowan
