// Tiles of work on threads. parallel.cpp is the only code that includes oneTBB.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>

#include "rowan/status.hpp"
#include "rowan/threads.hpp"

namespace rowan::detail {

/// Runs tiles where a Threads says. Any number of threads may call for_each() at a time.
class Parallel {
 public:
  /// Never throws; status() tells whether the threads could be had.
  explicit Parallel(Threads threads) noexcept;
  ~Parallel();
  Parallel(const Parallel&) = delete;
  Parallel& operator=(const Parallel&) = delete;

  Status status() const noexcept { return status_; }
  /// Threads that a call may use now, the caller's included; of a host's arena, that which the caller is in.
  int concurrency() const noexcept;

  /// Calls tile(i) once for each i in [0, tiles), in any order, under the caller's floating-point mode. Runs
  /// all of them on the calling thread when it is the only one, or when the own arena is taken by another
  /// caller. A host's arena is entered isolated: waiting never runs the host's other tasks.
  /// `tile` must not throw. Fails with threads_failed or out_of_memory, when no tile runs any more and some may
  /// not have run.
  template <class Tile>
  Status for_each(std::size_t tiles, const Tile& tile) const noexcept {
    static_assert(std::is_nothrow_invocable_v<const Tile&, std::size_t>, "tiles must be noexcept");
    return run(
        tiles, [](const void* context, std::size_t i) noexcept { (*static_cast<const Tile*>(context))(i); }, &tile);
  }

 private:
  using TileFunction = void (*)(const void* context, std::size_t tile) noexcept;
  struct Arena;

  Status run(std::size_t tiles, TileFunction function, const void* tile_context) const noexcept;

  Threads::Kind kind_;
  int concurrency_ = 1;
  Status status_;
  std::unique_ptr<Arena> arena_;
};

}  // namespace rowan::detail
