// P5: gradients of sums of bags and the step of row-wise Adagrad, in cache and out of it, beside FBGEMM's kernel that
// does both in one pass and is not exact where rows repeat; element-wise Adagrad beside PyTorch's; what a second thread
// gains; and how the time grows.
#include "perf/goals/gain.hpp"
#include "perf/goals/goals.hpp"
#include "perf/goals/growth.hpp"
#include "perf/goals/inexact_loop.hpp"
#include "perf/goals/steps.hpp"

namespace rowan::perf {
namespace {

/// What is measured, and beside whom.
struct Kind {
  std::string goal;
  std::string operation;
  Algorithm algorithm;
  Peer* peer;
  bool with_loop = false;
};

/// In each place.
struct Range {
  std::vector<std::uint64_t> dims;
  std::vector<Distribution> distributions;
  std::vector<int> threads;
  std::size_t samples = 0;  ///< 0: the session's
};

void measure(Session& session, const Kind& kind, const Place& place, const Range& range) {
  for (const std::uint64_t dim : range.dims) {
    const TrainedTable table = trained_table(session, place.bytes, dim);
    for (const Distribution& distribution : range.distributions) {
      const IndexSets sets = step_sets(session, table.view, bags_per_step, distribution);
      for (const int threads : range.threads) {
        measure_steps(session,
                      {.goal = kind.goal,
                       .operation = kind.operation,
                       .table = table,
                       .place = place.name(),
                       .distribution = distribution,
                       .threads = threads,
                       .algorithm = kind.algorithm,
                       .peer = kind.peer,
                       .with_loop = kind.with_loop,
                       .samples = range.samples},
                      sets);
      }
    }
  }
}

void against_fbgemm(Session& session) {
  const Range range = session.quick() ? Range{{64}, {{}, {1.05}}, session.thread_counts()}
                                      : Range{{32, 64, 128, 256}, {{}, {1.05}, {1.2}}, session.thread_counts()};
  for (const Place& place : {in_l2, in_l3, in_memory}) {
    measure(session, {"P5", "row-wise Adagrad", RowWiseAdagrad{}, session.fbgemm.get(), true}, place, range);
  }
  const std::vector<const Cell*> cells = cells_of(session.record, "P5");
  std::printf("P5: backward and row-wise Adagrad, %zu bags of %zu, tables on pages of %s; others / rowan\n",
              bags_per_step, rows_per_bag, session.pages().c_str());
  print_cells(cells, "fbgemm");
  const Summary peers = summarize(cells, "fbgemm");
  conclude(session.record,
           {"P5", "exact backward and row-wise Adagrad: >= 1.5x FBGEMM's inexact kernel, no cell < 1.0x",
            (session.fbgemm ? "FBGEMM: " + peers.text() : std::string(fbgemm_absent)) +
                "; by hand: " + summarize(cells, inexact_loop_name).text(),
            verdict(peers.geometric_mean >= 1.5 && peers.worst >= 1.0, session.fbgemm != nullptr)});
}

void against_torch_sparse(Session& session) {
  const std::string what = "exact backward and Adagrad: >= 10x libtorch's sparse backward and Adagrad, every cell";
  if (!session.torch) return conclude(session.record, {"P5 torch", what, torch_absent, Verdict::unknown});
  // A first step from 0 would be the gradient's sign, which sums near 0 do not agree on.
  const Kind kind{"P5 torch", "Adagrad", Adagrad{.initial_accumulator_value = 10}, session.torch.get()};
  if (session.quick()) {
    measure(session, kind, in_l3, {{64}, {{}}, {1}, 3});
  } else {
    for (const Place& place : {in_l3, in_memory}) {
      measure(session, kind, place, {{32, 64, 128, 256}, {{}, {1.05}}, session.thread_counts(), 7});
    }
  }
  const std::vector<const Cell*> cells = cells_of(session.record, "P5 torch");
  std::printf("P5: backward and element-wise Adagrad; libtorch / rowan\n");
  print_cells(cells, "libtorch");
  const Summary summary = summarize(cells, "libtorch");
  conclude(session.record, {"P5 torch", what, summary.text(), verdict(summary.worst >= 10)});
}

void measure_second_thread(Session& session, std::uint64_t dim, const Place& place) {
  StepWork work{.goal = "P5 threads",
                .operation = "row-wise Adagrad",
                .table = trained_table(session, place.bytes, dim),
                .place = place.name()};
  const IndexSets sets = step_sets(session, work.table.view, work.bags, work.distribution);
  const std::vector<std::int64_t> offsets = even_offsets(work.bags + 1, rows_per_bag);
  const std::vector<float> gradient = random_gradient(session, work.bags, dim);
  const auto steps = [&](const std::unique_ptr<Trainer>& trainer) {
    warm_up(*trainer, sets, offsets, gradient);
    return [&, one = trainer.get()](std::size_t number) { one->step(sets[number % sets.size()], offsets, gradient); };
  };
  const std::unique_ptr<Trainer> on_one = train(session, work);
  work.threads = 2;
  const std::unique_ptr<Trainer> on_two = train(session, work);

  Cell cell = cell_of(session, work);
  cell.unit = unit_of_gain;
  cell.series = measure_gain(session, steps(on_one), steps(on_two));
  session.record.cells.push_back(std::move(cell));
}

void gain_of_second_thread(Session& session) {
  const std::string what = "training in cache, two threads over one: >= 0.9 of what a loop gains that only calculates";
  if (session.thread_counts().size() < 2) {
    return conclude(session.record, {"P5 threads", what, "there is one processor", Verdict::unknown});
  }
  for (const std::uint64_t dim :
       session.quick() ? std::vector<std::uint64_t>{64} : std::vector<std::uint64_t>{64, 128}) {
    for (const Place& place : {in_l2, in_l3}) measure_second_thread(session, dim, place);
  }
  const std::vector<const Cell*> cells = cells_of(session.record, "P5 threads");
  std::printf("P5: time on two threads over time on one; arithmetic / rowan\n");
  print_cells(cells, "arithmetic");
  const Summary summary = summarize(cells, "arithmetic");
  conclude(session.record, {"P5 threads", what, summary.text(), verdict(summary.worst >= 0.9)});
}

}  // namespace

void training(Session& session) {
  against_fbgemm(session);
  against_torch_sparse(session);
  gain_of_second_thread(session);
  growth_of_steps(session);
}

}  // namespace rowan::perf
