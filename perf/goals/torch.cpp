// libtorch's EmbeddingBag and Embedding over the same f32 table, out of cache.
#include "perf/goals/goals.hpp"
#include "perf/goals/lookups.hpp"

namespace rowan::perf {

void against_torch(Session& session) {
  constexpr std::uint64_t bytes = std::uint64_t{1} << 30;
  const std::string what = "out of cache: EmbeddingBag >= 1.5x libtorch's, Embedding >= 2.5x, geometric means";
  if (!session.torch) return conclude(session.record, {"torch", what, torch_absent, Verdict::unknown});

  std::vector<const Cell*> pooled;
  std::vector<const Cell*> gathered;
  for (const std::uint64_t dim : {64, 128}) {
    const TableView table =
        random_table(session.memory(bytes), dim, DType::f32, session.seed(), session.thread_counts().back());
    for (const Distribution& distribution : {Distribution{}, Distribution{1.05}}) {
      const IndexSets sets = index_sets(session, table, distribution);
      for (const int threads : session.thread_counts()) {
        for (const bool bags : {true, false}) {
          measure_lookups(session,
                          {.goal = "torch",
                           .table = table,
                           .place = "DRAM",
                           .distribution = distribution,
                           .threads = threads,
                           .pooled = bags,
                           .peers = {session.torch.get()}},
                          sets);
        }
      }
    }
  }
  const std::vector<const Cell*> cells = cells_of(session.record, "torch");
  for (const Cell* cell : cells) (cell->bag != 0 ? pooled : gathered).push_back(cell);
  std::printf("torch: f32 table of 1 GiB; libtorch / rowan\n");
  print_cells(cells, "libtorch");
  const Summary bags = summarize(pooled, "libtorch");
  const Summary rows = summarize(gathered, "libtorch");
  conclude(session.record, {"torch", what, "EmbeddingBag: " + bags.text() + "; Embedding: " + rows.text(),
                            verdict(bags.geometric_mean >= 1.5 && rows.geometric_mean >= 2.5)});
}

}  // namespace rowan::perf
