// Rows between a parser and the writer: blocks of encoded rows with their tokens.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/parallel.hpp"
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

/// Consecutive rows of a source. Its memory is used again for a later batch.
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

/// Rows in batches, and those in tiles. One batch is begun, parsed and ended before the next is begun.
class RowReader {
 public:
  virtual ~RowReader() = default;
  /// Finds the next rows in order. Returns how many tiles they are; 0 at the end, where the rows have been held against
  /// what the header promised.
  virtual Result<std::size_t> begin_batch() = 0;
  /// Parses one tile. May run at a time with other tiles and with read_ahead(). Tokens in the block may refer to the
  /// source: they are valid until the batch after the next has begun.
  virtual Result<void> parse(std::size_t tile, RowBlock& block) = 0;
  /// When all tiles have been parsed, into `blocks`.
  virtual Result<void> end_batch(std::span<const RowBlock> blocks) = 0;
  /// Brings in what the next batch needs. A failure is that batch's.
  virtual void read_ahead() noexcept {}
  /// "line 7" or "row 7": how a message names row number `row`, counted from 0. May be asked at any time.
  virtual std::string place(std::uint64_t row) const = 0;
};

/// Runs through all rows. While a batch is parsed, `take` gets the one before it, on one thread or another, and the one
/// behind it is read ahead; `took` is called on the caller's thread each time that a batch has been taken.
Result<void> for_each_batch(RowReader& reader, const Parallel& parallel,
                            const std::function<Result<void>(std::span<const RowBlock>)>& take,
                            const std::function<void()>& took);

/// Bytes of source to parse at a time: at most `wanted`, and fewer where rows of at least `row_bytes` take much
/// more memory once they are encoded, as short padded rows do.
inline std::size_t batch_bytes(std::size_t wanted, std::size_t row_bytes, const RowLayout& layout) noexcept {
  constexpr std::size_t memory = std::size_t{32} << 20;  // of two batches at a time
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
