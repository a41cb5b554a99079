// Rowan against its peers: the same lookups over the same rows and pages in one process, the two in turn, medians
// and ratios. Answers are compared before anything is timed.
//
//   compare [--quick]

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "perf/peers.hpp"
#include "perf/workload.hpp"
#include "rowan/engine.hpp"
#include "rowan/table.hpp"

namespace {

using namespace rowan;
using namespace rowan::perf;

struct Cell {
  std::uint64_t dim;
  std::uint64_t table_bytes;
  Distribution distribution;
  int threads;
  bool pooled;
};

struct Measured {
  double ours = 0;    ///< ns per row read
  double theirs = 0;  ///< likewise
  double ratio() const { return theirs / ours; }
};

constexpr std::size_t bag_length = 50;

[[noreturn]] void fail(const std::string& sentence) {
  std::fprintf(stderr, "compare: %s\n", sentence.c_str());
  std::exit(1);
}

void require(const Status& status, const TableView& table) {
  if (!status) fail(status.message(table));
}

/// Both sides must have done the same work: equal up to the rounding of a sum of bag_length values.
void require_equal(std::span<const float> ours, std::span<const float> theirs) {
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (!(std::abs(ours[i] - theirs[i]) <= 1e-4F * (1.0F + std::abs(theirs[i])))) {
      fail("the answers differ at float " + std::to_string(i));
    }
  }
}

/// One side's turn. Its first 25 ms are not counted: OpenMP's threads spin for some milliseconds after their work, on
/// the processors that the other side needs, and its own have yet to wake.
template <class Call>
double turn(const Call& call) {
  static_cast<void>(measure(0.025, 1, call));
  return measure(0, 3, call).median;
}

Measured measure_cell(const Cell& cell, const Table& table, Peer& peer, double budget) {
  const std::size_t rows_per_call = std::max<std::size_t>(cell.threads, 1) * (std::size_t{16} << 20) / (4 * cell.dim);
  const std::size_t bags = cell.pooled ? rows_per_call / bag_length : 0;
  const std::size_t reads = cell.pooled ? bags * bag_length : rows_per_call / 4;
  const IndexSets sets(table.rows(), reads, 9, cell.distribution, 1);
  const std::vector<std::int64_t> offsets = even_offsets(bags, bag_length);
  const Engine engine({.threads = cell.threads > 1 ? Threads::own(cell.threads) : Threads::caller()});
  peer.set_threads(cell.threads);
  std::vector<float> out((cell.pooled ? bags : reads) * cell.dim);

  std::size_t next = 0;
  const auto call_ours = [&] {
    const auto indices = sets[next++ % sets.size()];
    require(cell.pooled
                ? engine.embedding_bag(table, Bags<std::int64_t>{indices, offsets}, out, {.pooling = Pooling::sum})
                : engine.embedding(table, indices, out),
            table);
  };
  const auto call_theirs = [&](std::span<float> result) {
    const auto indices = sets[next++ % sets.size()];
    if (cell.pooled) return peer.embedding_bag(indices, offsets, result);
    peer.embedding(indices, result);
  };

  std::vector<float> expected(out.size());
  call_theirs(expected);
  next = 0;
  call_ours();
  require_equal(out, expected);

  std::vector<double> ours;
  std::vector<double> theirs;
  for (double spent = 0; ours.size() < 9 || spent < budget;) {
    ours.push_back(turn(call_ours));
    theirs.push_back(turn([&] { call_theirs({}); }));
    spent += 4 * (ours.back() + theirs.back());
  }
  const double per_row = 1e9 / static_cast<double>(reads);
  return {summarize(ours).median * per_row, summarize(theirs).median * per_row};
}

std::string describe(const Cell& cell) {
  char text[120];
  std::snprintf(text, sizeof text, "%-13s f32 x %-4llu %5llu MiB  %-9s %d thread%s",
                cell.pooled ? "embedding_bag" : "embedding", static_cast<unsigned long long>(cell.dim),
                static_cast<unsigned long long>(cell.table_bytes >> 20), to_string(cell.distribution).c_str(),
                cell.threads, cell.threads == 1 ? "" : "s");
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  bool quick = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") != 0) fail("the only option is --quick");
    quick = true;
  }
  const double budget = quick ? 0.2 : 2.0;
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  std::vector<int> thread_counts = {1};
  if (cores > 1) thread_counts.push_back(cores);

  std::string peer_name = "libtorch";
  double log_sum = 0;
  double worst = 1e300;
  int cells = 0;
  std::printf("%-58s %9s %9s %7s\n", "ns per row", "rowan", "libtorch", "ratio");
  for (const std::uint64_t table_bytes : {std::uint64_t{512} << 10, std::uint64_t{1} << 30}) {
    for (const std::uint64_t dim :
         quick ? std::vector<std::uint64_t>{64, 128} : std::vector<std::uint64_t>{16, 32, 64, 128, 256}) {
      const Result<Table> table = Table::create(
          {.rows = table_bytes / (4 * dim), .dim = dim, .init = Init::uniform(-1.0F, 1.0F, 7)}, Threads::own());
      if (!table) fail(table.error().message);
      const std::span<const float> weights(reinterpret_cast<const float*>(table->view().data()), table->rows() * dim);
      const std::unique_ptr<Peer> peer = make_torch(weights, dim);
      if (!peer)
        fail(
            "libtorch is absent from this build; configure with -DROWAN_PERF_TORCH=ON (Debian's package libtorch-dev)");
      peer_name = peer->name();
      for (const int threads : thread_counts) {
        for (const Distribution distribution : {Distribution{}, Distribution{1.05}}) {
          for (const bool pooled : {true, false}) {
            const Cell cell{dim, table_bytes, distribution, threads, pooled};
            const Measured m = measure_cell(cell, *table, *peer, budget);
            std::printf("%-58s %9.2f %9.2f %6.2fx\n", describe(cell).c_str(), m.ours, m.theirs, m.ratio());
            std::fflush(stdout);
            log_sum += std::log(m.ratio());
            worst = std::min(worst, m.ratio());
            ++cells;
          }
        }
      }
    }
  }
  std::printf("\n%s, %s tier: geometric mean %.2fx, worst cell %.2fx, %d cells\n", peer_name.c_str(),
              std::string(Engine().isa()).c_str(), std::exp(log_sum / cells), worst, cells);
}
