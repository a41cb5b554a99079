// Rows are read from the mapping, decoded and encoded by tiles; those whose type stays are copied as they are.
#include "engine/import/native.hpp"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/import/encode.hpp"
#include "engine/support/element.hpp"
#include "engine/support/error.hpp"
#include "engine/support/memory_advice.hpp"
#include "engine/support/quantized.hpp"
#include "engine/support/utf8.hpp"
#include "engine/table/key_batch.hpp"
#include "rowan/table.hpp"

namespace rowan::detail {
namespace {

Error refused(const std::string& source, std::string_view why) {
  return make_error(Code::invalid_argument, source, " is a Rowan file: ", why);
}

/// What is asked for that only other formats have.
Result<void> check_options(const std::string& source, const ConvertOptions& options, const std::vector<Table>& tables) {
  if (tables.empty()) return make_error(Code::not_found, source, " holds no table");
  if (!options.ids_from.empty()) return refused(source, "its rows keep their keys and take no ids from a file");
  if (options.name != default_table_name && tables.size() > 1) {
    return refused(source, concat("it holds ", tables.size(), " tables, and one name is given for all of them"));
  }
  for (const Table& table : tables) {
    if (options.keys == KeyKind::u64 && table.vocabulary().kind() == KeyKind::bytes) {
      return refused(source, concat("the keys of its table '", table.name(), "' stay the tokens that they are"));
    }
    if (options.dim != 0 && options.dim != table.dim()) {
      return make_error(Code::invalid_argument, source, ": table '", table.name(), "' has rows of ",
                        counted(table.dim(), "number"), ", and ", options.dim, " are asked for");
    }
  }
  return {};
}

class NativeConverter {
 public:
  NativeConverter(const std::string& source, const ConvertOptions& options, const Parallel& parallel,
                  const BatchSizes& sizes)
      : source_(source), options_(options), parallel_(parallel), sizes_(sizes) {}

  Result<ConvertReport> run(const std::vector<Table>& tables, const std::string& target);

 private:
  std::uint64_t rows_of(const Table& table) const noexcept {
    return options_.limit == 0 ? table.rows() : std::min(options_.limit, table.rows());
  }
  TableLayout layout_of(const Table& table, bool only) const;
  Result<void> convert_table(const Table& table, TableWriter& writer, std::size_t number);
  Result<void> encode(const Table& table, const RowLayout& layout, std::uint64_t begin, std::uint64_t end);
  Result<void> encode_chunk(const Table& table, const RowLayout& layout, std::uint64_t begin, std::uint64_t end,
                            std::byte* out, std::vector<RowError>& errors) const;

  const std::string& source_;
  const ConvertOptions& options_;
  const Parallel& parallel_;
  const BatchSizes& sizes_;
  ConvertReport report_;
  ErrorTally tally_;
  Progress progress_;
  std::vector<std::byte> encoded_;             // the rows of a batch
  std::vector<std::vector<RowError>> errors_;  // of each tile
};

TableLayout NativeConverter::layout_of(const Table& table, bool only) const {
  return {.name = only && options_.name != default_table_name ? options_.name : table.name(),
          .dim = table.dim(),
          .dtype = options_.dtype,
          .keys = options_.keys == KeyKind::none ? KeyKind::none : table.vocabulary().kind(),
          .pad_rows = options_.pad_rows};
}

Result<void> NativeConverter::encode_chunk(const Table& table, const RowLayout& layout, std::uint64_t begin,
                                           std::uint64_t end, std::byte* out, std::vector<RowError>& errors) const {
  errors.clear();
  RowEncoder encoder(layout);
  const simd::Element from = element_of(table.dtype());
  std::vector<float> values(layout.dim);
  for (std::uint64_t row = begin; row < end; ++row, out += layout.stride) {
    const std::byte* const stored = table.view().data() + row * table.row_stride();
    if (layout.element == from) {
      std::memcpy(out, stored, table.view().row_bytes());
      continue;
    }
    simd::decode_row(from, stored, layout.dim, values.data());
    const simd::Encoded encoded = encoder.encode(values.data(), out, errors);
    if (encoded != simd::Encoded::ok) {
      return make_error(Code::invalid_argument, source_, ": row ", row, " of table '", table.name(), "' ",
                        why_not_quantized(encoded, layout.dtype()));
    }
  }
  return {};
}

Result<void> NativeConverter::encode(const Table& table, const RowLayout& layout, std::uint64_t begin,
                                     std::uint64_t end) {
  advise_needed({table.view().data() + begin * table.row_stride(),
                 (end - begin - 1) * table.row_stride() + table.view().row_bytes()});
  encoded_.assign((end - begin) * layout.stride, std::byte{0});
  const std::uint64_t step = std::max<std::uint64_t>(sizes_.chunk / table.row_stride(), 1);
  const std::size_t tiles = (end - begin - 1) / step + 1;
  if (errors_.size() < tiles) errors_.resize(tiles);
  std::vector<Result<void>> outcomes(tiles);
  const Status ran = parallel_.for_each(tiles, [&](std::size_t i) noexcept {
    outcomes[i] = guarded([&] {
      const std::uint64_t first = begin + i * step;
      return encode_chunk(table, layout, first, std::min(first + step, end), encoded_.data() + i * step * layout.stride,
                          errors_[i]);
    });
  });
  if (!ran.ok()) return Error{ran.code, ran.message()};
  for (const Result<void>& outcome : outcomes) {
    if (!outcome) return outcome;
  }
  for (std::size_t i = 0; i < tiles; ++i) tally_.add(errors_[i], layout.dim);
  return {};
}

Result<void> NativeConverter::convert_table(const Table& table, TableWriter& writer, std::size_t number) {
  const bool lossy = !holds_all(options_.dtype, table.dtype());
  const RowLayout layout{.dim = static_cast<std::size_t>(table.dim()),
                         .stride = static_cast<std::size_t>(writer.row_stride(number)),
                         .element = element_of(options_.dtype),
                         .saturate = options_.saturate,
                         .measure_error = lossy};
  const std::uint64_t rows = rows_of(table);
  const std::uint64_t batch = std::max<std::uint64_t>(sizes_.batch / std::max(table.row_stride(), layout.stride), 1);
  KeyBatch keys;
  for (std::uint64_t begin = 0; begin < rows; begin += batch) {
    const std::uint64_t end = std::min(begin + batch, rows);
    if (const auto good = encode(table, layout, begin, end); !good) return good;
    if (options_.keys != KeyKind::none) {
      if (const auto good = keys.read(table, begin, end); !good) return good;
    }
    for (const std::string_view key : keys.keys) report_.invalid_utf8 += is_utf8(key) ? 0 : 1;
    if (const auto good = writer.append_encoded(number, encoded_, keys.keys, keys.ids); !good) return good;
    progress_.rows += end - begin;
    progress_.bytes_read += (end - begin) * table.row_stride();
    if (options_.progress) options_.progress(progress_);
  }
  return {};
}

Result<ConvertReport> NativeConverter::run(const std::vector<Table>& tables, const std::string& target) {
  std::vector<TableLayout> layouts;
  bool lossy = false;
  for (const Table& table : tables) {
    layouts.push_back(layout_of(table, tables.size() == 1));
    lossy |= !holds_all(options_.dtype, table.dtype());
    report_.dim = &table == &tables.front() || report_.dim == table.dim() ? table.dim() : 0;
    progress_.bytes_total += rows_of(table) * table.row_stride();
  }
  auto writer = TableWriter::create(target, std::move(layouts), {.overwrite = options_.overwrite});
  if (!writer) return writer.error();
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (const auto good = convert_table(tables[i], *writer, i); !good) return good.error();
  }
  auto written = writer->publish();
  if (!written) return written.error();
  report_.from = SourceFormat::native;
  report_.tables = tables.size();
  report_.rows = written->rows;
  report_.duplicates = written->duplicates;
  report_.first_duplicates = std::move(written->first_duplicates);
  if (lossy) report_.error = tally_.result();
  return std::move(report_);
}

Result<std::vector<Table>> open_tables(const std::string& source, const std::string& name) {
  if (name.empty()) return Table::open_all(source);
  const auto table = Table::open(source, name);
  if (!table) return table.error();
  return std::vector<Table>{*table};
}

}  // namespace

Result<ConvertReport> convert_native(const std::string& source, const std::string& target,
                                     const ConvertOptions& options, const Parallel& parallel, const BatchSizes& sizes) {
  const auto tables = open_tables(source, options.table);
  if (!tables) return tables.error();
  if (const auto good = check_options(source, options, *tables); !good) return good.error();
  return NativeConverter(source, options, parallel, sizes).run(*tables, target);
}

}  // namespace rowan::detail
