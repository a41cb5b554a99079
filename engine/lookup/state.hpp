// What an Engine is made of.
#pragma once

#include <string>
#include <utility>

#include "engine/lookup/checks.hpp"
#include "engine/lookup/chosen_tuning.hpp"
#include "engine/lookup/compute_context.hpp"
#include "engine/lookup/gathering.hpp"
#include "engine/lookup/pooling.hpp"
#include "rowan/engine.hpp"

namespace rowan {

struct Engine::State : detail::ComputeContext {
  State(const simd::KernelTable& table, detail::ChosenTuning tuning, Threads threads) noexcept
      : ComputeContext(table, tuning.values, threads), tuning_error(std::move(tuning.error)) {}

  std::string tuning_error;

  /// What gather_few() and pool_few() leave over.
  Status embedding(const TableView& table, const IndexSpan& indices, const OutputView& out,
                   const EmbeddingOptions& options) const noexcept;
  Status embedding_bag(const TableView& table, const Bags& bags, const OutputView& out,
                       const BagOptions& options) const noexcept;
  Status run(std::span<const Request> requests) const noexcept;

  struct Planned {
    detail::CheckedBags bags;
    detail::CheckedOutput out;
  };
  static Status plan(const Request& r, Planned& planned) noexcept {
    return detail::plan_bags(r.table, r.bags, r.out, r.options, r.repeat, planned.bags, planned.out);
  }
  /// Prefetches what a request reads first, while the one before it is pooled: its own prefetches come too late for
  /// that.
  void fetch_first_rows(const Request& request) const noexcept {
    const std::size_t rows = policy.prefetch(request.table, request.bags.indices().size()).farthest();
    if (rows != 0) detail::prefetch_rows(request.table, request.bags.indices(), rows);
  }
  /// The plan of a request that has passed: making it again costs less than keeping it for any number of requests.
  Planned replan(const Request& request, bool known_good) const noexcept {
    Planned planned;
    static_cast<void>(plan(request, planned));
    if (request.options.bad_index != BadIndex::reject) {
      static_cast<void>(detail::scan_bags(request.table, &kernels, known_good, planned.bags));
    }
    return planned;
  }
};

}  // namespace rowan
