#include "perf/goals/inexact_loop.hpp"

#include <algorithm>
#include <cmath>

#include "perf/team.hpp"

namespace rowan::perf {
namespace {

constexpr std::int64_t rows_ahead = 16;  // as for FBGEMM

using Floats = float __attribute__((vector_size(32), aligned(4), may_alias));
constexpr std::uint64_t lanes = 8;

struct Weights {
  float* elements;
  float* state;
  std::uint64_t dim;
  float lr;
  float eps;
};

/// One bag, [begin, end) of the `count` indices.
__attribute__((target_clones("default", "avx2", "avx512f"))) void step_bag(const Weights& weights,
                                                                           const std::int64_t* indices,
                                                                           std::int64_t begin, std::int64_t end,
                                                                           std::int64_t count, const float* gradient) {
  const std::uint64_t vectors = weights.dim / lanes;
  const auto* const g = reinterpret_cast<const Floats*>(gradient);
  Floats squares{};
  for (std::uint64_t v = 0; v < vectors; ++v) squares += g[v] * g[v];
  float mean = 0;
  for (std::uint64_t lane = 0; lane < lanes; ++lane) mean += squares[lane];
  mean /= static_cast<float>(weights.dim);

  for (std::int64_t j = begin; j < end; ++j) {
    const auto ahead = static_cast<std::uint64_t>(indices[std::min(j + rows_ahead, count - 1)]);
    const float* const next = weights.elements + ahead * weights.dim;
    for (std::uint64_t c = 0; c < weights.dim; c += 64 / sizeof(float)) __builtin_prefetch(next + c);
    __builtin_prefetch(weights.state + ahead);

    const auto row = static_cast<std::uint64_t>(indices[j]);
    const float sum = weights.state[row] += mean;
    const float step = weights.lr / (std::sqrt(sum) + weights.eps);
    auto* const w = reinterpret_cast<Floats*>(weights.elements + row * weights.dim);
#pragma GCC unroll 4
    for (std::uint64_t v = 0; v < vectors; ++v) w[v] -= step * g[v];
  }
}

class InexactLoop final : public Trainer {
 public:
  InexactLoop(const MutableTableView& table, std::span<float> state, const RowWiseAdagrad& algorithm, int threads)
      : weights_{reinterpret_cast<float*>(table.mutable_data()), state.data(), table.dim(), algorithm.lr,
                 algorithm.eps},
        team_(threads) {
    std::fill(state.begin(), state.end(), algorithm.initial_accumulator_value);
  }

  void step(std::span<const std::int64_t> indices, std::span<const std::int64_t> offsets,
            std::span<const float> gradient) override {
    team_.run([&](int i) {
      const std::uint64_t end = part_begin(offsets.size() - 1, i + 1, team_.size());
      for (std::uint64_t bag = part_begin(offsets.size() - 1, i, team_.size()); bag < end; ++bag) {
        step_bag(weights_, indices.data(), offsets[bag], offsets[bag + 1], static_cast<std::int64_t>(indices.size()),
                 &gradient[bag * weights_.dim]);
      }
    });
  }
  bool sums_repeated_rows() const override { return false; }

 private:
  Weights weights_;
  Team team_;
};

}  // namespace

std::unique_ptr<Trainer> inexact_loop(const MutableTableView& table, std::span<float> state,
                                      const RowWiseAdagrad& algorithm, int threads) {
  return std::make_unique<InexactLoop>(table, state, algorithm, threads);
}

}  // namespace rowan::perf
