// Rows on their way from where they are to where they go: in blocks, encoded, with their keys.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/parallel.hpp"
#include "engine/support/utf8.hpp"
#include "rowan/dtype.hpp"
#include "rowan/status.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

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

/// How much is read and held at a time. Tests make it small, so that rows straddle every border.
struct BatchSizes {
  std::size_t batch = std::size_t{4} << 20;   ///< bytes of source parsed at a time; more leave the cache
  std::size_t head = std::size_t{1} << 20;    ///< bytes looked at to tell the format and the dim
  std::size_t row = std::size_t{64} << 20;    ///< a longer row is refused
  std::size_t chunk = std::size_t{64} << 10;  ///< bytes parsed by one tile, at least
};

/// What storing one row changed.
struct RowError {
  double squares = 0;  ///< sum over its elements
  double max = 0;
  double cosine = 0;  ///< NaN where there is none to be had
  std::uint64_t lost = 0;
};

/// Consecutive rows. Its memory is used again for a later batch.
struct RowBlock {
  std::size_t rows = 0;
  std::span<const std::byte> values;     ///< rows * stride bytes: in `memory`, or where the source has them
  std::vector<std::string_view> tokens;  ///< one a row, or none
  std::vector<std::uint64_t> ids;        ///< one a row, or none
  std::vector<RowError> errors;          ///< one a row, where they are measured
  std::uint64_t invalid_utf8 = 0;
  std::vector<std::byte> memory;
  std::forward_list<std::string> kept;  ///< tokens that the source has in another spelling

  void clear() noexcept {
    rows = 0;
    values = {};
    tokens.clear();
    ids.clear();
    errors.clear();
    invalid_utf8 = 0;
    kept.clear();
  }
  /// At least so many bytes of memory; new ones are zeros, others what they were. So what lies between rows, which
  /// nobody writes to, stays zero from batch to batch of one stride.
  void reserve(std::size_t bytes) {
    if (memory.size() < bytes) memory.resize(bytes);
  }
  /// The first `count` rows of memory are the block's.
  void hold(std::size_t count, std::size_t stride) {
    rows = count;
    values = std::span<const std::byte>(memory).first(count * stride);
  }
  /// Room for the `count` rows that the block is to have.
  std::byte* room(std::size_t count, std::size_t stride) {
    reserve(count * stride);
    hold(count, stride);
    return memory.data();
  }
  std::string_view keep(std::string token) { return kept.emplace_front(std::move(token)); }
  void add_token(std::string_view token, const RowLayout& layout) {
    tokens.push_back(token);
    if (layout.check_utf8 && !is_utf8(token)) ++invalid_utf8;
  }
};

static_assert(std::is_nothrow_move_constructible_v<RowBlock>, "or a vector of them copies rows where it grows");

/// Rows in batches, and those in tiles. One batch is begun, parsed and ended before the next is begun.
class RowReader {
 public:
  virtual ~RowReader() = default;
  /// Finds the next rows in order. Returns how many tiles they are; 0 at the end, where the rows have been held against
  /// what the header promised.
  virtual Result<std::size_t> begin_batch() = 0;
  /// Parses one tile. May run at a time with other tiles and with read_ahead(). What the block refers to in the source
  /// is valid until the batch after the next has begun.
  virtual Result<void> parse(std::size_t tile, RowBlock& block) = 0;
  /// When all tiles have been parsed, into `blocks`.
  virtual Result<void> end_batch(std::span<const RowBlock> blocks) = 0;
  /// Brings in what the next batch needs. A failure is that batch's.
  virtual void read_ahead() noexcept {}
  /// "line 7" or "row 7": how a message names row number `row`, counted from 0. May be asked at any time.
  virtual std::string place(std::uint64_t row) const = 0;
  /// What there is to say of rows that were read, when all have been: sentences.
  virtual std::vector<std::string> notes() const { return {}; }
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

/// Rows that remain to be read under a limit (0 = none).
inline std::uint64_t rows_left(std::uint64_t limit, std::uint64_t rows) noexcept {
  return limit == 0 ? ~std::uint64_t{0} : limit - rows;
}

/// Rows under a limit (0 = none).
inline std::uint64_t limited(std::uint64_t rows, std::uint64_t limit) noexcept {
  return limit == 0 ? rows : std::min(rows, limit);
}

}  // namespace rowan::detail
