// How a lookup treats memory: when to prefetch and how far, how large a part is, when threads pay, when outputs go
// past the caches. docs/performance.md has what each figure was measured to do.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "rowan/engine.hpp"
#include "rowan/tuning.hpp"
#include "rowan/view.hpp"
#include "simd/kernels.hpp"
#include "simd/processor.hpp"

namespace rowan::detail {

class MemoryPolicy {
 public:
  explicit MemoryPolicy(const Tuning& tuning) noexcept : tuning_(tuning), caches_(simd::cache_sizes()) {}

  const Tuning& tuning() const noexcept { return tuning_; }

  /// How far ahead the rows of a table are fetched that is pooled, in a call that names `reads` of them.
  simd::Prefetch prefetch(const TableView& table, std::size_t reads) const noexcept {
    const Ahead& rule = rule_of_pooling(bytes_of(table), table.row_bytes(), element_bits(table.dtype()));
    return within(rule, most_of_call(reads));
  }
  /// The same for rows that are no table's; `bits` of an element.
  simd::Prefetch prefetch(std::uint64_t bytes, std::uint64_t row_bytes, std::uint64_t bits) const noexcept {
    return within(rule_of_pooling(bytes, row_bytes, bits), Tuning::most_ahead);
  }
  /// And of a table whose rows are copied.
  simd::Prefetch prefetch_unpooled(const TableView& table, std::size_t reads) const noexcept {
    const bool narrow = is_narrow(element_bits(table.dtype()));
    const Tuning::Work work = narrow ? Tuning::Work::unpooled_narrow : Tuning::Work::unpooled;
    return within(rule_of(work, bytes_of(table), table.row_bytes()), most_of_call(reads));
  }

  /// How many rows ahead an optimizer's step fetches what it will change: none for a table that L2 holds, for the step
  /// of a row takes longer than L2 does.
  std::size_t ahead_of_steps(const TableView& table) const noexcept;

  /// Bytes of rows to pool at a time, in all columns, before the next ones are begun: a pass over further columns finds
  /// what the pass before it read.
  static constexpr std::uint64_t block_bytes = std::uint64_t{128} << 10;

  /// Whether an output of so many bytes goes past the caches: one that whoever reads it next would not find there, or
  /// where the caller says so.
  bool streaming(Stores stores, std::uint64_t bytes) const noexcept {
    return stores == Stores::automatic ? bytes > tuning_.streaming_bytes() : stores == Stores::streaming;
  }

  /// Estimated time of a call that reads `reads` rows and writes `writes` rows, on one thread.
  std::uint64_t estimated_ns(const TableView& table, std::size_t reads, std::size_t writes) const noexcept;

  /// Whether a call of that length is worth handing to threads.
  static bool worth_threads(std::uint64_t ns) noexcept { return ns >= 200'000; }

  /// Bytes that a part moves of a call that moves `bytes`: some parts for each thread, so that one which is held up
  /// leaves the rest to others, but none so small that handing it out shows.
  static std::uint64_t part_bytes(std::uint64_t bytes, int threads) noexcept {
    constexpr std::uint64_t least = std::uint64_t{256} << 10;
    constexpr std::uint64_t parts_each = 32;
    return std::max(least, bytes / (parts_each * static_cast<std::uint64_t>(threads)));
  }

  /// Indices that a thread checks at a time.
  static constexpr std::uint64_t checked_at_a_time = std::uint64_t{1} << 16;

 private:
  static std::uint64_t bytes_of(const TableView& table) noexcept { return table.rows() * table.row_stride(); }
  static constexpr bool is_narrow(std::uint64_t bits) noexcept { return bits <= 8; }

  Tuning::Place place_of(std::uint64_t bytes) const noexcept {
    if (bytes <= caches_.l2) return bytes <= caches_.l1 ? Tuning::Place::l1 : Tuning::Place::l2;
    if (bytes > caches_.l3) return Tuning::Place::memory;
    return bytes <= 4 * caches_.l2 ? Tuning::Place::beyond : Tuning::Place::l3;
  }

  const Ahead& rule_of(Tuning::Work work, std::uint64_t bytes, std::uint64_t row_bytes) const noexcept {
    return tuning_.ahead(work, place_of(bytes), Tuning::width_of(row_bytes));
  }
  const Ahead& rule_of_pooling(std::uint64_t bytes, std::uint64_t row_bytes, std::uint64_t bits) const noexcept {
    const Tuning::Work work = is_narrow(bits) ? Tuning::Work::pooled_narrow
                              : bits == 16    ? Tuning::Work::pooled_half
                                              : Tuning::Work::pooled;
    return rule_of(work, bytes, row_bytes);
  }

  /// The first rows of a call come without a prefetch, as many as it looks ahead: a short one looks less far.
  static constexpr std::size_t most_of_call(std::size_t reads) noexcept {
    return std::max<std::size_t>(16, std::min<std::size_t>(reads / 16, Tuning::most_ahead));
  }
  /// A rule as far as `most` rows. Kernels read indices as far ahead as the first stage is: a second one that is not
  /// nearer is left out, whatever a caller has put into the rule.
  static constexpr simd::Prefetch within(const Ahead& rule, std::size_t most) noexcept {
    const std::size_t far = std::min<std::size_t>(rule.l2, most);
    const std::size_t near = std::min<std::size_t>(rule.l1, most);
    return {.far = far, .near = far != 0 && near >= far ? 0 : near};
  }

  Tuning tuning_;
  simd::CacheSizes caches_;
};

/// Bytes that a call moves.
std::uint64_t bytes_to_move(const TableView& table, std::size_t reads, std::size_t writes) noexcept;

}  // namespace rowan::detail
