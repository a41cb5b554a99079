// Rows and keys of open tables, handed to a writer.
#include "engine/native/save.hpp"

#include <vector>

#include "engine/parallel.hpp"
#include "engine/support/element.hpp"
#include "engine/support/error.hpp"
#include "engine/table/row_stride.hpp"
#include "engine/table/table_rows.hpp"

namespace rowan {
namespace {

/// Rows are padded again where they were; those of another stride are written without gaps.
bool has_padded_rows(const Table& table) noexcept {
  const std::uint64_t stride = table.row_stride();
  return stride > table.view().row_bytes() && stride % detail::cache_line_bytes == 0 &&
         stride - table.view().row_bytes() < detail::cache_line_bytes;
}

Result<void> append_rows(TableWriter& writer, std::size_t number, const Table& table,
                         const detail::Parallel& parallel) {
  const detail::RowLayout layout{.dim = static_cast<std::size_t>(table.dim()),
                                 .stride = static_cast<std::size_t>(writer.row_stride(number)),
                                 .element = detail::element_of(table.dtype())};
  const auto rows = detail::TableRows::make(table, table.rows(), true, layout, {});
  if (!rows) return rows.error();
  const auto append = [&](std::span<const detail::RowBlock> blocks) -> Result<void> {
    for (const detail::RowBlock& block : blocks) {
      const auto good = writer.append_encoded(number, block.values, block.tokens, block.ids);
      if (!good) return good;
    }
    return {};
  };
  return detail::for_each_batch(**rows, parallel, append, [] {});
}

}  // namespace

Result<WriteReport> detail::TableSaver::save(const std::string& path, std::span<const Table> tables,
                                             const WriteOptions& options, const Extras& extras) {
  std::vector<TableLayout> layouts;
  for (const Table& table : tables) {
    layouts.push_back({.name = table.name(),
                       .dim = table.dim(),
                       .dtype = table.dtype(),
                       .keys = table.vocabulary().kind(),
                       .pad_rows = has_padded_rows(table),
                       .keep_duplicates = true});
  }
  Result<TableWriter> writer = TableWriter::create(path, std::move(layouts), options, extras);
  if (!writer) return writer.error();
  const Parallel parallel(Threads::caller());
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (const auto good = append_rows(*writer, i, tables[i], parallel); !good) return good.error();
  }
  return writer->publish();
}

Result<WriteReport> save_tables(const std::string& path, std::span<const Table> tables, const WriteOptions& options) {
  return detail::guarded([&] { return detail::TableSaver::save(path, tables, options, {}); });
}

}  // namespace rowan
