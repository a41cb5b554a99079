#include "engine/training/transpose.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "engine/training/parts.hpp"

namespace rowan::detail {
namespace {

/// A radix sort's passes: `count` of them, over digits of `bits` bits.
struct Passes {
  unsigned count;
  unsigned bits;
};

/// Few passes over wide digits for many occurrences, narrow digits where the counters would cost more than they do.
Passes passes_of(unsigned key_bits, std::size_t occurrences) noexcept {
  constexpr unsigned widest = 11;  // whose counters L1 holds
  Passes best{1, key_bits};
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (unsigned count = (key_bits + widest - 1) / widest; count <= 8; ++count) {
    const unsigned bits = (key_bits + count - 1) / count;
    const std::size_t cost = count * (2 * occurrences + (std::size_t{1} << bits));
    if (cost < least) best = {count, bits};
    least = std::min(least, cost);
  }
  return best;
}

template <class Word>
class Transposition {
 public:
  using Item = Occurrence<Word>;

  Transposition(const Machine& machine, std::span<const PlannedLookup> lookups, const TableView& table,
                bool by_position, bool split, TransposeMemory& memory)
      : machine_(machine), lookups_(lookups), table_(table), by_position_(by_position), split_(split), memory_(memory) {
    for (const PlannedLookup& lookup : lookups) {
      count_ += lookup.bags.last_end;
      drops_ = drops_ || lookup.drops();
    }
  }

  Transposed run() {
    constexpr std::size_t words = sizeof(Item) / sizeof(std::uint64_t);
    items_ = reinterpret_cast<Item*>(memory_.words[0].get((count_ + 1) * words));
    other_ = reinterpret_cast<Item*>(memory_.words[1].get((count_ + 1) * words));
    chunks_ = split_ ? static_cast<std::size_t>(machine_.parallel.concurrency()) : 1;
    fill();
    sort();
    return result();
  }

 private:
  Transposed result() {
    // What was dropped stands behind all rows.
    const auto end = drops_ ? std::partition_point(items_, items_ + count_,
                                                   [&](const Item& item) { return item.row < table_.rows(); })
                            : items_ + count_;
    count_ = static_cast<std::size_t>(end - items_);
    Transposed result;
    result.unique = find_runs();
    result.occurrences = count_;
    result.rows = memory_.rows.get(0);
    result.starts = memory_.starts.get(0);
    result.sources = reinterpret_cast<std::byte*>(items_) + offsetof(Item, source);
    result.source_step = sizeof(Item);
    result.read = sizeof(Word) == 4 ? simd::IndexRead::low_32 : simd::IndexRead::full_64;
    return result;
  }

  template <class Body>
  void each(std::size_t parts, const Body& body) const {
    for_each_part(machine_, split_, parts, body);
  }
  std::size_t chunk_begin(std::size_t chunk) const noexcept {
    return count_ / chunks_ * chunk + std::min(chunk, count_ % chunks_);
  }

  void fill() {
    std::vector<BagPart>& parts = memory_.parts;
    parts.clear();
    for (std::size_t i = 0; i < lookups_.size(); ++i) {
      const CheckedBags& bags = lookups_[i].bags;
      if (split_) {
        const std::uint64_t bytes = bytes_to_move(table_, bags.last_end, bags.bags);
        append_parts(table_, bags, i, bytes / chunks_ + 1, parts);
      } else if (bags.bags != 0) {
        parts.push_back({.request = i, .first = 0, .last = bags.bags, .position = 0});
      }
    }
    each(parts.size(), [&](std::size_t i) noexcept { fill_part(parts[i]); });
  }

  void fill_part(const BagPart& part) const noexcept {
    const PlannedLookup& lookup = lookups_[part.request];
    const CheckedBags& bags = lookup.bags;
    Item* const out = items_ + lookup.first_position;
    const std::uint64_t rows = table_.rows();
    const bool drops = lookup.drops();
    const auto write = [&](std::size_t j, std::uint64_t index, std::uint64_t bag) noexcept {
      const std::uint64_t row = drops ? lookup.row_of(index, rows) : index;
      const std::uint64_t source = by_position_ ? lookup.first_position + j : lookup.first_bag + bag;
      out[j] = {static_cast<Word>(row), static_cast<Word>(source)};
    };
    if (bags.form == Bags::Form::fixed && bags.fixed_length == 1) {  // as many bags as rows: no loop for each
      for_values(bags.indices.span, part.first, part.last,
                 [&](std::size_t j, std::uint64_t index) noexcept { write(j, index, j); });
      return;
    }
    std::size_t position = part.position;
    for (std::size_t bag = part.first; bag < part.last; ++bag) {
      const std::size_t end = bags.end(bag, position);
      for_values(bags.indices.span, position, end,
                 [&](std::size_t j, std::uint64_t index) noexcept { write(j, index, bag); });
      position = end;
    }
  }

  void sort() {
    const std::uint64_t largest = drops_ ? table_.rows() : table_.rows() - (table_.rows() != 0 ? 1 : 0);
    const auto key_bits = static_cast<unsigned>(std::bit_width(largest));
    if (key_bits == 0 || count_ < 2) return;
    const Passes passes = passes_of(key_bits, count_ / chunks_);
    const std::size_t digits = std::size_t{1} << passes.bits;
    std::uint64_t* const counts = memory_.counts.get(digits * chunks_);
    for (unsigned pass = 0; pass < passes.count; ++pass) {
      const unsigned shift = pass * passes.bits;
      const auto digit_of = [&](const Item& item) {
        return static_cast<std::size_t>(item.row >> shift) & (digits - 1);
      };
      each(chunks_, [&](std::size_t chunk) noexcept {
        std::uint64_t* const mine = counts + chunk * digits;
        std::fill_n(mine, digits, 0);
        const Item* const end = items_ + chunk_begin(chunk + 1);
        for (const Item* item = items_ + chunk_begin(chunk); item != end; ++item) ++mine[digit_of(*item)];
      });
      std::uint64_t before = 0;
      for (std::size_t digit = 0; digit < digits; ++digit) {
        for (std::size_t chunk = 0; chunk < chunks_; ++chunk) {
          before += std::exchange(counts[chunk * digits + digit], before);
        }
      }
      each(chunks_, [&](std::size_t chunk) noexcept {
        std::uint64_t* const mine = counts + chunk * digits;
        Item* const out = other_;
        const Item* const end = items_ + chunk_begin(chunk + 1);
        for (const Item* item = items_ + chunk_begin(chunk); item != end; ++item) out[mine[digit_of(*item)]++] = *item;
      });
      std::swap(items_, other_);
    }
  }

  std::size_t find_runs() {
    std::uint64_t* const rows = memory_.rows.get(count_ + 1);
    std::size_t* const starts = memory_.starts.get(count_ + 2);
    starts[0] = 0;
    if (count_ == 0) return 0;
    items_[count_].row = static_cast<Word>(items_[count_ - 1].row + 1);  // ends the last run
    std::uint64_t* const ends_in = memory_.counts.get(chunks_ + 1);
    const auto ends_at = [items = items_](std::size_t i) -> std::size_t { return items[i].row != items[i + 1].row; };
    if (chunks_ > 1) {
      each(chunks_, [&](std::size_t chunk) noexcept {
        const std::size_t end = chunk_begin(chunk + 1);
        std::size_t ends = 0;
        for (std::size_t i = chunk_begin(chunk); i < end; ++i) ends += ends_at(i);
        ends_in[chunk] = ends;
      });
      std::uint64_t before = 0;
      for (std::size_t chunk = 0; chunk < chunks_; ++chunk) before += std::exchange(ends_in[chunk], before);
    } else {
      ends_in[0] = 0;
    }
    each(chunks_, [&](std::size_t chunk) noexcept {
      const std::size_t end = chunk_begin(chunk + 1);
      std::size_t u = ends_in[chunk];
      std::size_t i = chunk_begin(chunk);
      // Up to the last end in this chunk: what is behind that is written by the chunk in which its run ends.
      const std::size_t last = chunk + 1 < chunks_ ? ends_in[chunk + 1] : std::numeric_limits<std::size_t>::max();
      const Item* const items = items_;
      for (; i < end && u < last; ++i) {
        rows[u] = items[i].row;
        starts[u + 1] = i + 1;
        u += ends_at(i);
      }
      if (chunk + 1 == chunks_) ends_in[chunks_] = u;
    });
    return ends_in[chunks_];
  }

  const Machine& machine_;
  std::span<const PlannedLookup> lookups_;
  const TableView& table_;
  bool by_position_;
  bool split_;
  TransposeMemory& memory_;
  std::size_t count_ = 0;
  bool drops_ = false;
  std::size_t chunks_ = 1;
  Item* items_ = nullptr;
  Item* other_ = nullptr;
};

}  // namespace

Transposed transpose(const Machine& machine, std::span<const PlannedLookup> lookups, const TableView& table,
                     bool by_position, bool split, TransposeMemory& memory) {
  constexpr std::uint64_t narrow = std::numeric_limits<std::uint32_t>::max();
  std::uint64_t sources = 0;
  for (const PlannedLookup& lookup : lookups) sources += lookup.bags.last_end + lookup.bags.bags;
  if (table.rows() < narrow && sources <= narrow) {
    return Transposition<std::uint32_t>(machine, lookups, table, by_position, split, memory).run();
  }
  return Transposition<std::uint64_t>(machine, lookups, table, by_position, split, memory).run();
}

}  // namespace rowan::detail
