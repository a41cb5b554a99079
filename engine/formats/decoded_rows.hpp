// The rows of a foreign table as f32, however they are stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "engine/formats/check.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

class DecodedRows {
 public:
  virtual ~DecodedRows() = default;

  /// Rows [begin, end) as [end - begin, dim]. Values are those of the format's own readers: f64 is rounded to nearest
  /// even, all other types are exact. Of f64 elements, `exact` gets the values before that, where it is not null.
  virtual Result<void> read(std::uint64_t begin, std::uint64_t end, float* out, double* exact = nullptr) = 0;
  /// Whether threads may read at a time, and any rows; else rows are read once, in order.
  virtual bool any_order() const noexcept { return true; }
};

/// Of a checked table, whose file outlives what is returned, as do `found` and `path`. With `derived` rows are those
/// that FoundFile::rows_of_keys and weights_of_keys make of the tensor's.
Result<std::unique_ptr<DecodedRows>> rows_of(std::span<const std::byte> file, const FoundFile& found,
                                             const ForeignTable& table, bool derived, const std::string& path);

}  // namespace rowan::detail
