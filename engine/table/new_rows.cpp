// The rows of new tables.
#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "engine/support/element.hpp"
#include "engine/support/error.hpp"
#include "engine/support/floating_point.hpp"
#include "engine/support/quantized.hpp"
#include "engine/table/new_table.hpp"
#include "engine/table/random_values.hpp"
#include "engine/table/row_stride.hpp"
#include "simd/scalar.hpp"

namespace rowan::detail {
namespace {

/// Stores elements [first, first + count) of a table, counted without the padding of rows, at their places in
/// memory that starts with row `base_row` and holds zeros.
void store_elements(const TablePlan& plan, std::uint64_t first, std::span<const float> values, std::uint64_t base_row,
                    std::byte* memory) noexcept {
  const std::uint64_t dim = plan.table.dim;
  const simd::Element element = element_of(plan.table.dtype);
  while (!values.empty()) {
    const std::uint64_t row = first / dim;
    const std::uint64_t column = first % dim;
    const std::size_t count = std::min<std::uint64_t>(values.size(), dim - column);
    if (row != plan.padding_row) {
      std::byte* at = memory + (row - base_row) * plan.stride + column * column_bytes(plan.table.dtype);
      simd::encode(element, values.data(), count, at);
    }
    values = values.subspan(count);
    first += count;
  }
}

/// Fills rows [begin, end), whose elements stand on their own, into zeroed memory.
Status fill_elements(const TablePlan& plan, std::uint64_t begin, std::uint64_t end, std::byte* memory,
                     const Parallel& parallel) {
  const std::uint64_t first = begin * plan.table.dim;
  const std::uint64_t last = end * plan.table.dim;
  const std::uint64_t first_tile = first / new_tile_elements;
  const std::uint64_t tiles = (last - 1) / new_tile_elements + 1 - first_tile;
  return parallel.for_each(tiles, [&](std::size_t tile) noexcept {
    constexpr std::size_t chunk = 1024;
    std::array<float, chunk> values;
    const std::uint64_t tile_begin = (first_tile + tile) * new_tile_elements;
    for (std::uint64_t at = tile_begin; at < tile_begin + new_tile_elements; at += chunk) {
      const std::uint64_t from = std::max(at, first);
      const std::uint64_t to = std::min(at + chunk, last);
      if (from >= to) continue;
      random_values(plan.table.init, at, std::span(values).first(to - at));
      store_elements(plan, from, std::span<const float>(values).subspan(from - at, to - from), begin, memory);
    }
  });
}

/// Fills quantised rows [begin, end) into zeroed memory: a row is quantised when all of its elements are there.
Result<void> fill_quantized(const TablePlan& plan, std::uint64_t begin, std::uint64_t end, std::byte* memory,
                            const Parallel& parallel) {
  const std::uint64_t dim = plan.table.dim;
  const std::uint64_t step = std::max<std::uint64_t>(1, new_tile_elements / dim);
  const std::uint64_t tiles = (end - begin - 1) / step + 1;
  std::vector<Result<void>> outcomes(tiles);
  const Status status = parallel.for_each(tiles, [&](std::size_t tile) noexcept {
    outcomes[tile] = guarded([&]() -> Result<void> {
      std::vector<float> values(dim + 3);  // from the generator's block of four that the row starts in
      const std::uint64_t first = begin + tile * step;
      for (std::uint64_t row = first; row < first + std::min(step, end - first); ++row) {
        if (row == plan.padding_row) continue;
        const std::uint64_t skipped = row * dim % 4;
        random_values(plan.table.init, row * dim - skipped, std::span(values).first(skipped + dim));
        const simd::Encoded outcome = simd::encode(element_of(plan.table.dtype), values.data() + skipped, dim,
                                                   memory + (row - begin) * plan.stride);
        if (outcome != simd::Encoded::ok) {
          return make_error(Code::invalid_argument, "row ", row, " of the new table ",
                            why_not_quantized(outcome, plan.table.dtype));
        }
      }
      return {};
    });
  });
  if (!status.ok()) return Error{status.code, status.message()};
  for (const Result<void>& outcome : outcomes) {
    if (!outcome) return outcome.error();
  }
  return {};
}

}  // namespace

Result<void> fill_rows(const TablePlan& plan, std::uint64_t begin, std::uint64_t end, std::byte* memory,
                       const Parallel& parallel) {
  // Quantised zeros are zero bytes too: codes, scale and bias.
  if (plan.table.init.kind == Init::Kind::zeros || begin == end) return {};
  const FloatingPointMode mode(default_floating_point);  // whatever the caller's is; tiles inherit it
  if (is_quantized(plan.table.dtype)) return fill_quantized(plan, begin, end, memory, parallel);
  const Status status = fill_elements(plan, begin, end, memory, parallel);
  if (!status.ok()) return Error{status.code, status.message()};
  return {};
}

}  // namespace rowan::detail
