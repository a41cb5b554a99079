// Rows between a parser and the writer: blocks of encoded rows with their tokens.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/support/error.hpp"
#include "rowan/dtype.hpp"
#include "rowan/import.hpp"
#include "rowan/status.hpp"
#include "rowan/vocabulary.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

/// What a source is and what was promised of it.
struct SourceShape {
  SourceFormat format = SourceFormat::glove_text;
  std::uint64_t dim = 0;
  bool dim_given = false;                      ///< by the caller, who knows it
  std::optional<std::uint64_t> promised = {};  ///< rows, by the header
};

/// How rows are to be handed over.
struct RowLayout {
  std::size_t dim = 0;
  std::size_t stride = 0;  ///< bytes; what lies between two rows is zero
  simd::Element element = simd::Element::f32;
  bool saturate = false;
  bool measure_error = false;
  bool check_utf8 = false;

  DType dtype() const noexcept { return static_cast<DType>(element); }
};

/// What storing one row changed.
struct RowError {
  double squares = 0;  ///< sum over its elements
  double max = 0;
  double cosine = 0;  ///< NaN where there is none to be had
  std::uint64_t lost = 0;
};

/// Consecutive rows of a source. Its memory is used again for the next batch.
struct RowBlock {
  std::vector<std::byte> values;  ///< the first rows() * stride bytes are the rows
  std::vector<std::string_view> tokens;
  std::vector<RowError> errors;  ///< one a row, where they are measured
  std::uint64_t invalid_utf8 = 0;

  std::size_t rows() const noexcept { return tokens.size(); }
  void clear() noexcept {
    tokens.clear();
    errors.clear();
    invalid_utf8 = 0;
  }
};

class RowReader {
 public:
  virtual ~RowReader() = default;
  /// The next rows in order; no block at all at the end. They are valid until the next call. At the end the
  /// rows have been held against what the header promised.
  virtual Result<std::span<const RowBlock>> next() = 0;
  /// "line 7" or "row 7": how a message names row number `row`, counted from 0.
  virtual std::string place(std::uint64_t row) const = 0;
};

/// Bytes of source to parse at a time: at most `wanted`, and fewer where rows of at least `row_bytes` take much
/// more memory once they are encoded, as short padded rows do.
inline std::size_t batch_bytes(std::size_t wanted, std::size_t row_bytes, const RowLayout& layout) noexcept {
  constexpr std::size_t memory = std::size_t{64} << 20;
  constexpr std::size_t bookkeeping = 40 + sizeof(RowError);
  const std::size_t rows = std::max<std::size_t>(memory / (layout.stride + bookkeeping), 1);
  return std::clamp<std::size_t>(rows * row_bytes, 1, wanted);
}

/// "1 row", "2 rows".
inline std::string counted(std::uint64_t count, std::string_view noun) {
  return concat(count, " ", noun, count == 1 ? "" : "s");
}

/// Rows that remain to be read under a limit (0 = none).
inline std::uint64_t rows_left(std::uint64_t limit, std::uint64_t rows) noexcept {
  return limit == 0 ? ~std::uint64_t{0} : limit - rows;
}

}  // namespace rowan::detail
