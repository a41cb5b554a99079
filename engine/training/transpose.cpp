#include "engine/training/transpose.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "engine/training/occurrence_filter.hpp"
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
  constexpr unsigned widest = 12;  // whose counters L1 holds
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

constexpr auto never = [](std::uint64_t) noexcept { return false; };

template <class Word>
class Transposition {
 public:
  using Item = Occurrence<Word>;

  Transposition(const ComputeContext& context, std::span<const PlannedLookup> lookups, const TableView& table,
                const TransposeOptions& options, TransposeMemory& memory)
      : context_(context), lookups_(lookups), table_(table), options_(options), memory_(memory) {
    for (const PlannedLookup& lookup : lookups) count_ += lookup.bags.last_end;
    chunks_ = options.split ? static_cast<std::size_t>(context.parallel.concurrency()) : 1;
  }

  Transposed run() {
    constexpr std::size_t words = sizeof(Item) / sizeof(std::uint64_t);
    items_ = reinterpret_cast<Item*>(memory_.words[0].get((count_ + 1) * words));
    other_ = reinterpret_cast<Item*>(memory_.words[1].get((count_ + 1) * words));
    const std::uint64_t largest = std::max<std::uint64_t>(table_.rows(), 2) - 1;
    passes_ = passes_of(static_cast<unsigned>(std::bit_width(largest)), count_ / chunks_);
    digits_ = std::size_t{1} << passes_.bits;
    counts_ = memory_.counters<Word>((digits_ + 1) * chunks_);
    cut();
    Transposed result;
    if (options_.any_order && OccurrenceFilter::pays(count_, table_.rows())) {
      const OccurrenceFilter filter = fill_filter();
      const auto is_lone = [&](std::uint64_t row) noexcept { return filter.occurs_once(row); };
      each(chunks_, [&](std::size_t chunk) noexcept { count(chunk, 0, is_lone); });
      result.unique = sort(is_lone);
    } else {
      each(chunks_, [&](std::size_t chunk) noexcept {
        fill(chunk);
        count(chunk, 0, never);
      });
      result.unique = sort(never);
    }
    result.lone = lone_;
    result.occurrences = count_;
    result.rows = memory_.rows.get(0);
    result.starts = memory_.starts.get(0);
    result.sources = reinterpret_cast<std::byte*>(items_) + offsetof(Item, source);
    result.source_step = sizeof(Item);
    result.read = sizeof(Word) == 4 ? simd::IndexRead::low_32 : simd::IndexRead::full_64;
    return result;
  }

 private:
  template <class Body>
  void each(std::size_t parts, const Body& body) const {
    for_each_part(context_, options_.split, parts, body);
  }

  /// Cuts the lookups into parts, and those into chunks.
  void cut() {
    std::vector<BagPart>& parts = memory_.parts;
    parts.clear();
    std::size_t bags = 0;
    for (const PlannedLookup& lookup : lookups_) bags += lookup.bags.bags;
    const std::uint64_t bytes = bytes_to_move(table_, count_, bags);
    for (std::size_t i = 0; i < lookups_.size(); ++i) {
      append_parts(table_, lookups_[i].bags, i, bytes / chunks_ + 1, parts);
    }
    std::vector<Chunk>& chunks = memory_.chunks;
    chunks.clear();
    std::size_t first = 0;
    for (std::size_t chunk = 0; chunk < chunks_; ++chunk) {
      const std::size_t until = chunk + 1 < chunks_ ? count_ / chunks_ * (chunk + 1) : count_ + 1;
      const std::size_t position = first < parts.size() ? position_of(parts[first]) : count_;
      Chunk& made = chunks.emplace_back(Chunk{first, first, position, position});
      while (first < parts.size() && position_of(parts[first]) < until) ++first;
      made.last_part = first;
    }
  }
  std::size_t position_of(const BagPart& part) const noexcept {
    return lookups_[part.request].first_position + part.position;
  }

  /// Writes the occurrences of a chunk, each at its position less those that were dropped before it in the chunk.
  void fill(std::size_t index) const noexcept {
    Chunk& chunk = memory_.chunks[index];
    Item* out = items_ + chunk.begin;
    for (std::size_t p = chunk.first_part; p < chunk.last_part; ++p) {
      const BagPart& part = memory_.parts[p];
      const PlannedLookup& lookup = lookups_[part.request];
      const CheckedBags& bags = lookup.bags;
      const std::uint64_t rows = table_.rows();
      const bool drops = lookup.drops();
      const bool by_position = options_.by_position;
      const std::size_t first_position = lookup.first_position;
      const std::size_t first_bag = lookup.first_bag;
      const bool last = p + 1 == memory_.parts.size() || memory_.parts[p + 1].request != part.request;
      std::size_t bag = part.first;
      std::size_t end = bags.end(bag, part.position);
      const auto write = [&](std::size_t j, std::uint64_t value) __attribute__((always_inline)) {
        while (j == end) end = bags.end(++bag, end);
        const std::uint64_t row = drops ? lookup.row_of(value, rows) : value;
        *out = {static_cast<Word>(row), static_cast<Word>(by_position ? first_position + j : first_bag + bag)};
        out += row != rows ? 1 : 0;
      };
      for_values(bags.indices.span, part.position, last ? bags.last_end : memory_.parts[p + 1].position, write);
    }
    chunk.end = static_cast<std::size_t>(out - items_);
  }

  OccurrenceFilter fill_filter() {
    const std::size_t words = OccurrenceFilter::words_for(count_);
    std::uint64_t* const memory = memory_.filter.get(words * chunks_);
    each(chunks_, [&](std::size_t index) noexcept {
      fill(index);
      std::uint64_t* const mine = memory + index * words;
      std::fill_n(mine, words, 0);
      const OccurrenceFilter filter(count_, table_.rows(), mine);
      const Chunk& chunk = memory_.chunks[index];
      for (const Item* item = items_ + chunk.begin; item != items_ + chunk.end; ++item) filter.add(item->row);
    });
    if (chunks_ > 1) {
      each(chunks_, [&](std::size_t part) noexcept {
        for (std::size_t i = words * part / chunks_; i < words * (part + 1) / chunks_; ++i) {
          for (std::size_t chunk = 1; chunk < chunks_; ++chunk) {
            memory[i] = OccurrenceFilter::merged(memory[i], memory[chunk * words + i]);
          }
        }
      });
    }
    return {count_, table_.rows(), memory};
  }

  /// By row, but for those that are lone: they come first, as they are. Of the first pass everything has been counted.
  /// Returns how many unique rows there are.
  template <class IsLone>
  std::size_t sort(const IsLone& is_lone) {
    for (std::size_t chunk = 0; chunk < chunks_; ++chunk) {
      lone_ += std::exchange(counts_of(chunk)[digits_], static_cast<Word>(lone_));
    }
    if (passes_.count == 1 && lone_ == 0) {  // digits are rows
      const std::size_t unique = find_runs_of_digits();
      place(0, is_lone);
      return unique;
    }
    count_ = find_places();
    place(0, is_lone);
    for (std::size_t chunk = 0; chunk < chunks_; ++chunk) {
      memory_.chunks[chunk].begin = share(lone_, count_, chunk);
      memory_.chunks[chunk].end = share(lone_, count_, chunk + 1);
    }
    for (unsigned pass = 1; pass < passes_.count; ++pass) {
      each(chunks_, [&](std::size_t chunk) noexcept { count(chunk, pass * passes_.bits, never); });
      static_cast<void>(find_places());
      if (pass == 1) {  // from then on they stand in both places
        each(chunks_, [&](std::size_t chunk) noexcept {
          std::copy(items_ + share(0, lone_, chunk), items_ + share(0, lone_, chunk + 1),
                    other_ + share(0, lone_, chunk));
        });
      }
      place(pass * passes_.bits, never);
    }
    return find_runs();
  }

  /// The counters of a chunk: of each digit, and of lone occurrences.
  Word* counts_of(std::size_t chunk) const noexcept { return counts_ + chunk * (digits_ + 1); }

  template <class IsLone>
  void count(std::size_t index, unsigned shift, const IsLone& is_lone) const noexcept {
    Word* const counts = counts_of(index);
    const std::size_t digits = digits_;
    std::fill_n(counts, digits + 1, Word{0});
    const Chunk chunk = memory_.chunks[index];
    Word all_lone = 0;
    for (const Item* item = items_ + chunk.begin; item != items_ + chunk.end; ++item) {
      const Word lone = is_lone(item->row) ? 1 : 0;
      all_lone += lone;
      counts[(item->row >> shift) & (digits - 1)] += 1 - lone;
    }
    counts[digits] = all_lone;
  }

  /// Makes counters of digits places, and returns where the last one ends.
  std::size_t find_places() const noexcept {
    std::size_t place = lone_;
    for (std::size_t digit = 0; digit < digits_; ++digit) place = place_digit(digit, place);
    return place;
  }
  std::size_t place_digit(std::size_t digit, std::size_t place) const noexcept {
    for (std::size_t chunk = 0; chunk < chunks_; ++chunk) {
      place += std::exchange(counts_of(chunk)[digit], static_cast<Word>(place));
    }
    return place;
  }

  /// The same where digits are rows, which gives the unique ones. Returns how many.
  std::size_t find_runs_of_digits() {
    std::uint64_t* const rows = memory_.rows.get(std::min(digits_, count_) + 1);
    std::size_t* const starts = memory_.starts.get(std::min(digits_, count_) + 2);
    std::size_t unique = 0;
    starts[0] = 0;
    for (std::size_t digit = 0; digit < digits_; ++digit) {
      rows[unique] = digit;
      starts[unique + 1] = place_digit(digit, starts[unique]);
      unique += starts[unique + 1] != starts[unique] ? 1 : 0;
    }
    count_ = starts[unique];
    return unique;
  }

  /// Puts each occurrence in its place. Whether it is a lone one cannot be foreseen: nothing branches on it.
  template <class IsLone>
  void place(unsigned shift, const IsLone& is_lone) {
    each(chunks_, [&, digits = digits_](std::size_t index) noexcept {
      Word* const places = counts_of(index);
      const Chunk chunk = memory_.chunks[index];
      Item* const out = other_;
      Word lone_place = places[digits];
      for (const Item* item = items_ + chunk.begin; item != items_ + chunk.end; ++item) {
        const Word lone = is_lone(item->row) ? 1 : 0;
        const Word mask = static_cast<Word>(-lone);
        Word& place = places[(item->row >> shift) & (digits - 1)];
        out[(lone_place & mask) | (place & ~mask)] = *item;
        lone_place += lone;
        place += 1 - lone;
      }
    });
    std::swap(items_, other_);
  }

  /// Where a chunk's share of [first, last) begins.
  std::size_t share(std::size_t first, std::size_t last, std::size_t chunk) const noexcept {
    const std::size_t count = last - first;
    return first + count / chunks_ * chunk + std::min(chunk, count % chunks_);
  }

  /// The unique rows, and how many.
  std::size_t find_runs() {
    std::uint64_t* const rows = memory_.rows.get(count_ + 1);
    std::size_t* const starts = memory_.starts.get(count_ + 2);
    starts[0] = 0;
    if (count_ == 0) return 0;
    items_[count_].row = static_cast<Word>(items_[count_ - 1].row + 1);  // ends the last run
    std::uint64_t* const ends_in = memory_.run_ends.get(chunks_ + 1);
    const auto ends_at = [items = items_](std::size_t i) -> std::size_t { return items[i].row != items[i + 1].row; };
    if (chunks_ > 1) {
      each(chunks_, [&](std::size_t chunk) noexcept {
        const std::size_t end = share(0, count_, chunk + 1);
        std::size_t ends = 0;
        for (std::size_t i = share(0, count_, chunk); i < end; ++i) ends += ends_at(i);
        ends_in[chunk] = ends;
      });
      std::uint64_t before = 0;
      for (std::size_t chunk = 0; chunk < chunks_; ++chunk) before += std::exchange(ends_in[chunk], before);
    } else {
      ends_in[0] = 0;
    }
    each(chunks_, [&](std::size_t chunk) noexcept {
      const std::size_t end = share(0, count_, chunk + 1);
      std::size_t u = ends_in[chunk];
      std::size_t i = share(0, count_, chunk);
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

  const ComputeContext& context_;
  std::span<const PlannedLookup> lookups_;
  const TableView& table_;
  TransposeOptions options_;
  TransposeMemory& memory_;
  std::size_t count_ = 0;  // members, when they have been counted
  std::size_t lone_ = 0;   // of which come first and are not sorted
  std::size_t chunks_ = 1;
  Passes passes_{};
  std::size_t digits_ = 1;  // values that a digit has
  Word* counts_ = nullptr;
  Item* items_ = nullptr;
  Item* other_ = nullptr;
};

}  // namespace

Transposed transpose(const ComputeContext& context, std::span<const PlannedLookup> lookups, const TableView& table,
                     const TransposeOptions& options, TransposeMemory& memory) {
  constexpr std::uint64_t narrow = std::numeric_limits<std::uint32_t>::max();
  std::uint64_t sources = 0;
  for (const PlannedLookup& lookup : lookups) sources += lookup.bags.last_end + lookup.bags.bags;
  if (table.rows() < narrow && sources <= narrow) {
    return Transposition<std::uint32_t>(context, lookups, table, options, memory).run();
  }
  return Transposition<std::uint64_t>(context, lookups, table, options, memory).run();
}

}  // namespace rowan::detail
