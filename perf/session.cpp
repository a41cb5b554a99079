#include "perf/session.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace rowan::perf {

void fail(const std::string& sentence) {
  std::fprintf(stderr, "perf: %s\n", sentence.c_str());
  std::exit(1);
}

Session::Session(bool quick) : fbgemm(make_fbgemm()), torch(make_torch()), quick_(quick), thread_counts_{1} {
  if (std::thread::hardware_concurrency() > 1) thread_counts_.push_back(2);
  record.seed = 1;
  record.machine = this_machine();
  for (const auto& [peer, absent] : {std::pair{&fbgemm, "FBGEMM"}, std::pair{&torch, "libtorch"}}) {
    if (*peer) {
      record.machine.peers.push_back((*peer)->name());
    } else {
      record.machine.absent_peers.emplace_back(absent);
    }
  }
}

Turns Session::turns(int threads) const {
  return {
      .samples = quick_ ? std::size_t{7} : std::size_t{9},
      .seconds = quick_ ? 0.003 : 0.012,
      // Threads that have fallen asleep wake up; and a side that prefetches into L1 leaves the processor's own
      // prefetchers in a state in which the next one reads long rows up to 25% slower for a millisecond (seen on a Zen
      // 4).
      .warm = threads > 1 ? 0.002 : 0.001,
  };
}

const Engine& Session::engine(int threads) {
  const auto found = engines_.find(threads);
  if (found != engines_.end()) return found->second;
  Engine made({.threads = threads > 1 ? Threads::own(threads) : Threads::caller()});
  require(made.status());
  return engines_.emplace(threads, std::move(made)).first->second;
}

std::span<std::byte> Session::memory(std::size_t bytes) {
  if (!block_ || block_->bytes().size() < bytes) {
    block_.reset();
    block_ = std::make_unique<Block>(bytes);
  }
  return block_->bytes().first(bytes);
}

void require_equal(std::span<const float> ours, std::span<const float> theirs, const Cell& cell, std::string_view who) {
  constexpr float tolerance = 2e-4F;
  // Longer bags are more roundings, each of a larger number, even where what remains at the end is near 0.
  const float length = std::max(1.0F, static_cast<float>(cell.bag) / 50.0F);
  const float near_zero = tolerance * length * length;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (!(std::abs(ours[i] - theirs[i]) <= near_zero + tolerance * std::abs(theirs[i]))) {
      fail(formatted("%s: float %zu of the answer is %g, and %g from %s", describe(cell).c_str(), i,
                     static_cast<double>(ours[i]), static_cast<double>(theirs[i]), std::string(who).c_str()));
    }
  }
}

}  // namespace rowan::perf
