// P4: what one small call costs through the public interface, checks included, beside a loop written by hand
// for the same rows and beside the peers.
#include <algorithm>
#include <cstring>

#include "perf/goals/goals.hpp"

namespace rowan::perf {
namespace {

constexpr std::uint64_t rows = 500;
constexpr std::uint64_t dim = 64;
constexpr std::size_t bag = 10;
constexpr std::size_t calls_per_set = 2'000;

/// What a program would do that has no library: the dim is known to the compiler, the sums stay in registers, nothing
/// is checked. The best that the compiler makes of it on this processor.
__attribute__((target_clones("default", "avx2", "avx512f"))) void sum_rows(const float* table,
                                                                           const std::int64_t* indices,
                                                                           std::size_t count, float* out) {
  using Floats = float __attribute__((vector_size(32), aligned(4), may_alias));
  Floats sums[dim / 8] = {};
  for (std::size_t i = 0; i < count; ++i) {
    const auto* const row = reinterpret_cast<const Floats*>(table + static_cast<std::uint64_t>(indices[i]) * dim);
#pragma GCC unroll 8
    for (std::size_t c = 0; c < dim / 8; ++c) sums[c] += row[c];
  }
  std::memcpy(out, sums, sizeof sums);
}

__attribute__((target_clones("default", "avx2", "avx512f"))) void copy_row(const float* table, std::int64_t index,
                                                                           float* out) {
  std::memcpy(out, table + static_cast<std::uint64_t>(index) * dim, dim * sizeof(float));
}

/// Tells the compiler that the memory is read: the stores before are made.
void publish(const float* out) { asm volatile("" : : "r"(out) : "memory"); }

/// Adds the cell of one kind of call: `length` rows pooled, or one row where that is 0.
const Cell& measure(Session& session, const TableView& table, std::size_t length) {
  const std::size_t reads = std::max<std::size_t>(length, 1);
  const IndexSets sets(rows, calls_per_set * reads, 8, {}, session.seed());
  const auto* const values = reinterpret_cast<const float*>(table.data());
  const std::int64_t offsets[] = {0, static_cast<std::int64_t>(length)};
  const Engine& engine = session.engine(1);
  std::vector<float> out(dim);
  std::vector<float> their_out(dim);

  Cell cell;
  cell.goal = "P4";
  cell.operation = length != 0 ? "embedding_bag" : "embedding";
  cell.dtype = "f32";
  cell.dim = dim;
  cell.rows = rows;
  cell.row_bytes = table.row_bytes();
  cell.place = "L2";
  cell.distribution = "uniform";
  cell.bag = length;
  cell.pages = session.pages();
  cell.unit = "ns/call";

  /// All calls of one index set.
  const auto all = [&](std::size_t number, const auto& one) {
    const std::span<const std::int64_t> set = sets[number % sets.size()];
    for (std::size_t call = 0; call < calls_per_set; ++call) one(set.subspan(call * reads, reads));
  };
  const auto ours = [&](std::span<const std::int64_t> indices) {
    const BagOptions options{.pooling = Pooling::sum, .include_last_offset = true};
    require(length != 0 ? engine.embedding_bag(table, {indices, offsets}, out, options)
                        : engine.embedding(table, indices, out));
  };
  const auto bare = [&](std::span<const std::int64_t> indices) {
    if (length != 0) sum_rows(values, indices.data(), length, their_out.data());
    if (length == 0) copy_row(values, indices[0], their_out.data());
    publish(their_out.data());
  };
  std::vector<Side> sides = {{"rowan", [&](std::size_t number) { all(number, ours); }},
                             {"bare loop", [&](std::size_t number) { all(number, bare); }}};
  ours(sets[0].first(reads));
  bare(sets[0].first(reads));
  require_equal(out, their_out, cell, "bare loop");

  std::vector<std::unique_ptr<PeerTable>> tables;
  for (Peer* const peer : {session.torch.get(), session.fbgemm.get()}) {
    if (peer == nullptr || (length == 0 && !peer->gathers(DType::f32))) continue;
    PeerTable* const theirs = tables.emplace_back(peer->over(table, 1)).get();
    const auto one = [&, theirs](std::span<const std::int64_t> indices) {
      if (length != 0) return theirs->embedding_bag(indices, offsets, their_out);
      theirs->embedding(indices);
    };
    one(sets[0].first(reads));
    require_equal(out, theirs->answer(dim), cell, peer->who());
    sides.push_back({peer->who(), [&all, one](std::size_t number) { all(number, one); }});
  }
  cell.series = take_turns(sides, session.turns(1), static_cast<double>(calls_per_set));
  session.record.cells.push_back(std::move(cell));
  return session.record.cells.back();
}

}  // namespace

void small_calls(Session& session) {
  const TableView table = random_table(session.memory(rows * dim * sizeof(float)), dim, DType::f32, session.seed(), 1);
  const Cell lookup = measure(session, table, 0);
  const Cell pooled = measure(session, table, bag);
  std::printf("P4: one call, f32 table of %llu x %llu\n", static_cast<unsigned long long>(rows),
              static_cast<unsigned long long>(dim));
  print_cells(cells_of(session.record, "P4"), "libtorch");

  const double lookup_over = extra(lookup);
  const double pooled_over = extra(pooled);
  conclude(session.record,
           {"P4", "over the bare loop: one lookup <= 15 ns, one bag of 10 rows <= 20 ns",
            formatted("%.1f and %.1f ns", lookup_over, pooled_over), verdict(lookup_over <= 15 && pooled_over <= 20)});
  const double lookup_ratio = ratio_to(lookup, "libtorch").value_or(0);
  const double pooled_ratio = ratio_to(pooled, "libtorch").value_or(0);
  conclude(session.record,
           {"P4 torch", "against libtorch's C++ interface: one lookup >= 50x, one bag of 10 rows >= 40x",
            session.torch ? formatted("%.0fx and %.0fx", lookup_ratio, pooled_ratio) : std::string(torch_absent),
            verdict(lookup_ratio >= 50 && pooled_ratio >= 40, session.torch != nullptr)});
}

}  // namespace rowan::perf
