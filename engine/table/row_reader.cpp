// Batches overlap: reading, parsing and writing are tiles of one loop, so threads that have nothing to parse write.
#include "engine/table/row_reader.hpp"

#include <utility>

#include "engine/support/error.hpp"

namespace rowan::detail {

Result<void> for_each_batch(RowReader& reader, const Parallel& parallel,
                            const std::function<Result<void>(std::span<const RowBlock>)>& take,
                            const std::function<void()>& took) {
  std::vector<RowBlock> parsed;
  std::vector<RowBlock> waiting;  // of the batch before
  std::size_t wait = 0;           // blocks of that
  std::vector<Result<void>> outcomes;
  for (;;) {
    const auto tiles = reader.begin_batch();
    if (!tiles) return tiles.error();
    if (*tiles == 0 && wait == 0) return {};
    if (parsed.size() < *tiles) parsed.resize(*tiles);
    outcomes.assign(*tiles + 2, {});
    // The first tile is the caller's; threads that come to help begin in the middle.
    const std::size_t middle = outcomes.size() / 2;
    const auto tile = [&](std::size_t i) noexcept {
      if (i == middle) return reader.read_ahead();
      const std::size_t number = i < middle ? i - 1 : i - 2;  // of the batch's tiles, but for the first
      outcomes[i] =
          guarded([&] { return i == 0 ? take(std::span(waiting).first(wait)) : reader.parse(number, parsed[number]); });
    };
    const Status ran = parallel.for_each(outcomes.size(), tile);
    if (!ran.ok()) return Error{ran.code, ran.message()};
    for (const Result<void>& outcome : outcomes) {
      if (!outcome) return outcome;
    }
    if (wait != 0) took();
    if (*tiles != 0) {
      if (const auto good = reader.end_batch(std::span(parsed).first(*tiles)); !good) return good;
    }
    std::swap(parsed, waiting);
    wait = *tiles;
  }
}

}  // namespace rowan::detail
