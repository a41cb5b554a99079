// One run of comparisons: what is measured, with whom, and what has been seen so far.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "perf/memory.hpp"
#include "perf/peers/peer.hpp"
#include "perf/record.hpp"
#include "perf/turns.hpp"
#include "perf/workload.hpp"
#include "rowan/engine.hpp"

namespace rowan::perf {

/// Ends the program: a measurement of something that does not work is worth nothing.
[[noreturn]] void fail(const std::string& sentence);
inline void require(const Status& status) {
  if (!status) fail(status.message());
}

class Session {
 public:
  explicit Session(bool quick);

  bool quick() const noexcept { return quick_; }
  std::uint64_t seed() const noexcept { return record.seed; }
  /// 1, and 2 where there are two processors.
  const std::vector<int>& thread_counts() const noexcept { return thread_counts_; }
  Turns turns(int threads) const;

  /// An engine with an arena of so many threads; the caller's thread alone where that is 1.
  const Engine& engine(int threads);

  /// The memory that tables lie in, of at least so many bytes, and what pages it has.
  std::span<std::byte> memory(std::size_t bytes);
  void release_memory() { block_.reset(); }
  std::string pages() const { return block_->pages(); }

  std::unique_ptr<Peer> fbgemm;
  std::unique_ptr<Peer> torch;
  std::string python;  ///< the program that has gensim
  Record record;

 private:
  bool quick_;
  std::vector<int> thread_counts_;
  std::map<int, Engine> engines_;
  std::unique_ptr<Block> block_;
};

/// Both sides must have done the same work: equal up to what fusing multiplications with additions changes in a bag.
void require_equal(std::span<const float> ours, std::span<const float> theirs, const Cell& cell, std::string_view who);

/// "embedding_bag f32 x 64, bag 50, DRAM, uniform, 2 threads": what tells a cell from its neighbours.
std::string describe(const Cell& cell);

/// How the cells of a goal fared against one other side.
struct Summary {
  std::size_t cells = 0;
  double geometric_mean = 0;
  double worst = 0;
  const Cell* worst_cell = nullptr;
  std::size_t undecided = 0;
  std::size_t lost = 0;   ///< decidedly below 1
  std::size_t again = 0;  ///< measured more than once

  std::string text() const;
};
Summary summarize(const std::vector<const Cell*>& cells, std::string_view who);

/// Cells of a goal that have a series of `who`; of all sides where that is empty.
std::vector<const Cell*> cells_of(const Record& record, std::string_view goal, std::string_view who = {});

/// Prints cells as a table, by how they compare with `who`: first those that are lost, then undecided ones.
void print_cells(std::vector<const Cell*> cells, std::string_view who);
/// Unknown where what it takes to tell is absent.
constexpr Verdict verdict(bool holds, bool known = true) noexcept {
  return !known ? Verdict::unknown : holds ? Verdict::holds : Verdict::missed;
}

/// Prints a goal and keeps it in the record.
void conclude(Record& record, Goal goal);

std::string formatted(const char* format, ...) __attribute__((format(printf, 1, 2)));

}  // namespace rowan::perf
