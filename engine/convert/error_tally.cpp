#include "engine/convert/error_tally.hpp"

#include <algorithm>
#include <cmath>

namespace rowan::detail {

void ErrorTally::add(std::span<const RowError> rows, std::uint64_t dim) noexcept {
  for (const RowError& row : rows) {
    worst_.max = std::max(worst_.max, row.max);
    const std::uint64_t kept = dim - row.lost;
    if (kept != 0)
      worst_.max_row_rms = std::max(worst_.max_row_rms, std::sqrt(row.squares / static_cast<double>(kept)));
    worst_.lost += row.lost;
    squares_ += row.squares;
    elements_ += kept;
    if (std::isnan(row.cosine)) continue;
    const double cosine = std::clamp(row.cosine, -1.0, 1.0);  // rounding may pass 1
    worst_.min_cosine = std::min(worst_.min_cosine, cosine);
    cosines_ += cosine;
    ++directions_;
  }
}

StorageError ErrorTally::result() const noexcept {
  StorageError error = worst_;
  if (elements_ != 0) error.rms = std::sqrt(squares_ / static_cast<double>(elements_));
  if (directions_ != 0) error.mean_cosine = cosines_ / static_cast<double>(directions_);
  return error;
}

}  // namespace rowan::detail
