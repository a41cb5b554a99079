#include "rowan/engine.hpp"

#include <algorithm>
#include <memory>
#include <new>
#include <tuple>
#include <vector>

#include "engine/lookup/few.hpp"
#include "engine/lookup/gathering.hpp"
#include "engine/lookup/parts.hpp"
#include "engine/lookup/state.hpp"
#include "simd/dispatch.hpp"

namespace rowan {

using namespace detail;

namespace {

/// Whether a step, which may run out of memory, was done.
template <class Step>
bool without_throwing(const Step& step) noexcept {
  try {
    step();
    return true;
  } catch (...) {
    return false;
  }
}

/// An ok Status that says how many bad indices were skipped or replaced.
Status done(std::uint64_t bad) noexcept { return {.value = static_cast<std::int64_t>(bad)}; }

}  // namespace

Status Engine::State::embedding(const TableView& table, const IndexSpan& indices, const OutputView& out,
                                const EmbeddingOptions& options) const noexcept {
  CheckedIndices checked;
  CheckedOutput checked_out;
  if (const Status status = plan_embedding(table, indices, out, options, checked, checked_out); !status) return status;
  const std::size_t count = indices.size();
  const bool split = splits([&] { return policy.estimated_ns(table, count, count); });
  const bool good = split && good_on_threads(1, count, [&](std::size_t) { return std::tie(table, indices); });
  if (const Status status = scan_indices(table, &kernels, good, checked); !status) return status;

  const std::uint64_t out_bytes = count * table.dim() * checked_out.element_bytes();
  const bool streaming = policy.streaming(options.stores, out_bytes);
  const GatherJob job{kernels, policy, table, checked, checked_out, streaming};
  if (split) {
    const std::uint64_t bytes = bytes_to_move(table, count, count);
    const std::uint64_t wanted = bytes / MemoryPolicy::part_bytes(bytes, parallel.concurrency()) + 1;
    const std::size_t parts = std::min<std::uint64_t>(wanted, count);
    const auto begin = [&](std::size_t part) { return count / parts * part + std::min(part, count % parts); };
    const auto run_part = [&](std::size_t part) noexcept { return gather_rows(job, begin(part), begin(part + 1)); };
    std::uint64_t bad = 0;
    if (on_threads(parts, bad, run_part)) return done(bad);
  }
  return done(gather_rows(job, 0, count));
}

Status Engine::State::embedding_bag(const TableView& table, const Bags& bags, const OutputView& out,
                                    const BagOptions& options) const noexcept {
  CheckedBags checked;
  CheckedOutput checked_out;
  if (const Status status = plan_bags(table, bags, out, options, 1, checked, checked_out); !status) return status;
  const IndexSpan& indices = bags.indices();
  const bool split = splits([&] { return policy.estimated_ns(table, indices.size(), checked.bags); });
  const bool good = split && good_on_threads(1, indices.size(), [&](std::size_t) { return std::tie(table, indices); });
  if (const Status status = scan_bags(table, &kernels, good, checked); !status) return status;

  const PoolJob job{kernels, policy, table, checked, checked_out};
  if (split) {
    const std::uint64_t bytes = bytes_to_move(table, checked.last_end, checked.bags);
    const std::uint64_t part_bytes = MemoryPolicy::part_bytes(bytes, parallel.concurrency());
    std::vector<BagPart> parts;
    const auto run_part = [&](std::size_t i) noexcept {
      return pool_bags(job, parts[i].first, parts[i].last, parts[i].position);
    };
    std::uint64_t bad = 0;
    if (without_throwing([&] { append_parts(table, checked, 0, part_bytes, parts); }) &&
        on_threads(parts.size(), bad, run_part)) {
      return done(bad);
    }
  }
  return done(pool_bags(job, 0, checked.bags, 0));
}

Status Engine::State::run(std::span<const Request> requests) const noexcept {
  std::uint64_t reads = 0;
  std::uint64_t bytes = 0;
  const bool split = splits([&] {  // by what the calls seem to ask for: nothing has been checked yet
    std::uint64_t ns = 0;
    for (const Request& request : requests) {
      const std::size_t count = request.bags.indices().size();
      const std::uint64_t rows = bag_count(request.bags, request.options) * request.repeat;
      ns += policy.estimated_ns(request.table, count, rows);
      bytes += bytes_to_move(request.table, count, rows);
      reads += count;
    }
    return ns;
  });
  const auto call = [&](std::size_t i) { return std::tie(requests[i].table, requests[i].bags.indices()); };
  const bool good = split && good_on_threads(requests.size(), reads, call);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    Planned planned;
    Status status = plan(requests[i], planned);
    if (status.ok()) status = scan_bags(requests[i].table, &kernels, good, planned.bags);
    status.table = static_cast<std::uint32_t>(i);
    if (!status) return status;
  }
  if (const Status status = check_disjoint(requests); !status) return status;

  if (split) {
    const std::uint64_t part_bytes = MemoryPolicy::part_bytes(bytes, parallel.concurrency());
    std::vector<BagPart> parts;
    const auto append_all = [&] {
      for (std::size_t i = 0; i < requests.size(); ++i) {
        append_parts(requests[i].table, replan(requests[i], good).bags, i, part_bytes, parts);
      }
    };
    const auto run_part = [&](std::size_t i) noexcept {
      const BagPart& part = parts[i];
      const Request& request = requests[part.request];
      Planned planned;
      static_cast<void>(plan(request, planned));
      planned.bags.indices.bad_index = part.bad_index;
      const PoolJob job{kernels, policy, request.table, planned.bags, planned.out};
      return pool_bags(job, part.first, part.last, part.position);
    };
    std::uint64_t bad = 0;
    if (without_throwing(append_all) && on_threads(parts.size(), bad, run_part)) return done(bad);
  }

  std::uint64_t bad = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (i + 1 < requests.size()) fetch_first_rows(requests[i + 1]);
    const Request& request = requests[i];
    const Planned planned = replan(request, good);
    const PoolJob job{kernels, policy, request.table, planned.bags, planned.out};
    bad += pool_bags(job, 0, planned.bags.bags, 0);
  }
  return done(bad);
}

Engine::Engine(const EngineOptions& options) noexcept {
  const simd::Selection selection = simd::select_kernels_from_environment();
  if (selection.choice != simd::Choice::ok) {
    status_.code = selection.choice == simd::Choice::unknown_name ? Code::isa_unknown : Code::isa_unsupported;
    return;
  }
  state_.reset(new (std::nothrow)
                   State(*selection.kernels, choose_tuning(options.tuning, selection.kernels->name), options.threads));
  status_ = state_ ? state_->parallel.status() : Status{.code = Code::out_of_memory};
}

Engine::Engine(Engine&& other) noexcept : state_(std::move(other.state_)), status_(other.status_) {
  other.status_.code = Code::engine_moved;
}

Engine& Engine::operator=(Engine&& other) noexcept {
  if (this == &other) return *this;
  state_ = std::move(other.state_);
  status_ = other.status_;
  other.status_.code = Code::engine_moved;
  return *this;
}

Engine::~Engine() = default;

std::string_view Engine::isa() const noexcept { return status_.ok() ? state_->kernels.name : "none"; }

Tuning Engine::tuning() const noexcept { return status_.ok() ? state_->policy.tuning() : Tuning::built_in(); }

std::string_view Engine::tuning_error() const noexcept {
  return status_.ok() ? std::string_view(state_->tuning_error) : std::string_view();
}

int Engine::concurrency() const noexcept { return status_.ok() ? state_->parallel.concurrency() : 0; }

Status Engine::embedding(const TableView& table, const IndexSpan& indices, const OutputView& out,
                         const EmbeddingOptions& options) const noexcept {
  if (!status_.ok()) return status_;
  if (gather_few(state_->kernels, table, indices, out, options)) return {};
  return state_->embedding(table, indices, out, options);
}

Status Engine::embedding_bag(const TableView& table, const Bags& bags, const OutputView& out,
                             const BagOptions& options) const noexcept {
  if (!status_.ok()) return status_;
  if (pool_few(state_->kernels, state_->policy, table, bags, out, options)) return {};
  return state_->embedding_bag(table, bags, out, options);
}

Status Engine::run(std::span<const Request> requests) const noexcept {
  return status_.ok() ? state_->run(requests) : status_;
}

}  // namespace rowan
