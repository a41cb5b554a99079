// What every call of an Engine computes with: kernels, what is known of the caches, threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "engine/lookup/integers.hpp"
#include "engine/lookup/memory_policy.hpp"
#include "engine/parallel.hpp"
#include "rowan/threads.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

struct ComputeContext {
  ComputeContext(const simd::KernelTable& table, const Tuning& tuning, Threads threads) noexcept
      : kernels(table), policy(tuning), parallel(threads) {}

  /// Whether a call of an estimated length is to be split; the estimate is made where there are threads at all.
  template <class Estimate>
  bool splits(const Estimate& ns) const noexcept {
    return parallel.concurrency() > 1 && MemoryPolicy::worth_threads(ns());
  }

  /// Runs part(i), which returns a count, for all i on threads and adds the counts up; false where the threads failed,
  /// when parts that have run can run again.
  template <class Part>
  bool on_threads(std::size_t parts, std::uint64_t& total, const Part& part) const noexcept {
    std::atomic<std::uint64_t> sum = 0;
    const auto counted = [&](std::size_t i) noexcept {
      if (const std::uint64_t count = part(i); count != 0) sum.fetch_add(count, std::memory_order_relaxed);
    };
    if (!parallel.for_each(parts, counted)) return false;
    total = sum.load(std::memory_order_relaxed);
    return true;
  }

  /// Whether the indices of calls are all good, `total` in all; call(i) gives the table and the indices of each. A
  /// false may also mean that the threads failed: then whoever asks looks for himself.
  template <class Call>
  bool good_on_threads(std::size_t calls, std::uint64_t total, const Call& call) const noexcept {
    constexpr std::uint64_t step = MemoryPolicy::checked_at_a_time;
    const auto bad_in = [&](std::size_t part) noexcept -> std::uint64_t {
      std::uint64_t first = part * step;  // as if all indices stood in one row
      const std::uint64_t last = std::min(first + step, total);
      std::uint64_t begin = 0;
      for (std::size_t i = 0; i < calls && first < last; ++i) {
        const auto& [table, indices] = call(i);
        const std::uint64_t end = begin + indices.size();
        if (first < end) {
          const auto check = kernels.indices_ok[static_cast<int>(indices.kind())];
          if (!check(bytes_at(indices, first - begin), std::min(last, end) - first, table.rows())) return 1;
          first = std::min(last, end);
        }
        begin = end;
      }
      return 0;
    };
    std::uint64_t bad = 0;
    return on_threads(total / step + 1, bad, bad_in) && bad == 0;
  }

  const simd::KernelTable& kernels;
  MemoryPolicy policy;
  Parallel parallel;
};

}  // namespace rowan::detail
