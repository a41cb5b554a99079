#include "perf/prefetch_trial.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace rowan::perf {

std::vector<rowan::Ahead> distances(Tuning::Work work) {
  std::vector<rowan::Ahead> all = {{0, 4}, {0, 8},  {0, 12}, {0, 16}, {0, 24}, {0, 32}, {0, 0},
                                   {8, 0}, {12, 0}, {16, 0}, {24, 0}, {32, 0}, {48, 0}, {64, 0}};
  if (work == Tuning::Work::pooled || work == Tuning::Work::pooled_half) return all;
  for (const rowan::Ahead& two : {rowan::Ahead{16, 4}, rowan::Ahead{16, 8}, rowan::Ahead{24, 4}, rowan::Ahead{24, 8},
                                  rowan::Ahead{32, 4}, rowan::Ahead{32, 8}, rowan::Ahead{32, 12}, rowan::Ahead{48, 8},
                                  rowan::Ahead{48, 12}, rowan::Ahead{64, 8}, rowan::Ahead{64, 12}}) {
    all.push_back(two);
  }
  return all;
}

std::string to_string(const rowan::Ahead& ahead) {
  if (ahead == rowan::Ahead{}) return "none";
  std::string text = ahead.l2 != 0 ? std::to_string(ahead.l2) + " into L2" : "";
  if (ahead.l1 != 0) text += (text.empty() ? "" : ", ") + std::to_string(ahead.l1) + " into L1";
  return text;
}

Tuning always(const rowan::Ahead& ahead) {
  Tuning tuning = Tuning::built_in();
  tuning.set_all(ahead);
  return tuning;
}

Tuning::Work work_of(DType dtype, bool pooled) {
  const std::uint64_t bits = element_bits(dtype);
  if (!pooled) return bits >= 16 ? Tuning::Work::unpooled : Tuning::Work::unpooled_narrow;
  return bits == 32 ? Tuning::Work::pooled : bits == 16 ? Tuning::Work::pooled_half : Tuning::Work::pooled_narrow;
}

std::vector<Series> run_trial(const PrefetchTrial& trial, std::span<const Engine* const> engines, const Caches& caches,
                              const Turns& turns, std::uint64_t seed) {
  const TableView& table = trial.table;
  const bool pooled = trial.bag != 0;
  const std::size_t unit = std::max<std::size_t>(trial.bag, 1);
  std::size_t reads = trial.reads;
  if (reads == 0) reads = std::clamp<std::size_t>((std::size_t{4} << 20) / table.row_bytes(), 2'000, 40'000);
  reads = std::max(reads / unit * unit, unit);
  const std::size_t outputs = reads / unit;
  // So many that their rows are the whole table, or more than the caches hold; and an odd number: with one that divides
  // the calls of a round of turns each engine would get the same sets in every round.
  const bool cached = table.rows() * table.row_stride() <= caches.largest();
  const std::size_t calls = cached ? 2 * table.rows() / reads : calls_past_caches(caches, table.row_bytes(), reads);
  const IndexSets sets(table.rows(), reads, std::max<std::size_t>(8, calls) | 1, trial.distribution, seed);
  const std::vector<std::int64_t> offsets = even_offsets(outputs + 1, unit);
  std::vector<float> out(outputs * table.dim());

  std::vector<Side> sides;
  for (std::size_t i = 0; i < engines.size(); ++i) {
    sides.push_back({std::to_string(i), [&, engine = engines[i]](std::size_t number) {
                       const std::span<const std::int64_t> indices = sets[number % sets.size()];
                       const BagOptions options{.pooling = Pooling::sum, .include_last_offset = true};
                       const Status status = pooled ? engine->embedding_bag(table, {indices, offsets}, out, options)
                                                    : engine->embedding(table, indices, out);
                       if (!status) throw std::runtime_error(status.message());
                     }});
  }
  sides.front().call(0);
  return take_turns(sides, turns, static_cast<double>(reads));
}

double half_median(const Series& series, std::size_t first) {
  std::vector<double> half;
  for (std::size_t i = first; i < series.samples.size(); i += 2) half.push_back(series.samples[i]);
  return quantile(std::move(half), 0.5);
}

}  // namespace rowan::perf
