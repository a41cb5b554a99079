// Training whose every step follows from its number alone, so that it can be stopped, resumed and compared.
#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/checkpoint.hpp"
#include "rowan/engine.hpp"

namespace rowan::test {

/// Every algorithm, with hyper-parameters that are not the defaults and not round in binary.
inline const std::vector<Algorithm> all_algorithms = {
    Sgd{.lr = 0.03F, .weight_decay = {.rate = 0.0123F}},
    Sgd{.lr = 0.03F, .momentum = 0.87F},
    Sgd{.lr = 0.03F, .momentum = 0.87F, .nesterov = true, .weight_decay = {.rate = 0.1F, .decoupled = true}},
    Adagrad{.lr = 0.07F, .lr_decay = 0.011F, .eps = 3e-9F, .initial_accumulator_value = 0.1F},
    RowWiseAdagrad{.lr = 0.07F, .eps = 3e-9F, .initial_accumulator_value = 0.1F},
    Adam{.lr = 0.0021F, .beta1 = 0.89F, .beta2 = 0.998F, .eps = 1.7e-8F},
    RowWiseAdam{.lr = 0.0021F, .beta1 = 0.89F, .beta2 = 0.998F, .eps = 1.7e-8F},
    RmsProp{.lr = 0.013F, .alpha = 0.93F, .eps = 1e-7F},
    Ftrl{.lr = 0.13F, .beta = 0.9F, .l1 = 0.003F, .l2 = 0.02F, .initial_accumulator_value = 0.1F},
};

/// The step after those that the optimizer has taken.
inline void train_step(const Engine& engine, Table& table, Optimizer& optimizer) {
  std::mt19937_64 random(optimizer.steps() + 1);
  std::vector<std::int64_t> indices(table.rows() / 2 + 1);
  for (std::int64_t& index : indices) index = static_cast<std::int64_t>(random() % table.rows());
  std::vector<float> gradient(indices.size() * table.dim());
  for (float& value : gradient) value = static_cast<float>(random() >> 40) * 0x1p-24F - 0.5F;
  const auto view = table.mutable_view();
  REQUIRE_MESSAGE(view.ok(), view.error().message);
  const Status status = optimizer.step(engine, *view, LookupGradient::of_embedding(indices, gradient));
  REQUIRE_MESSAGE(status.ok(), status.message());
}

/// All that training changes: rows without their padding, state and the number of steps, as bytes.
inline std::string content_of(const Table& table, const Optimizer& optimizer) {
  std::string content = std::to_string(optimizer.steps());
  for (std::uint64_t row = 0; row < table.rows(); ++row) {
    content.append(reinterpret_cast<const char*>(table.view().data() + row * table.row_stride()),
                   table.view().row_bytes());
  }
  for (const StateTensor& state : optimizer.state()) {
    content.append(state.name).append(reinterpret_cast<const char*>(state.values.data()), state.values.size_bytes());
  }
  return content;
}

inline Optimizer new_optimizer(const Table& table, const Algorithm& algorithm, const OptimizerOptions& options = {}) {
  Result<Optimizer> optimizer = Optimizer::create(table, algorithm, options);
  REQUIRE_MESSAGE(optimizer.ok(), optimizer.error().message);
  return *std::move(optimizer);
}

}  // namespace rowan::test
