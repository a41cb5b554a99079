// P13: the latency of whole requests, on one thread and with one caller per core.
#include <algorithm>
#include <barrier>
#include <chrono>
#include <optional>
#include <thread>

#include "perf/ceiling.hpp"
#include "perf/goals/goals.hpp"
#include "perf/request_model.hpp"

namespace rowan::perf {
namespace {

using Clock = std::chrono::steady_clock;

/// One way of answering requests, for one caller: its matrix and whatever it prepared.
class Server {
 public:
  virtual ~Server() = default;
  virtual std::string who() const = 0;
  virtual void answer(std::size_t request) = 0;
  std::span<const float> matrix() const noexcept { return matrix_; }

 protected:
  explicit Server(const RequestModel& model) : matrix_(model.size().candidates * model.width()) {}
  std::vector<float> matrix_;
};

/// Which features a comparison is over: libtorch has no i8 lookup that takes these tables as they are.
using Features = std::vector<std::size_t>;

class RowanServer final : public Server {
 public:
  RowanServer(const RequestModel& model, const Features& features) : Server(model), requests_(model.requests()) {
    for (std::size_t request = 0; request < requests_.size(); ++request) {
      for (const std::size_t f : features) {
        const Feature& feature = model.features()[f];
        const Lookup& lookup = model.lookup(request, f);
        requests_[request].push_back({.table = feature.table,
                                      .bags = Bags(lookup.indices, lookup.offsets),
                                      .out = OutputView(std::span(matrix_).subspan(feature.column), model.width()),
                                      .options = {.pooling = Pooling::sum, .include_last_offset = true},
                                      .repeat = model.repeat(feature)});
      }
    }
  }
  std::string who() const override { return "rowan"; }
  void answer(std::size_t request) override { require(engine_.run(requests_[request])); }

 private:
  Engine engine_;
  std::vector<std::vector<Request>> requests_;
};

class PeerServer final : public Server {
 public:
  PeerServer(const RequestModel& model, const Features& features, Peer& peer)
      : Server(model), model_(model), features_(features), who_(peer.who()) {
    for (const std::size_t f : features) tables_.push_back(peer.over(model.features()[f].table, 1, model.width()));
  }
  std::string who() const override { return who_; }
  void answer(std::size_t request) override {
    for (std::size_t i = 0; i < features_.size(); ++i) {
      const Feature& feature = model_.features()[features_[i]];
      const Lookup& lookup = model_.lookup(request, features_[i]);
      tables_[i]->fill(lookup.indices, lookup.offsets, matrix_.data() + feature.column, model_.repeat(feature));
    }
  }

 private:
  const RequestModel& model_;
  const Features& features_;
  std::string who_;
  std::vector<std::unique_ptr<PeerTable>> tables_;
};

/// What no library gets below: each row that is asked for is touched once, and every output written once. Nothing is
/// checked, decoded or summed.
class MemoryServer final : public Server {
 public:
  MemoryServer(const RequestModel& model, const Features& features)
      : Server(model), model_(model), features_(features), written_(model.size().candidates * model.width()) {}
  std::string who() const override { return "memory"; }
  void answer(std::size_t request) override {
    constexpr std::uint64_t cached = 512 << 10;  // bytes: prefetching what a core holds only costs
    for (const std::size_t f : features_) {
      const Feature& feature = model_.features()[f];
      const TableView& table = feature.table;
      const bool near = table.rows() * table.row_stride() <= cached;
      const std::uint64_t sum = touch_rows({table.data(), table.row_bytes(), table.row_stride()},
                                           model_.lookup(request, f).indices, {near ? std::size_t{0} : 32, 0});
      for (std::size_t candidate = 0; candidate < model_.size().candidates; ++candidate) {
        float* const out = written_.data() + candidate * model_.width() + feature.column;
        std::fill_n(out, table.dim(), static_cast<float>(sum));
      }
    }
  }

 private:
  const RequestModel& model_;
  const Features& features_;
  std::vector<float> written_;
};

/// Every caller's servers, in the same order of sides.
using Callers = std::vector<std::vector<std::unique_ptr<Server>>>;

/// Latencies in µs of all callers together, for each side. Sides take turns of a few requests; in a turn every caller
/// works for the same side.
std::vector<std::vector<double>> latencies(const RequestModel& model, Callers& callers, double seconds,
                                           std::size_t least) {
  constexpr std::size_t per_turn = 4;
  const std::size_t sides = callers.front().size();
  std::vector<std::vector<std::vector<double>>> seen(callers.size(), std::vector<std::vector<double>>(sides));
  std::barrier everyone(static_cast<std::ptrdiff_t>(callers.size()));
  std::atomic<bool> done{false};
  const auto start = Clock::now();
  const auto work = [&](std::size_t caller) {
    std::size_t next = caller * model.requests() / callers.size();
    const auto answer = [&](std::size_t side) { callers[caller][side]->answer(next++ % model.requests()); };
    while (!done) {
      for (std::size_t side = 0; side < sides; ++side) {
        everyone.arrive_and_wait();
        answer(side);  // not counted: the others' last requests may still be running
        for (std::size_t i = 0; i < per_turn; ++i) {
          const auto begin = Clock::now();
          answer(side);
          seen[caller][side].push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
        }
      }
      everyone.arrive_and_wait();
      const double spent = std::chrono::duration<double>(Clock::now() - start).count();
      if (caller == 0 && (spent > 4 * seconds || (spent > seconds && seen[0][0].size() * callers.size() >= least))) {
        done = true;
      }
      everyone.arrive_and_wait();
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t caller = 1; caller < callers.size(); ++caller) threads.emplace_back(work, caller);
  work(0);
  for (std::thread& thread : threads) thread.join();

  std::vector<std::vector<double>> merged(sides);
  for (const auto& of_caller : seen) {
    for (std::size_t side = 0; side < sides; ++side) {
      merged[side].insert(merged[side].end(), of_caller[side].begin(), of_caller[side].end());
    }
  }
  return merged;
}

/// The columns of these features, of both matrices.
void require_same(const RequestModel& model, const Features& features, const Server& ours, const Server& theirs) {
  for (std::size_t candidate = 0; candidate < model.size().candidates; ++candidate) {
    for (const std::size_t f : features) {
      const Feature& feature = model.features()[f];
      Cell cell;
      cell.operation = "request";
      cell.dtype = std::string(to_string(feature.table.dtype()));
      cell.dim = feature.table.dim();
      const std::size_t at = candidate * model.width() + feature.column;
      require_equal(ours.matrix().subspan(at, cell.dim), theirs.matrix().subspan(at, cell.dim), cell, theirs.who());
    }
  }
}

/// Of two sides' latencies, the quotients.
struct Quotients {
  double p50 = 0;
  double p99 = 0;
};
Quotients operator/(const Percentiles& a, const Percentiles& b) { return {a.p50 / b.p50, a.p99 / b.p99}; }

struct Outcome {
  Quotients over_memory;                ///< Rowan's by the floor's
  std::optional<Quotients> over_rowan;  ///< the peer's by Rowan's
};

/// Measures Rowan against a peer, where there is one, and the floor of memory, over these features.
Outcome measure(Session& session, const RequestModel& model, const Features& features, const std::string& which,
                Peer* peer, std::size_t caller_count) {
  Callers callers(caller_count);
  for (auto& servers : callers) {
    servers.push_back(std::make_unique<RowanServer>(model, features));
    if (peer != nullptr) servers.push_back(std::make_unique<PeerServer>(model, features, *peer));
    for (const auto& server : servers) {
      server->answer(0);
      require_same(model, features, *servers.front(), *server);
    }
    servers.push_back(std::make_unique<MemoryServer>(model, features));
  }
  const std::vector<std::vector<double>> seen =
      latencies(model, callers, session.quick() ? 1.5 : 10, session.quick() ? 100 : 2000);
  std::vector<Percentiles> rows;
  for (std::size_t side = 0; side < seen.size(); ++side) {
    rows.push_back(
        {"whole request, " + which + ", " + std::to_string(caller_count) + " caller" + (caller_count == 1 ? "" : "s"),
         callers.front()[side]->who(), quantile(seen[side], 0.5), quantile(seen[side], 0.99),
         quantile(seen[side], 0.999), seen[side].size()});
    const Percentiles& row = rows.back();
    const Quotients times = row / rows.front();
    std::printf("  %-46s %-8s  p50 %8.0f  p99 %8.0f  p99.9 %8.0f us, %llu calls, p50 %.2fx, p99 %.2fx\n",
                row.what.c_str(), row.who.c_str(), row.p50, row.p99, row.p999,
                static_cast<unsigned long long>(row.calls), times.p50, times.p99);
    session.record.percentiles.push_back(row);
  }
  std::fflush(stdout);
  Outcome outcome{.over_memory = rows.front() / rows.back(), .over_rowan = {}};
  if (peer != nullptr) outcome.over_rowan = rows[1] / rows.front();
  return outcome;
}

/// 16 GB, or most of what the machine can spare.
std::uint64_t bytes_to_use() { return std::min<std::uint64_t>(16'000'000'000, available_memory() / 10 * 7); }

}  // namespace

void whole_requests(Session& session) {
  session.release_memory();
  ModelSize size{.bytes = bytes_to_use()};
  if (session.quick()) size = {.tables = 60, .bytes = 1'000'000'000, .most_rows = 1'000'000, .requests = 12};
  const RequestModel model(size, session.seed(), session.thread_counts().back());
  std::printf("P13: %zu tables of f32 and i8, %.1f GB on pages of %s, %zu candidates, %.0f rows read per request\n",
              size.tables, static_cast<double>(model.table_bytes()) / 1e9, model.pages().c_str(), size.candidates,
              static_cast<double>(model.reads()) / static_cast<double>(model.requests()));

  Features all;
  Features plain;
  for (std::size_t i = 0; i < model.features().size(); ++i) {
    all.push_back(i);
    if (model.features()[i].table.dtype() == DType::f32) plain.push_back(i);
  }
  std::vector<std::size_t> caller_counts = {1};
  const auto cores = static_cast<std::size_t>(std::max(1, session.record.machine.cores));
  if (cores > 1) caller_counts.push_back(cores);

  bool at_floor = true;
  bool ahead = true;
  std::string seen;
  for (const std::size_t callers : caller_counts) {
    const Outcome outcome = measure(session, model, all, "f32 and i8 tables", session.fbgemm.get(), callers);
    at_floor = at_floor && outcome.over_memory.p99 <= 1.1;
    seen += formatted("%s%zu caller%s: p99 %.2fx the floor (median %.2fx)", seen.empty() ? "" : "; ", callers,
                      callers == 1 ? "" : "s", outcome.over_memory.p99, outcome.over_memory.p50);
    if (outcome.over_rowan) {
      ahead = ahead && outcome.over_rowan->p99 >= 1.05;
      seen += formatted(", %.2fx FBGEMM (median %.2fx)", outcome.over_rowan->p99, outcome.over_rowan->p50);
    }
    if (session.torch) measure(session, model, plain, "f32 tables only", session.torch.get(), callers);
  }
  if (!session.fbgemm) seen += "; " + std::string(fbgemm_absent);
  conclude(session.record,
           {"P13",
            "p99 of a whole request, one caller and one per core: <= 1.1x the floor of memory, >= 1.05x FBGEMM called "
            "per table",
            seen, verdict(at_floor && ahead, session.fbgemm != nullptr || !at_floor)});
}

}  // namespace rowan::perf
