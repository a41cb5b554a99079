// The checks of lookup calls, done before anything is written. What passes is put into the one form that
// pooling works on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rowan/engine.hpp"
#include "rowan/status.hpp"
#include "rowan/view.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

/// Where a checked call writes.
struct CheckedOutput {
  float* data = nullptr;
  std::size_t stride = 0;  ///< floats
};

/// The bags of a checked call, 1-D or 2-D.
template <IndexType Index>
struct CheckedBags {
  const Index* indices = nullptr;
  const float* weights = nullptr;  ///< null without weights
  const Index* offsets = nullptr;  ///< null: bags of bag_length
  std::size_t bag_length = 0;
  std::size_t bags = 0;
  std::size_t last_end = 0;  ///< where the last bag ends
  bool has_padding = false;
  Index padding = 0;

  /// First position of a bag; of `bags`, the end of the last one.
  std::size_t begin(std::size_t bag) const noexcept {
    if (bag == bags) return last_end;
    return offsets != nullptr ? static_cast<std::size_t>(offsets[bag]) : bag * bag_length;
  }
};

/// Kernels make the check of many values fast; without them (null) it is done one by one, which is also what
/// finds the first bad value once something is wrong.
using Checks = const simd::KernelTable*;

template <IndexType Index>
Status check_embedding(const TableView& table, std::span<const Index> indices, const OutputView& out, Checks checks,
                       CheckedOutput& checked) noexcept;

template <IndexType Index>
Status check_bags(const TableView& table, const Bags<Index>& bags, const OutputView& out, const BagOptions& options,
                  Checks checks, CheckedBags<Index>& checked, CheckedOutput& checked_out) noexcept;

template <IndexType Index>
Status check_bags(const TableView& table, const FixedBags<Index>& bags, const OutputView& out,
                  const BagOptions& options, Checks checks, CheckedBags<Index>& checked,
                  CheckedOutput& checked_out) noexcept;

}  // namespace rowan::detail
