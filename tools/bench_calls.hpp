// The calls that bench makes: bags of random rows, or of recorded ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "perf/trace.hpp"
#include "perf/workload.hpp"
#include "rowan/view.hpp"

namespace rowan::tool {

/// Whole numbers in 64 bits, and in 32 where they are asked for so.
class Numbers {
 public:
  Numbers() = default;
  /// Those that do not fit 32 bits fail.
  Numbers(std::vector<std::int64_t> wide, bool narrow);

  IndexSpan part(std::size_t first, std::size_t count) const;
  const std::vector<std::int64_t>& wide() const { return wide_; }

 private:
  std::vector<std::int64_t> wide_;
  std::vector<std::int32_t> narrow_;
};

/// One call's work. `offsets` are one more than bags.
struct Call {
  IndexSpan indices;
  IndexSpan offsets;
  std::size_t first = 0;  ///< where its indices begin among those of all calls

  std::size_t rows() const { return indices.size(); }
  std::size_t bags() const { return offsets.size() - 1; }
};

/// Many calls, so that one does not find the rows of the one before it in cache.
class Calls {
 public:
  /// `count` calls of `bags` bags of `bag` rows.
  Calls(const perf::IndexSets& sets, std::size_t bags, std::size_t bag, bool narrow);
  /// A trace's bags in their order, `bags` in a call; the last call may have fewer.
  Calls(perf::Trace trace, std::size_t bags, bool narrow);

  std::size_t size() const { return places_.size(); }
  Call operator[](std::size_t i) const;
  const std::vector<std::int64_t>& indices() const { return indices_.wide(); }
  std::size_t most_rows() const;
  std::size_t most_bags() const;
  bool narrow() const { return narrow_; }

 private:
  struct Place {
    std::size_t first_index;
    std::size_t rows;
    std::size_t first_offset;
    std::size_t bags;
  };

  Numbers indices_;
  Numbers offsets_;  ///< of each call from 0 on; calls of one shape share theirs
  std::vector<Place> places_;
  bool narrow_;
};

}  // namespace rowan::tool
