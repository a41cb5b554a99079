// New tables, in memory and in files, with the same bits.
#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "engine/parallel.hpp"
#include "engine/support/checked.hpp"
#include "engine/support/element.hpp"
#include "engine/support/error.hpp"
#include "engine/support/floating_point.hpp"
#include "engine/support/quantized.hpp"
#include "engine/table/file_layout.hpp"
#include "engine/table/file_map.hpp"
#include "engine/table/native.hpp"
#include "engine/table/random_values.hpp"
#include "engine/table/row_layout.hpp"
#include "engine/table/table_file.hpp"
#include "rowan/file.hpp"
#include "rowan/table.hpp"
#include "simd/scalar.hpp"

namespace rowan {

using detail::make_error;

namespace {

/// Elements that one tile makes: enough work to be worth a task, a multiple of the generator's four.
constexpr std::uint64_t tile_elements = std::uint64_t{1} << 15;

/// What is known about a new table once its description was checked.
struct Plan {
  NewTable table;
  std::uint64_t stride = 0;
  std::uint64_t bytes = 0;
  std::optional<std::uint64_t> padding_row = {};
};

Result<Plan> plan(const NewTable& table) {
  if (const auto good = detail::check_table_name(table.name); !good) return good.error();
  if (static_cast<int>(table.dtype) >= dtype_count)
    return make_error(Code::invalid_argument, "there is no such element type");
  if (table.dim == 0) return make_error(Code::invalid_argument, "the dim of the new table is 0; it is at least 1");
  const auto stride = detail::row_stride(table.dim, table.dtype, table.pad_rows);
  const auto bytes = stride ? detail::checked_multiply(*stride, table.rows) : std::nullopt;
  // No object is larger than what a signed difference of pointers can say.
  if (!bytes || *bytes > static_cast<std::uint64_t>(INT64_MAX)) {
    return make_error(Code::invalid_argument, "a table of ", table.rows, " rows of dim ", table.dim,
                      " is larger than memory");
  }
  if (const auto error = detail::check_init(table.init)) return *error;
  Plan result{.table = table, .stride = *stride, .bytes = *bytes};
  if (!table.padding_index) return result;
  const std::int64_t index = *table.padding_index;
  const auto rows = static_cast<std::int64_t>(std::min<std::uint64_t>(table.rows, INT64_MAX));
  if (index < -rows || index >= rows) {
    return make_error(Code::invalid_argument, "the padding index ", index, " is not in [-", rows, ", ", rows, ")");
  }
  result.padding_row = static_cast<std::uint64_t>(index < 0 ? index + rows : index);
  return result;
}

/// Stores elements [first, first + count) of a table, counted without the padding of rows, at their places in
/// memory that starts with row `base_row` and holds zeros.
void store_elements(const Plan& plan, std::uint64_t first, std::span<const float> values, std::uint64_t base_row,
                    std::byte* memory) noexcept {
  const std::uint64_t dim = plan.table.dim;
  const simd::Element element = detail::element_of(plan.table.dtype);
  while (!values.empty()) {
    const std::uint64_t row = first / dim;
    const std::uint64_t column = first % dim;
    const std::size_t count = std::min<std::uint64_t>(values.size(), dim - column);
    if (row != plan.padding_row) {
      std::byte* at = memory + (row - base_row) * plan.stride + column * native::column_bytes(plan.table.dtype);
      simd::encode(element, values.data(), count, at);
    }
    values = values.subspan(count);
    first += count;
  }
}

/// Fills rows [begin, end), whose elements stand on their own, into zeroed memory.
Status fill_elements(const Plan& plan, std::uint64_t begin, std::uint64_t end, std::byte* memory,
                     const detail::Parallel& parallel) {
  const std::uint64_t first = begin * plan.table.dim;
  const std::uint64_t last = end * plan.table.dim;
  const std::uint64_t first_tile = first / tile_elements;
  const std::uint64_t tiles = (last - 1) / tile_elements + 1 - first_tile;
  return parallel.for_each(tiles, [&](std::size_t tile) noexcept {
    constexpr std::size_t chunk = 1024;
    std::array<float, chunk> values;
    const std::uint64_t tile_begin = (first_tile + tile) * tile_elements;
    for (std::uint64_t at = tile_begin; at < tile_begin + tile_elements; at += chunk) {
      const std::uint64_t from = std::max(at, first);
      const std::uint64_t to = std::min(at + chunk, last);
      if (from >= to) continue;
      detail::random_values(plan.table.init, at, std::span(values).first(to - at));
      store_elements(plan, from, std::span<const float>(values).subspan(from - at, to - from), begin, memory);
    }
  });
}

/// Fills quantised rows [begin, end) into zeroed memory: a row is quantised when all of its elements are there.
Result<void> fill_quantized(const Plan& plan, std::uint64_t begin, std::uint64_t end, std::byte* memory,
                            const detail::Parallel& parallel) {
  const std::uint64_t dim = plan.table.dim;
  const std::uint64_t step = std::max<std::uint64_t>(1, tile_elements / dim);
  const std::uint64_t tiles = (end - begin - 1) / step + 1;
  std::vector<Result<void>> outcomes(tiles);
  const Status status = parallel.for_each(tiles, [&](std::size_t tile) noexcept {
    outcomes[tile] = detail::guarded([&]() -> Result<void> {
      std::vector<float> values(dim + 3);  // from the generator's block of four that the row starts in
      const std::uint64_t first = begin + tile * step;
      for (std::uint64_t row = first; row < first + std::min(step, end - first); ++row) {
        if (row == plan.padding_row) continue;
        const std::uint64_t skipped = row * dim % 4;
        detail::random_values(plan.table.init, row * dim - skipped, std::span(values).first(skipped + dim));
        const simd::Encoded outcome = simd::encode(detail::element_of(plan.table.dtype), values.data() + skipped, dim,
                                                   memory + (row - begin) * plan.stride);
        if (outcome != simd::Encoded::ok) {
          return make_error(Code::invalid_argument, "row ", row, " of the new table ",
                            detail::why_not_quantized(outcome, plan.table.dtype));
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

/// Fills rows [begin, end) into zeroed memory. Quantised zeros are zero bytes too: codes, scale and bias.
Result<void> fill_rows(const Plan& plan, std::uint64_t begin, std::uint64_t end, std::byte* memory,
                       const detail::Parallel& parallel) {
  if (plan.table.init.kind == Init::Kind::zeros || begin == end) return {};
  const detail::FloatingPointMode mode(detail::default_floating_point);  // whatever the caller's is; tiles inherit it
  if (is_quantized(plan.table.dtype)) return fill_quantized(plan, begin, end, memory, parallel);
  const Status status = fill_elements(plan, begin, end, memory, parallel);
  if (!status.ok()) return Error{status.code, status.message()};
  return {};
}

}  // namespace

Result<Table> Table::create(const NewTable& description, Threads threads) {
  return detail::guarded([&]() -> Result<Table> {
    const Result<Plan> planned = plan(description);
    if (!planned) return planned.error();
    const detail::Parallel parallel(threads);
    if (!parallel.status().ok()) return Error{parallel.status().code, parallel.status().message()};
    Result<detail::Mapping> memory = detail::Mapping::anonymous(planned->bytes);
    if (!memory) return memory.error();
    auto owner = std::make_shared<detail::Mapping>(*std::move(memory));
    const auto filled = fill_rows(*planned, 0, description.rows, owner->writable().data(), parallel);
    if (!filled) return filled.error();
    const auto view =
        TableView::over(owner->bytes(), description.rows, description.dim, description.dtype, planned->stride);
    if (!view) return view.error();

    Table table;
    table.name_ = description.name;
    table.view_ = *view;
    table.writable_ = true;
    table.owner_ = std::move(owner);
    return table;
  });
}

Result<WriteReport> create_table_file(const std::string& path, const NewTable& description, const WriteOptions& options,
                                      Threads threads) {
  return detail::guarded([&]() -> Result<WriteReport> {
    const Result<Plan> planned = plan(description);
    if (!planned) return planned.error();
    const detail::Parallel parallel(threads);
    if (!parallel.status().ok()) return Error{parallel.status().code, parallel.status().message()};
    Result<TableWriter> writer = TableWriter::create(path,
                                                     {{.name = description.name,
                                                       .dim = description.dim,
                                                       .dtype = description.dtype,
                                                       .pad_rows = description.pad_rows}},
                                                     options);
    if (!writer) return writer.error();

    // Some tiles for every thread, and at least a row.
    const std::uint64_t wanted = 16 * tile_elements * static_cast<std::uint64_t>(parallel.concurrency());
    const std::uint64_t batch = std::max<std::uint64_t>(1, wanted / description.dim);
    std::vector<std::byte> rows;
    for (std::uint64_t begin = 0; begin < description.rows; begin += batch) {
      const std::uint64_t end = begin + std::min(batch, description.rows - begin);
      rows.assign((end - begin) * planned->stride, std::byte{0});
      const auto filled = fill_rows(*planned, begin, end, rows.data(), parallel);
      if (!filled) return filled.error();
      if (const auto good = writer->append_encoded(0, rows, {}, {}); !good) return good.error();
    }
    return writer->publish();
  });
}

}  // namespace rowan
