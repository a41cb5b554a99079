// From bags of rows to rows and where each occurs: a stable radix sort, whose cost grows with the indices alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "engine/lookup/compute_context.hpp"
#include "engine/lookup/parts.hpp"
#include "engine/training/buffer.hpp"
#include "engine/training/plan.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

/// One member of one bag. `source` is its bag, or its position where each has something of its own.
template <class Word>
struct Occurrence {
  Word row;
  Word source;
};

/// The unique rows of a call, and for each its occurrences in the order of the call: those of rows[u] are [starts[u],
/// starts[u + 1]).
struct Transposed {
  std::size_t unique = 0;
  std::size_t lone = 0;  // of them come first and occur once
  std::size_t occurrences = 0;
  const std::uint64_t* rows = nullptr;
  const std::size_t* starts = nullptr;
  // Sources as the pooling kernels read indices.
  std::byte* sources = nullptr;
  std::size_t source_step = 0;
  simd::IndexRead read = simd::IndexRead::low_32;

  std::size_t count(std::size_t u) const noexcept { return starts[u + 1] - starts[u]; }
  std::uint64_t source(std::size_t i) const noexcept {
    const std::byte* const at = sources + i * source_step;
    if (read == simd::IndexRead::full_64) return load<std::uint64_t>(at);
    return load<std::uint32_t>(at);
  }
  void set_source(std::size_t i, std::uint64_t value) const noexcept {
    std::memcpy(sources + i * source_step, &value, source_step / 2);  // little-endian: 4 bytes are its low half
  }

 private:
  template <class Word>
  static Word load(const std::byte* at) noexcept {
    Word value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
};

/// Occurrences that one thread fills in and counts.
struct Chunk {
  std::size_t first_part;
  std::size_t last_part;
  std::size_t begin;  ///< of its occurrences
  std::size_t end;
};

/// The memory of a transposition.
struct TransposeMemory {
  Buffer<std::uint64_t> words[2];  // occurrences, and where a pass of the sort puts them
  Buffer<std::uint64_t> filter;
  Buffer<std::uint64_t> counts;
  Buffer<std::size_t> run_ends;
  Buffer<std::uint64_t> rows;
  Buffer<std::size_t> starts;
  std::vector<BagPart> parts;
  std::vector<Chunk> chunks;

  template <class Word>
  Word* counters(std::size_t count) {
    return reinterpret_cast<Word*>(counts.get((count * sizeof(Word) + 7) / 8));
  }

  std::size_t bytes() const noexcept {
    return words[0].bytes() + words[1].bytes() + filter.bytes() + counts.bytes() + run_ends.bytes() + rows.bytes() +
           starts.bytes() + parts.capacity() * sizeof(BagPart) + chunks.capacity() * sizeof(Chunk);
  }
};

struct TransposeOptions {
  bool by_position = false;  ///< sources are positions, not bags
  /// Unique rows need not ascend: most of those that occur once come first, in the order of the call, which spares
  /// sorting them, and whoever goes through them finds what their bags share in L1. The others ascend behind them.
  bool any_order = false;
  bool split = false;  ///< on threads
};

/// The transposition of planned lookups of a table. Throws std::bad_alloc and ThreadsFailed. What it gives lies in
/// `memory`, where the parts that the lookups were cut into are too.
Transposed transpose(const ComputeContext& context, std::span<const PlannedLookup> lookups, const TableView& table,
                     const TransposeOptions& options, TransposeMemory& memory);

}  // namespace rowan::detail
