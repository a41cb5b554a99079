#include "engine/lookup/pooling.hpp"

#include <algorithm>

#include "engine/lookup/kernel_choice.hpp"

namespace rowan::detail {
namespace {

constexpr std::size_t block_bags = 256;        // bags whose output rows are divided while still in cache
constexpr std::size_t block_positions = 1024;  // indices that are rewritten at a time

template <IndexType Index>
simd::PoolKernel kernel_of(const PoolJob<Index>& job) noexcept {
  simd::Op op = simd::Op::sum;
  if (job.bags.weights != nullptr) op = simd::Op::weighted_sum;
  if (job.pooling == Pooling::max) op = simd::Op::max;
  return job.kernels.pool[static_cast<int>(element_of(job.table.dtype()))][static_cast<int>(op)][index_width<Index>];
}

template <IndexType Index>
float* out_row(const PoolJob<Index>& job, std::size_t bag) noexcept {
  return job.out.data + bag * job.out.stride;
}

/// Bags as they were given.
template <IndexType Index>
void pool_as_given(const PoolJob<Index>& job, std::size_t first, std::size_t last) noexcept {
  const CheckedBags<Index>& bags = job.bags;
  // Positions of bags by offsets count from the first index; those of equal bags from the range's first one.
  const std::size_t base = bags.offsets != nullptr ? 0 : bags.begin(first);
  kernel_of(job)({
      .rows = rows_of(job.table),
      .indices = bags.indices + base,
      .weights = bags.weights != nullptr ? bags.weights + base : nullptr,
      .offsets = bags.offsets != nullptr ? bags.offsets + first : nullptr,
      .bag_length = bags.bag_length,
      .bags = last - first,
      .last_end = bags.begin(last) - base,
      .out = out_row(job, first),
      .out_stride = job.out.stride,
      .prefetch = job.prefetch,
      .resume = false,
  });
}

/// Bags without their padding entries: indices and weights are copied in blocks, the kernel runs over the copy.
/// A bag that does not fit is pooled in parts, each going on from what the last one left in the output row.
template <IndexType Index>
class PaddedPool {
 public:
  explicit PaddedPool(const PoolJob<Index>& job) noexcept : job_(job), kernel_(kernel_of(job)) {}

  /// Pools bags [first, last), at most block_bags of them. members[i] becomes the number of entries of bag
  /// first + i that are not padding.
  void run(std::size_t first, std::size_t last, float* members) noexcept {
    first_ = first;
    bags_ = 0;
    filled_ = 0;
    resume_ = false;
    for (std::size_t bag = first; bag < last; ++bag) {
      std::size_t count = 0;
      offsets_[bags_++] = static_cast<Index>(filled_);
      const std::size_t end = job_.bags.begin(bag + 1);
      for (std::size_t position = job_.bags.begin(bag); position < end; ++position) {
        const Index index = job_.bags.indices[position];
        if (index == job_.bags.padding) continue;
        if (filled_ == block_positions) flush_within(bag, count != 0);
        indices_[filled_] = index;
        if (job_.bags.weights != nullptr) weights_[filled_] = job_.bags.weights[position];
        ++filled_;
        ++count;
      }
      members[bag - first] = static_cast<float>(count);
    }
    flush();
  }

 private:
  void flush() noexcept {
    kernel_({
        .rows = rows_of(job_.table),
        .indices = indices_,
        .weights = weights_,
        .offsets = offsets_,
        .bag_length = 0,
        .bags = bags_,
        .last_end = filled_,
        .out = out_row(job_, first_),
        .out_stride = job_.out.stride,
        .prefetch = job_.prefetch,
        .resume = resume_,
    });
  }

  /// Empties the block in the middle of `bag`, which the next block begins with. A bag of which nothing has been
  /// pooled yet must start afresh there: the kernel has just written it as an empty one.
  void flush_within(std::size_t bag, bool begun) noexcept {
    flush();
    first_ = bag;
    offsets_[0] = 0;
    bags_ = 1;
    filled_ = 0;
    resume_ = begun;
  }

  const PoolJob<Index>& job_;
  simd::PoolKernel kernel_;
  std::size_t first_ = 0;  // bag that the block begins with
  std::size_t bags_ = 0;
  std::size_t filled_ = 0;
  bool resume_ = false;
  Index offsets_[block_bags];
  Index indices_[block_positions];
  float weights_[block_positions];
};

}  // namespace

template <IndexType Index>
void pool_bags(const PoolJob<Index>& job, std::size_t first, std::size_t last) noexcept {
  const bool mean = job.pooling == Pooling::mean;
  if (!mean && !job.bags.has_padding) return pool_as_given(job, first, last);

  for (std::size_t begin = first; begin < last; begin += block_bags) {
    const std::size_t end = std::min(last, begin + block_bags);
    float members[block_bags];
    if (job.bags.has_padding) {
      PaddedPool<Index>(job).run(begin, end, members);
    } else {
      pool_as_given(job, begin, end);
      for (std::size_t bag = begin; bag < end; ++bag) {
        members[bag - begin] = static_cast<float>(job.bags.begin(bag + 1) - job.bags.begin(bag));
      }
    }
    if (mean) job.kernels.divide(out_row(job, begin), job.out.stride, job.table.dim(), members, end - begin);
  }
}

template void pool_bags(const PoolJob<std::int32_t>&, std::size_t, std::size_t) noexcept;
template void pool_bags(const PoolJob<std::int64_t>&, std::size_t, std::size_t) noexcept;

}  // namespace rowan::detail
