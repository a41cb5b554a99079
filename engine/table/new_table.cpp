// New tables: what they are to be, and those in memory.
#include "engine/table/new_table.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/files/file_map.hpp"
#include "engine/support/checked.hpp"
#include "engine/support/error.hpp"
#include "engine/table/random_values.hpp"
#include "engine/table/row_stride.hpp"
#include "engine/table/table_maker.hpp"
#include "engine/table/table_name.hpp"

namespace rowan {
namespace detail {

Result<TablePlan> plan_table(const NewTable& table) {
  if (const auto good = check_table_name(table.name); !good) return good.error();
  if (static_cast<int>(table.dtype) >= dtype_count)
    return make_error(Code::invalid_argument, "there is no such element type");
  if (table.dim == 0) return make_error(Code::invalid_argument, "the dim of the new table is 0; it is at least 1");
  const auto stride = row_stride(table.dim, table.dtype, table.pad_rows);
  const auto bytes = stride ? checked_multiply(*stride, table.rows) : std::nullopt;
  // No object is larger than what a signed difference of pointers can say.
  if (!bytes || *bytes > static_cast<std::uint64_t>(INT64_MAX)) {
    return make_error(Code::invalid_argument, "a table of ", table.rows, " rows of dim ", table.dim,
                      " is larger than memory");
  }
  if (const auto error = check_init(table.init)) return *error;
  TablePlan result{.table = table, .stride = *stride, .bytes = *bytes};
  if (!table.padding_index) return result;
  const std::int64_t index = *table.padding_index;
  const auto rows = static_cast<std::int64_t>(std::min<std::uint64_t>(table.rows, INT64_MAX));
  if (index < -rows || index >= rows) {
    return make_error(Code::invalid_argument, "the padding index ", index, " is not in [-", rows, ", ", rows, ")");
  }
  result.padding_row = static_cast<std::uint64_t>(index < 0 ? index + rows : index);
  return result;
}

}  // namespace detail

Result<Table> Table::create(const NewTable& description, Threads threads) {
  return detail::guarded([&]() -> Result<Table> {
    const Result<detail::TablePlan> planned = detail::plan_table(description);
    if (!planned) return planned.error();
    const detail::Parallel parallel(threads);
    if (!parallel.status().ok()) return Error{parallel.status().code, parallel.status().message()};
    Result<detail::Mapping> memory = detail::Mapping::anonymous(planned->bytes);
    if (!memory) return memory.error();
    auto owner = std::make_shared<detail::Mapping>(*std::move(memory));
    const auto filled = detail::fill_rows(*planned, 0, description.rows, owner->writable().data(), parallel);
    if (!filled) return filled.error();
    const auto view =
        TableView::over(owner->bytes(), description.rows, description.dim, description.dtype, planned->stride);
    if (!view) return view.error();
    return detail::TableMaker::table(
        {.name = description.name, .view = *view, .owner = std::move(owner), .keys = {}, .writable = true});
  });
}

}  // namespace rowan
