// Rows and keys of open tables, handed to a writer.
#include "engine/table/save.hpp"

#include <algorithm>
#include <vector>

#include "engine/support/error.hpp"
#include "engine/table/key_batch.hpp"

namespace rowan {
namespace {

/// Rows that are appended at a time.
constexpr std::uint64_t rows_at_a_time = 4096;

/// Rows are padded again where they were; those of another stride are written without gaps.
bool has_padded_rows(const Table& table) noexcept {
  const std::uint64_t stride = table.row_stride();
  return stride > table.view().row_bytes() && stride % 64 == 0 && stride - table.view().row_bytes() < 64;
}

/// Rows [begin, end) at the stride that they are written with: in place where that is theirs, else repacked.
std::span<const std::byte> rows_as_written(const Table& table, std::uint64_t begin, std::uint64_t end,
                                           std::uint64_t stride, std::vector<std::byte>& repacked) {
  const std::byte* const rows = table.view().data() + begin * table.row_stride();
  if (stride == table.row_stride()) return {rows, (end - begin) * stride};
  repacked.assign((end - begin) * stride, std::byte{0});
  for (std::uint64_t row = 0; row < end - begin; ++row) {
    std::copy_n(rows + row * table.row_stride(), table.view().row_bytes(), repacked.data() + row * stride);
  }
  return repacked;
}

Result<void> append_rows(TableWriter& writer, std::size_t number, const Table& table) {
  detail::KeyBatch keys;
  std::vector<std::byte> repacked;
  for (std::uint64_t begin = 0; begin < table.rows(); begin += rows_at_a_time) {
    const std::uint64_t end = std::min(begin + rows_at_a_time, table.rows());
    if (const auto good = keys.read(table, begin, end); !good) return good;
    const auto rows = rows_as_written(table, begin, end, writer.row_stride(number), repacked);
    if (const auto good = writer.append_encoded(number, rows, keys.keys, keys.ids); !good) return good;
  }
  return {};
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
                       .pad_rows = has_padded_rows(table)});
  }
  Result<TableWriter> writer = TableWriter::create(path, std::move(layouts), options, extras);
  if (!writer) return writer.error();
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (const auto good = append_rows(*writer, i, tables[i]); !good) return good.error();
  }
  return writer->publish();
}

Result<WriteReport> save_tables(const std::string& path, std::span<const Table> tables, const WriteOptions& options) {
  return detail::guarded([&] { return detail::TableSaver::save(path, tables, options, {}); });
}

}  // namespace rowan
