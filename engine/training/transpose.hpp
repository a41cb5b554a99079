// From bags of rows to rows and where each occurs: a stable radix sort, whose cost grows with the indices alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "engine/lookup/machine.hpp"
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

/// The unique rows of a call in ascending order, and for each its occurrences in the order of the call: those of
/// rows[u] are [starts[u], starts[u + 1]).
struct Transposed {
  std::size_t unique = 0;
  std::size_t occurrences = 0;
  const std::uint64_t* rows = nullptr;
  const std::size_t* starts = nullptr;
  // Sources as the pooling kernels read indices.
  std::byte* sources = nullptr;
  std::size_t source_step = 0;
  simd::IndexRead read = simd::IndexRead::low_32;

  std::size_t count(std::size_t u) const noexcept { return starts[u + 1] - starts[u]; }
  std::uint64_t source(std::size_t i) const noexcept {
    std::uint64_t value = 0;  // little-endian: 4 bytes are its low half
    std::memcpy(&value, sources + i * source_step, source_step / 2);
    return value;
  }
  void set_source(std::size_t i, std::uint64_t value) const noexcept {
    std::memcpy(sources + i * source_step, &value, source_step / 2);
  }
};

/// The memory of a transposition.
struct TransposeMemory {
  Buffer<std::uint64_t> words[2];  // occurrences, and where a pass of the sort puts them
  Buffer<std::uint64_t> counts;
  Buffer<std::uint64_t> rows;
  Buffer<std::size_t> starts;
  std::vector<BagPart> parts;

  std::size_t bytes() const noexcept {
    return words[0].bytes() + words[1].bytes() + counts.bytes() + rows.bytes() + starts.bytes() +
           parts.capacity() * sizeof(BagPart);
  }
};

/// The transposition of planned lookups of a table of `rows` rows, on threads where `split`. Throws std::bad_alloc and
/// ThreadsFailed. What it gives lies in `memory`, where the parts that the lookups were cut into are too.
Transposed transpose(const Machine& machine, std::span<const PlannedLookup> lookups, const TableView& table,
                     bool by_position, bool split, TransposeMemory& memory);

}  // namespace rowan::detail
