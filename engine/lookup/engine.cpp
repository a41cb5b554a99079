#include "rowan/engine.hpp"

#include <algorithm>
#include <new>

#include "engine/lookup/checks.hpp"
#include "engine/lookup/kernel_choice.hpp"
#include "engine/lookup/memory_policy.hpp"
#include "engine/lookup/pooling.hpp"
#include "engine/parallel.hpp"
#include "simd/dispatch.hpp"

namespace rowan {
namespace {

using namespace detail;

/// First bag of a tile. Tiles are equal in bytes to move, not in bags.
template <IndexType Index>
std::size_t tile_begin(const TableView& table, const CheckedBags<Index>& bags, std::size_t tile, std::size_t tiles) {
  if (tile == tiles) return bags.bags;
  const auto moved = [&](std::size_t bag) { return bytes_to_move(table, bags.begin(bag), bag); };
  const std::uint64_t total = moved(bags.bags);
  const std::uint64_t target = total / tiles * tile + total % tiles * tile / tiles;
  std::size_t low = 0;
  std::size_t high = bags.bags;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (moved(middle) < target) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

struct Engine::State {
  State(const simd::KernelTable& table, Threads threads) noexcept : kernels(table), parallel(threads) {}

  /// Runs body(tile) for all tiles: on this thread, or on the engine's where the call is worth it.
  template <class Body>
  Status for_tiles(const TableView& table, std::size_t reads, std::size_t writes, std::size_t tiles,
                   const Body& body) const noexcept {
    if (policy.worth_threads(table, reads, writes) && parallel.for_each(tiles, body).ok()) return {};
    // Where the threads failed, too: a tile that has run can run again.
    for (std::size_t tile = 0; tile < tiles; ++tile) body(tile);
    return {};
  }

  template <IndexType Index>
  Status embedding(const TableView& table, std::span<const Index> indices, const OutputView& out) const noexcept {
    CheckedOutput checked;
    if (const Status status = check_embedding(table, indices, out, &kernels, checked); !status) return status;

    const simd::GatherKernel gather = kernels.gather[static_cast<int>(element_of(table.dtype()))][index_width<Index>];
    const std::size_t count = indices.size();
    const std::size_t tiles = std::min(policy.tiles(table, count, count), std::max<std::size_t>(count, 1));
    const std::size_t prefetch = policy.prefetch_rows(table);
    return for_tiles(table, count, count, tiles, [&](std::size_t tile) noexcept {
      const std::size_t first = count / tiles * tile + std::min(tile, count % tiles);
      const std::size_t last = count / tiles * (tile + 1) + std::min(tile + 1, count % tiles);
      gather({
          .rows = rows_of(table),
          .indices = indices.data() + first,
          .count = last - first,
          .out = checked.data + first * checked.stride,
          .out_stride = checked.stride,
          .prefetch = prefetch,
      });
    });
  }

  template <IndexType Index, class AnyBags>
  Status embedding_bag(const TableView& table, const AnyBags& bags, const OutputView& out,
                       const BagOptions& options) const noexcept {
    CheckedBags<Index> checked;
    CheckedOutput checked_out;
    const Status status = check_bags(table, bags, out, options, &kernels, checked, checked_out);
    if (!status) return status;

    const PoolJob<Index> job{kernels, table, checked, checked_out, options.pooling, policy.prefetch_rows(table)};
    const std::size_t count = checked.bags;
    const std::size_t tiles = std::min(policy.tiles(table, checked.last_end, count), count);
    if (tiles <= 1) {
      pool_bags(job, 0, count);
      return {};
    }
    return for_tiles(table, checked.last_end, count, tiles, [&](std::size_t tile) noexcept {
      pool_bags(job, tile_begin(table, checked, tile, tiles), tile_begin(table, checked, tile + 1, tiles));
    });
  }

  const simd::KernelTable& kernels;
  MemoryPolicy policy = MemoryPolicy::of_this_machine();
  Parallel parallel;
};

Engine::Engine(const EngineOptions& options) noexcept {
  const simd::Selection selection = simd::select_kernels_from_environment();
  if (selection.choice != simd::Choice::ok) {
    status_.code = selection.choice == simd::Choice::unknown_name ? Code::isa_unknown : Code::isa_unsupported;
    return;
  }
  state_.reset(new (std::nothrow) State(*selection.kernels, options.threads));
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

int Engine::concurrency() const noexcept { return status_.ok() ? state_->parallel.concurrency() : 0; }

Status Engine::embedding(const TableView& table, std::span<const std::int32_t> indices, OutputView out) const noexcept {
  return status_.ok() ? state_->embedding(table, indices, out) : status_;
}

Status Engine::embedding(const TableView& table, std::span<const std::int64_t> indices, OutputView out) const noexcept {
  return status_.ok() ? state_->embedding(table, indices, out) : status_;
}

Status Engine::embedding_bag(const TableView& table, const Bags<std::int32_t>& bags, OutputView out,
                             const BagOptions& options) const noexcept {
  return status_.ok() ? state_->embedding_bag<std::int32_t>(table, bags, out, options) : status_;
}

Status Engine::embedding_bag(const TableView& table, const Bags<std::int64_t>& bags, OutputView out,
                             const BagOptions& options) const noexcept {
  return status_.ok() ? state_->embedding_bag<std::int64_t>(table, bags, out, options) : status_;
}

Status Engine::embedding_bag(const TableView& table, const FixedBags<std::int32_t>& bags, OutputView out,
                             const BagOptions& options) const noexcept {
  return status_.ok() ? state_->embedding_bag<std::int32_t>(table, bags, out, options) : status_;
}

Status Engine::embedding_bag(const TableView& table, const FixedBags<std::int64_t>& bags, OutputView out,
                             const BagOptions& options) const noexcept {
  return status_.ok() ? state_->embedding_bag<std::int64_t>(table, bags, out, options) : status_;
}

}  // namespace rowan
