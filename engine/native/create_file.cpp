// New tables, written batch by batch.
#include <algorithm>
#include <vector>

#include "engine/parallel.hpp"
#include "engine/support/error.hpp"
#include "engine/table/new_table.hpp"
#include "rowan/file.hpp"

namespace rowan {

Result<WriteReport> create_table_file(const std::string& path, const NewTable& description, const WriteOptions& options,
                                      Threads threads) {
  return detail::guarded([&]() -> Result<WriteReport> {
    const Result<detail::TablePlan> planned = detail::plan_table(description);
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
    const std::uint64_t wanted = 16 * detail::new_tile_elements * static_cast<std::uint64_t>(parallel.concurrency());
    const std::uint64_t batch = std::max<std::uint64_t>(1, wanted / description.dim);
    std::vector<std::byte> rows;
    for (std::uint64_t begin = 0; begin < description.rows; begin += batch) {
      const std::uint64_t end = begin + std::min(batch, description.rows - begin);
      rows.assign((end - begin) * planned->stride, std::byte{0});
      const auto filled = detail::fill_rows(*planned, begin, end, rows.data(), parallel);
      if (!filled) return filled.error();
      if (const auto good = writer->append_encoded(0, rows, {}, {}); !good) return good.error();
    }
    return writer->publish();
  });
}

}  // namespace rowan
