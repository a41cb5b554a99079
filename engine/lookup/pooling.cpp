#include "engine/lookup/pooling.hpp"

#include <algorithm>

#include "engine/lookup/divisor.hpp"
#include "engine/lookup/kernel_rows.hpp"

namespace rowan::detail {
namespace {

constexpr std::size_t most_bags = 256;         // bags of one group
constexpr std::size_t block_positions = 1024;  // indices that are rewritten at a time
constexpr std::size_t one_pass_columns = 64;   // which every tier has registers for, give or take a pass
constexpr std::size_t scratch_floats = 4096;   // of rows that are narrowed or repeated afterwards

simd::Op op_of(const CheckedBags& bags) noexcept {
  if (bags.pooling == Pooling::max || bags.pooling == Pooling::min) return simd::Op::extreme;
  return bags.weights != nullptr ? simd::Op::weighted_sum : simd::Op::sum;
}

/// The bags of one group, pooled into rows of f32 that lie in the output or in scratch, and then finished.
/// `columns` are a part of the row where that is longer than the scratch.
class GroupPool {
 public:
  GroupPool(const PoolJob& job, std::size_t first_column, std::size_t columns) noexcept
      : job_(job),
        bags_(job.bags),
        first_column_(first_column),
        limited_(columns > one_pass_columns),
        in_place_(job.out.dtype == DType::f32 && job.bags.repeat == 1),
        rewrites_(bags_.has_padding || bags_.indices.bad_index != BadIndex::reject ||
                  !kernels_read(bags_.indices.span.kind())),
        row_stride_(in_place_ ? job.out.stride : columns),
        args_{.rows = columns_of(job.table, first_column, columns),
              .indices = nullptr,
              .index_bytes = 8,
              .weights = nullptr,
              .offsets = offsets_,
              .bags = 0,
              .readable = 0,
              .out = nullptr,
              .out_stride = row_stride_,
              .prefetch = job.policy.prefetch(job.table, job.bags.indices.span.size()),
              .smallest = bags_.pooling == Pooling::min,
              .resume = false,
              .to_resume = false,
              .base = 0.0F,
              .base_out = &base_} {
    const std::size_t index_bytes = rewrites_ ? 8 : size_of(bags_.indices.span.kind());
    kernel_ = job.kernels.pool[static_cast<int>(job.table.dtype())][static_cast<int>(op_of(bags_))]
                              [static_cast<int>(read_of(job.table, index_bytes))];
    most_bags_ = in_place_ ? most_bags : std::clamp<std::size_t>(scratch_floats / columns, 1, most_bags);
    if (limited_) {  // no more than are likely to be used, of bags of average length
      const std::size_t reads = bags_.bags != 0 ? bags_.last_end / bags_.bags + 1 : 1;
      const std::size_t likely = MemoryPolicy::block_bytes / (reads * job.table.row_bytes()) + 1;
      most_bags_ = std::min(most_bags_, likely);
    }
  }

  /// Pools bags [first, ...), as many as make a group, and returns the first one that is not among them.
  /// `position` is where the first begins, and afterwards where the next does.
  std::size_t run(std::size_t first, std::size_t last, std::size_t& position) noexcept {
    const std::size_t bag = first + cut_group(first, last, position);
    position = offsets_[bag - first];
    rows_ = in_place_ ? reinterpret_cast<float*>(job_.out.row(first)) + first_column_ : scratch_;
    if (rewrites_) {
      pool_rewritten(bag - first);
    } else {
      pool_as_given(bag - first);
    }
    finish(first, bag - first);
    return bag;
  }

  std::uint64_t bad() const noexcept { return bad_; }

 private:
  /// Writes where the bags of a group begin and end, and returns how many there are.
  std::size_t cut_group(std::size_t first, std::size_t last, std::size_t position) noexcept {
    const std::size_t most = std::min(most_bags_, last - first);
    offsets_[0] = position;
    if (bags_.form == Bags::Form::fixed) {
      for (std::size_t i = 1; i <= most; ++i) offsets_[i] = position + i * bags_.fixed_length;
    } else if (bags_.form == Bags::Form::lengths) {
      for_values(bags_.bounds, first, first + most, [&](std::size_t bag, std::uint64_t length) {
        offsets_[bag - first + 1] = offsets_[bag - first] + static_cast<std::size_t>(length);
      });
    } else {
      const std::size_t given = std::min(first + most + 1, bags_.bounds.size());
      for_values(bags_.bounds, first + 1, given, [&](std::size_t bag, std::uint64_t offset) {
        offsets_[bag - first] = static_cast<std::size_t>(offset);
      });
      if (first + most == bags_.bags) offsets_[most] = bags_.last_end;
    }
    if (!limited_ || (offsets_[most] - position) * job_.table.row_bytes() <= MemoryPolicy::block_bytes) return most;
    std::size_t count = 1;
    while (count < most && (offsets_[count] - position) * job_.table.row_bytes() < MemoryPolicy::block_bytes) ++count;
    return count;
  }

  void pool_as_given(std::size_t count) noexcept {
    const IndexSpan& indices = bags_.indices.span;
    args_.indices = bytes_at(indices, 0);
    args_.index_bytes = size_of(indices.kind());
    args_.weights = bags_.weights;
    args_.bags = count;
    args_.readable = indices.size();
    args_.out = rows_;
    kernel_(args_);
    if (!Divisor::needed(bags_.pooling)) return;
    for (std::size_t b = 0; b < count; ++b) {
      Divisor divisor(bags_);
      if (divisor.reads_weights()) {
        for (std::size_t j = offsets_[b]; j < offsets_[b + 1]; ++j) divisor.add(bags_.weights[j]);
      }
      divisors_[b] = divisor.value(offsets_[b + 1] - offsets_[b]);
    }
  }

  /// The members alone, widened: indices and weights are copied in blocks without padding and bad entries, and the
  /// kernel runs over the copy. A bag that does not fit is pooled in parts, each going on from what the last one left.
  void pool_rewritten(std::size_t count) noexcept {
    begin_block(0);
    for (std::size_t b = 0; b < count; ++b) {
      Divisor divisor(bags_);
      std::size_t members = 0;
      block_offsets_[b - block_first_] = filled_;
      for_values(bags_.indices.span, offsets_[b], offsets_[b + 1], [&](std::size_t j, std::uint64_t index) {
        if (index >= job_.table.rows()) {
          ++bad_;
          if (bags_.indices.bad_index == BadIndex::skip) return;
          index = bags_.indices.default_row;
        }
        if (bags_.has_padding && index == bags_.padding) return;
        if (filled_ == block_positions) {
          flush(b + 1, members != 0);
          begin_block(b);
          args_.resume = members != 0;
          args_.base = base_;
          block_offsets_[0] = 0;
        }
        indices_[filled_] = index;
        if (bags_.weights != nullptr) {
          weights_[filled_] = bags_.weights[j];
          if (divisor.reads_weights()) divisor.add(bags_.weights[j]);
        }
        ++filled_;
        ++members;
      });
      divisors_[b] = divisor.value(members);
    }
    flush(count, false);
  }

  void begin_block(std::size_t bag) noexcept {
    block_first_ = bag;
    filled_ = 0;
    args_.resume = false;
  }

  /// Pools what the block holds: the bags up to `end`, the last of which is gone on with where `to_resume`.
  void flush(std::size_t end, bool to_resume) noexcept {
    block_offsets_[end - block_first_] = filled_;
    args_.indices = reinterpret_cast<const std::byte*>(indices_);
    args_.weights = bags_.weights != nullptr ? weights_ : nullptr;
    args_.offsets = block_offsets_;
    args_.bags = end - block_first_;
    args_.readable = filled_;
    args_.out = rows_ + block_first_ * row_stride_;
    args_.to_resume = to_resume;
    kernel_(args_);
  }

  void finish(std::size_t first, std::size_t count) noexcept {
    const bool divides = Divisor::needed(bags_.pooling);
    if (in_place_ && !divides) return;
    const std::size_t element = job_.out.element_bytes();
    job_.kernels.finish[static_cast<int>(job_.out.dtype)]({
        .rows = rows_,
        .stride = row_stride_,
        .dim = args_.rows.dim,
        .count = count,
        .divisors = divides ? divisors_ : nullptr,
        .out = job_.out.row(first * bags_.repeat) + first_column_ * element,
        .out_stride = job_.out.stride,
        .repeat = bags_.repeat,
    });
  }

  const PoolJob& job_;
  const CheckedBags& bags_;
  std::size_t first_column_;
  bool limited_;  // several passes over the columns: groups of few bytes, which the next pass finds in cache
  bool in_place_;
  bool rewrites_;
  std::size_t row_stride_;
  simd::PoolArgs args_;
  simd::PoolKernel kernel_;
  std::size_t most_bags_;
  float* rows_ = nullptr;
  float base_ = 0.0F;
  std::uint64_t bad_ = 0;
  std::size_t block_first_ = 0;  // bag of the group that the block begins with
  std::size_t filled_ = 0;
  // Not initialised: a call of a few rows must not pay for what only others use.
  std::size_t offsets_[most_bags + 1];
  std::size_t block_offsets_[most_bags + 1];
  float divisors_[most_bags];
  std::uint64_t indices_[block_positions];
  float weights_[block_positions];
  float scratch_[scratch_floats];
};

}  // namespace

std::uint64_t pool_bags(const PoolJob& job, std::size_t first, std::size_t last, std::size_t position) noexcept {
  if (first == last) return 0;
  const bool narrows = job.out.dtype != DType::f32 || job.bags.repeat != 1;
  const std::size_t dim = job.table.dim();
  const std::size_t width = narrows ? std::min(dim, scratch_floats) : dim;
  std::uint64_t bad = 0;
  for (std::size_t column = 0; column < dim; column += width) {
    GroupPool pool(job, column, std::min(width, dim - column));
    std::size_t at = position;
    for (std::size_t bag = first; bag < last;) bag = pool.run(bag, last, at);
    bad = pool.bad();  // each part of the columns meets the same ones
  }
  return bad;
}

}  // namespace rowan::detail
