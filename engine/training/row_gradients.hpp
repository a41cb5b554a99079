// The gradient of a table by lookups, row by row: pooling over the transposed bags. rowan/gradient.hpp says what it is.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/lookup/compute_context.hpp"
#include "engine/training/buffer.hpp"
#include "engine/training/plan.hpp"
#include "engine/training/transpose.hpp"
#include "rowan/view.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

/// Occurrences of a row that are summed in one go; of more, the sums of such chunks are added in pairs.
inline constexpr std::size_t chunk_occurrences = 4096;

/// A row that has several chunks: its place among the unique ones, and where its chunks stand among those of all.
struct HotRow {
  std::size_t unique;
  std::size_t first_chunk;
  std::size_t chunks;
};

/// The memory of RowGradients.
struct RowGradientsMemory {
  TransposeMemory transpose;
  Buffer<float> gradient;          // [bags, dim], scaled
  Buffer<float> position_weights;  // [positions]
  Buffer<std::uint64_t> bag_of;    // [positions]
  Buffer<float> weights;           // [occurrences]
  Buffer<std::uint32_t> winners;   // [bags, dim]
  Buffer<float> chunk_sums;        // [chunks of rows that have several, dim]
  std::vector<HotRow> hot;

  std::size_t bytes() const noexcept {
    return transpose.bytes() + gradient.bytes() + position_weights.bytes() + bag_of.bytes() + weights.bytes() +
           winners.bytes() + chunk_sums.bytes() + hot.capacity() * sizeof(HotRow);
  }
};

class RowGradients {
 public:
  struct Options {
    bool by_frequency = false;  ///< divided by how often the row occurs
    bool any_order = false;     ///< of unique rows, which else ascend
    bool split = false;         ///< on threads
  };
  /// Of planned lookups of a table, which max and min read. Throws std::bad_alloc and ThreadsFailed.
  RowGradients(const ComputeContext& context, const TableView& table, const PlannedLookups& lookups,
               const Options& options, RowGradientsMemory& memory);

  std::size_t unique() const noexcept { return transposed_.unique; }
  const std::uint64_t* rows() const noexcept { return transposed_.rows; }

  /// Where part `part` of `parts` begins among the unique rows: parts of about equally many occurrences.
  std::size_t part_begin(std::size_t part, std::size_t parts) const noexcept;

  /// The gradients of unique rows [first, last), [last - first, dim], contiguous.
  void compute(std::size_t first, std::size_t last, float* out) const noexcept;

  /// The same of at most 64 rows, written to `found` as where they are: row i of `block`, [last - first, dim], or, of a
  /// row that occurs once, the gradient of its bag. Bit i of the result says that it is that, and has still to be added
  /// to +0.
  std::uint64_t find(std::size_t first, std::size_t last, float* block, const float** found) const noexcept;

 private:
  void prepare(const BagPart& part) noexcept;
  void find_winners(const PlannedLookup& lookup, std::size_t bag, std::size_t begin, std::size_t end) noexcept;
  void attach_weights();
  void sum_hot_rows();
  /// The sums of `count` ranges of occurrences, one behind the other.
  void sum(const std::size_t* starts, std::size_t count, float* out) const noexcept;
  void sum_one_by_one(std::size_t begin, std::size_t end, float* out) const noexcept;
  /// The gradient of a bag that is all of the gradient of unique row `u`.
  const float* bag_of(std::size_t u) const noexcept {
    return reinterpret_cast<const float*>(gradient_.data +
                                          transposed_.source(transposed_.starts[u]) * gradient_.stride);
  }
  bool is_hot(std::size_t u) const noexcept { return transposed_.count(u) > chunk_occurrences; }

  const ComputeContext& context_;
  const TableView& table_;
  const PlannedLookups& lookups_;
  Options options_;
  RowGradientsMemory& memory_;
  Transposed transposed_;
  simd::Rows gradient_{};  // [bags, dim]
  simd::Element element_ = simd::Element::f32;
  simd::Prefetch prefetch_{};
  float* scaled_ = nullptr;           // null: the caller's own
  const float* weights_ = nullptr;    // null: none
  std::uint32_t* winners_ = nullptr;  // null: no max or min
};

}  // namespace rowan::detail
