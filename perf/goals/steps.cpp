#include "perf/goals/steps.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>

#include "perf/goals/inexact_loop.hpp"

namespace rowan::perf {
namespace {

constexpr std::size_t least_sets = 8;

class RowanTrainer final : public Trainer {
 public:
  RowanTrainer(const Engine& engine, const MutableTableView& table, Optimizer optimizer)
      : engine_(engine), table_(table), optimizer_(std::move(optimizer)) {}

  void step(std::span<const std::int64_t> indices, std::span<const std::int64_t> offsets,
            std::span<const float> gradient) override {
    require(optimizer_.step(engine_, table_,
                            LookupGradient{.bags = {indices, offsets},
                                           .gradient = gradient,
                                           .options = {.pooling = Pooling::sum, .include_last_offset = true}}));
  }
  bool sums_repeated_rows() const override { return true; }

 private:
  const Engine& engine_;
  MutableTableView table_;
  Optimizer optimizer_;
};

float learning_rate(const Algorithm& algorithm) {
  return std::visit([](const auto& one) { return one.lr; }, algorithm);
}

/// Whole bags of rows that are all different, as many as there are or a step has.
std::vector<std::int64_t> distinct_rows(const TableView& table, std::size_t bags) {
  const std::uint64_t count = std::min<std::uint64_t>(table.rows() / rows_per_bag, bags) * rows_per_bag;
  std::vector<std::int64_t> rows(count);
  for (std::uint64_t i = 0; i < count; ++i) rows[i] = static_cast<std::int64_t>(i * (table.rows() / count));
  std::shuffle(rows.begin(), rows.end(), std::mt19937_64(1));
  return rows;
}

/// The elements of these rows, row by row.
std::vector<float> elements_of(const TableView& table, std::span<const std::int64_t> rows) {
  std::vector<float> elements(rows.size() * table.dim());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::memcpy(&elements[i * table.dim()], table.data() + static_cast<std::uint64_t>(rows[i]) * table.row_stride(),
                table.row_bytes());
  }
  return elements;
}

void put_back(const MutableTableView& table, std::span<const std::int64_t> rows, const std::vector<float>& elements) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::memcpy(table.mutable_data() + static_cast<std::uint64_t>(rows[i]) * table.row_stride(),
                &elements[i * table.dim()], table.row_bytes());
  }
}

/// What one step takes from the elements of the rows that it names, in learning rates. The rows are put back.
std::vector<float> changes(Trainer& trainer, const StepWork& work, std::span<const std::int64_t> indices,
                           std::span<const float> gradient) {
  const MutableTableView& table = work.table.view;
  const std::vector<std::int64_t> offsets = even_offsets(indices.size() / rows_per_bag + 1, rows_per_bag);
  const std::vector<float> before = elements_of(table, indices);
  trainer.step(indices, offsets, gradient.first(indices.size() / rows_per_bag * table.dim()));
  std::vector<float> changed = elements_of(table, indices);
  put_back(table, indices, before);
  for (std::size_t i = 0; i < changed.size(); ++i) {
    changed[i] = (before[i] - changed[i]) / learning_rate(work.algorithm);
  }
  return changed;
}

}  // namespace

TrainedTable trained_table(Session& session, std::uint64_t bytes, std::uint64_t dim) {
  const std::uint64_t rows = bytes / (dim * sizeof(float));
  const std::span<std::byte> memory = session.memory(bytes + rows * sizeof(float));
  const std::span<std::byte> elements = memory.first(rows * dim * sizeof(float));
  static_cast<void>(random_table(elements, dim, DType::f32, session.seed(), session.thread_counts().back()));
  return {MutableTableView::over(elements, rows, dim, DType::f32).value(),
          {reinterpret_cast<float*>(memory.data() + bytes), rows}};
}

IndexSets step_sets(const Session& session, const TableView& table, std::size_t bags,
                    const Distribution& distribution) {
  const std::size_t indices = bags * rows_per_bag;
  const bool in_cache = table.rows() * table.row_bytes() <= in_l3.bytes;
  const std::size_t enough =
      in_cache ? 0 : calls_past_caches(caches_of(session.record.machine), table.row_bytes(), indices);
  return {table.rows(), indices, std::max(enough, least_sets), distribution, session.seed()};
}

Cell cell_of(const Session& session, const StepWork& work) {
  Cell cell;
  cell.goal = work.goal;
  cell.operation = work.operation;
  cell.dtype = "f32";
  cell.dim = work.table.view.dim();
  cell.rows = work.table.view.rows();
  cell.row_bytes = work.table.view.row_bytes();
  cell.place = work.place;
  cell.distribution = to_string(work.distribution);
  cell.bag = rows_per_bag;
  cell.threads = work.threads;
  cell.pages = session.pages();
  cell.unit = "ns/index";
  return cell;
}

std::vector<float> random_gradient(const Session& session, std::size_t bags, std::uint64_t dim) {
  std::vector<float> gradient(bags * dim);
  static_cast<void>(random_table(std::as_writable_bytes(std::span(gradient)), dim, DType::f32, session.seed() + 1, 1));
  return gradient;
}

std::unique_ptr<Trainer> train(Session& session, const StepWork& work) {
  Result<Optimizer> optimizer = Optimizer::create(work.table.view, work.algorithm);
  if (!optimizer) fail(optimizer.error().message);
  return std::make_unique<RowanTrainer>(session.engine(work.threads), work.table.view, *std::move(optimizer));
}

void warm_up(Trainer& trainer, const IndexSets& sets, std::span<const std::int64_t> offsets,
             std::span<const float> gradient) {
  for (std::size_t set = 0; set < sets.size(); ++set) trainer.step(sets[set], offsets, gradient);
}

void measure_steps(Session& session, const StepWork& work, const IndexSets& sets) {
  Cell cell = cell_of(session, work);
  const std::vector<std::int64_t> offsets = even_offsets(work.bags + 1, rows_per_bag);
  const std::vector<float> gradient = random_gradient(session, work.bags, cell.dim);
  const auto steps = [&](Trainer& trainer) {
    return [&, one = &trainer](std::size_t number) { one->step(sets[number % sets.size()], offsets, gradient); };
  };

  const std::unique_ptr<Trainer> ours = train(session, work);
  std::vector<Side> sides = {{"rowan", steps(*ours)}};
  std::vector<std::unique_ptr<Trainer>> others;
  const std::vector<std::int64_t> distinct = distinct_rows(work.table.view, work.bags);
  const auto add = [&](const std::string& who, std::unique_ptr<Trainer> theirs, double settle) {
    const std::span<const std::int64_t> indices = theirs->sums_repeated_rows() ? sets[0] : std::span(distinct);
    require_equal(changes(*train(session, work), work, indices, gradient), changes(*theirs, work, indices, gradient),
                  cell, who);
    sides.push_back({who, steps(*others.emplace_back(std::move(theirs))), work.threads > 1 ? settle : 0});
  };
  if (work.peer != nullptr) {
    add(work.peer->who(), work.peer->train(work.table.view, work.table.row_state, work.algorithm, work.threads),
        work.peer->settle());
  }
  if (work.with_loop) {
    add(inexact_loop_name,
        inexact_loop(work.table.view, work.table.row_state, std::get<RowWiseAdagrad>(work.algorithm), work.threads), 0);
  }
  warm_up(*ours, sets, offsets, gradient);

  Turns turns = session.turns(work.threads);
  if (work.samples != 0) turns.samples = work.samples;
  cell.series = take_turns(sides, turns, static_cast<double>(work.bags * rows_per_bag));
  session.record.cells.push_back(std::move(cell));
}

}  // namespace rowan::perf
