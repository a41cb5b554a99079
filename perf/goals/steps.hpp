// One cell of training: sums of bags, backwards, and the optimizer's step, by Rowan and by those who do the same.
#pragma once

#include <memory>

#include "perf/goals/lookups.hpp"
#include "perf/goals/places.hpp"
#include "perf/session.hpp"
#include "rowan/optimizer.hpp"

namespace rowan::perf {

constexpr std::size_t bags_per_step = 512;

/// A table of random f32, and behind it, in the same block, a number for each row, for peers' state.
struct TrainedTable {
  MutableTableView view;
  std::span<float> row_state;
};
TrainedTable trained_table(Session& session, std::uint64_t bytes, std::uint64_t dim);

struct StepWork {
  std::string goal;
  std::string operation;
  TrainedTable table;
  std::string place;
  Distribution distribution = {};
  int threads = 1;
  Algorithm algorithm = RowWiseAdagrad{};
  std::size_t bags = bags_per_step;
  Peer* peer = nullptr;     ///< that has the algorithm, or none
  bool with_loop = false;   ///< beside the loop by hand; of row-wise Adagrad
  std::size_t samples = 0;  ///< 0: the session's
};

/// Index sets for steps of so many bags: in all of them are more rows than caches hold, where the table is larger.
IndexSets step_sets(const Session& session, const TableView& table, std::size_t bags, const Distribution& distribution);

/// The work of a cell, without its samples; in ns per index.
Cell cell_of(const Session& session, const StepWork& work);

/// Random gradients of so many bags.
std::vector<float> random_gradient(const Session& session, std::size_t bags, std::uint64_t dim);

/// Rowan at its first step.
std::unique_ptr<Trainer> train(Session& session, const StepWork& work);

/// Has Rowan touch all state that steps with these sets will touch.
void warm_up(Trainer& trainer, const IndexSets& sets, std::span<const std::int64_t> offsets,
             std::span<const float> gradient);

/// Compares what a first step changes, takes turns, and adds the cell to the record.
void measure_steps(Session& session, const StepWork& work, const IndexSets& sets);

}  // namespace rowan::perf
