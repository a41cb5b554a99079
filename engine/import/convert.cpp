// From a source to a published file: shape, writer, then batch after batch of rows.
#include "engine/import/convert.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/import/encode.hpp"
#include "engine/import/ids.hpp"
#include "engine/import/native.hpp"
#include "engine/import/rows.hpp"
#include "engine/import/shape.hpp"
#include "engine/import/text.hpp"
#include "engine/import/word2vec_binary.hpp"
#include "engine/parallel.hpp"
#include "engine/support/element.hpp"
#include "engine/support/error.hpp"
#include "engine/support/floating_point.hpp"
#include "engine/support/text.hpp"

namespace rowan {
namespace detail {
namespace {

std::unique_ptr<RowReader> make_reader(BatchReader& batches, const SourceShape& shape, const RowLayout& layout,
                                       std::uint64_t limit, const Parallel& parallel, const BatchSizes& sizes) {
  if (shape.format == SourceFormat::word2vec_binary) {
    return std::make_unique<BinaryReader>(batches, shape, layout, limit, parallel, sizes);
  }
  return std::make_unique<TextReader>(batches, shape, layout, limit, parallel, sizes);
}

/// The keys of rows as the writer takes them.
class Keys {
 public:
  Keys(KeyKind kind, std::optional<IdFile> ids, const std::string& source)
      : kind_(kind), ids_(std::move(ids)), source_(source) {}

  /// Holds the number of ids against the rows that are known to come.
  Result<void> expect(std::uint64_t rows) const {
    if (!ids_ || ids_->count() == rows) return {};
    return make_error(Code::invalid_argument, ids_->path(), " has ", counted(ids_->count(), "id"), ", ", source_,
                      " has ", counted(rows, "row"));
  }
  Result<void> expect_at_least(std::uint64_t rows) const {
    if (!ids_ || ids_->count() >= rows) return {};
    return make_error(Code::invalid_argument, ids_->path(), " has ", counted(ids_->count(), "id"), ", ", source_,
                      " has more rows");
  }

  /// Appends a block whose first row is number `row` of the source.
  Result<void> append(TableWriter& writer, const RowReader& reader, const RowBlock& block, std::uint64_t row) {
    const std::span<const std::byte> rows(block.values.data(), block.rows() * writer.row_stride(0));
    if (kind_ == KeyKind::bytes) return writer.append_encoded(0, rows, block.tokens, {});
    if (kind_ == KeyKind::none) return writer.append_encoded(0, rows, {}, {});
    auto numbered = ids_ ? read_ids(block, row) : parse_ids(reader, block, row);
    if (!numbered) return numbered;
    return writer.append_encoded(0, rows, {}, numbers_);
  }

 private:
  Result<void> read_ids(const RowBlock& block, std::uint64_t row) {
    auto enough = expect_at_least(row + block.rows());
    if (!enough) return enough;
    numbers_.resize(block.rows());
    return ids_->read(numbers_);
  }

  Result<void> parse_ids(const RowReader& reader, const RowBlock& block, std::uint64_t row) {
    numbers_.clear();
    for (const std::string_view token : block.tokens) {
      const auto id = parse_decimal(token);
      if (!id) {
        return make_error(Code::malformed_file, source_, ": ", reader.place(row + numbers_.size()),
                          " does not begin with a decimal u64, which is asked for as its key");
      }
      numbers_.push_back(*id);
    }
    return {};
  }

  KeyKind kind_;
  std::optional<IdFile> ids_;
  const std::string& source_;
  std::vector<std::uint64_t> numbers_;
};

Result<std::optional<IdFile>> open_ids(const ConvertOptions& options) {
  if (options.ids_from.empty()) return std::optional<IdFile>();
  if (options.keys != KeyKind::u64) {
    return make_error(Code::invalid_argument, "ids from a file are u64 keys, and keys of another kind are asked for");
  }
  auto ids = IdFile::open(options.ids_from);
  if (!ids) return ids.error();
  return std::optional<IdFile>(std::move(*ids));
}

Result<Keys> make_keys(const ConvertOptions& options, const SourceShape& shape, const std::string& source) {
  auto ids = open_ids(options);
  if (!ids) return ids.error();
  Keys keys(options.keys, std::move(*ids), source);
  if (!shape.promised) return keys;
  auto expected = options.limit == 0 ? keys.expect(*shape.promised)
                                     : keys.expect_at_least(std::min(options.limit, *shape.promised));
  if (!expected) return expected.error();
  return keys;
}

}  // namespace

Result<ConvertReport> convert_in_batches(const std::string& source, const std::string& target,
                                         const ConvertOptions& options, const BatchSizes& sizes) {
  const FloatingPointMode mode(default_floating_point);  // whatever the caller's is; tiles inherit it
  const Parallel parallel(options.threads);
  if (!parallel.status().ok()) return Error{parallel.status().code, parallel.status().message()};
  auto bytes = ByteSource::open(source);
  if (!bytes) return bytes.error();
  if (bytes->is_file(target)) {
    return make_error(Code::invalid_argument, target, " is the source itself; name another file to write");
  }
  std::error_code ignored;
  if (!options.ids_from.empty() && std::filesystem::equivalent(target, options.ids_from, ignored)) {
    return make_error(Code::invalid_argument, target, " is the file of ids itself; name another file to write");
  }
  BatchReader batches(*bytes);
  auto shape = read_shape(batches, options, sizes);
  if (!shape) return shape.error();
  if (shape->format == SourceFormat::native) return convert_native(source, target, options, parallel, sizes);
  if (!options.table.empty()) {
    return make_error(Code::invalid_argument, source, " holds one table without a name; only of a Rowan file can '",
                      options.table, "' be chosen");
  }
  auto keys = make_keys(options, *shape, source);
  if (!keys) return keys.error();
  auto writer = TableWriter::create(target,
                                    {{.name = options.name,
                                      .dim = shape->dim,
                                      .dtype = options.dtype,
                                      .keys = options.keys,
                                      .pad_rows = options.pad_rows}},
                                    {.overwrite = options.overwrite});
  if (!writer) return writer.error();

  const RowLayout layout{.dim = static_cast<std::size_t>(shape->dim),
                         .stride = static_cast<std::size_t>(writer->row_stride(0)),
                         .element = element_of(options.dtype),
                         .saturate = options.saturate,
                         .measure_error = !holds_all(options.dtype, DType::f32),
                         .check_utf8 = options.keys == KeyKind::bytes};
  const auto reader = make_reader(batches, *shape, layout, options.limit, parallel, sizes);
  ConvertReport report;
  ErrorTally tally;
  report.from = shape->format;
  report.dim = shape->dim;
  std::uint64_t rows = 0;
  for (;;) {
    auto blocks = reader->next();
    if (!blocks) return blocks.error();
    if (blocks->empty()) break;
    for (const RowBlock& block : *blocks) {
      auto appended = keys->append(*writer, *reader, block, rows);
      if (!appended) return appended.error();
      rows += block.rows();
      tally.add(block.errors, layout.dim);
      report.invalid_utf8 += block.invalid_utf8;
    }
    if (options.progress) options.progress({bytes->bytes_read(), bytes->bytes_total(), rows});
  }
  auto complete = options.limit == 0 ? keys->expect(rows) : keys->expect_at_least(rows);
  if (!complete) return complete.error();

  auto written = writer->publish();
  if (!written) return written.error();
  report.rows = written->rows;
  report.duplicates = written->duplicates;
  report.first_duplicates = std::move(written->first_duplicates);
  if (layout.measure_error) report.error = tally.result();
  return report;
}

}  // namespace detail

std::string_view to_string(SourceFormat format) noexcept {
  switch (format) {
    case SourceFormat::glove_text:
      return "glove";
    case SourceFormat::word2vec_text:
      return "word2vec";
    case SourceFormat::word2vec_binary:
      return "word2vec-binary";
    case SourceFormat::native:
      return "native";
  }
  return "unknown";
}

std::optional<SourceFormat> parse_source_format(std::string_view text) noexcept {
  for (const auto format :
       {SourceFormat::glove_text, SourceFormat::word2vec_text, SourceFormat::word2vec_binary, SourceFormat::native}) {
    if (text == to_string(format)) return format;
  }
  return std::nullopt;
}

Result<ConvertReport> convert(const std::string& source, const std::string& target, const ConvertOptions& options) {
  return detail::guarded([&] { return detail::convert_in_batches(source, target, options, detail::BatchSizes{}); });
}

}  // namespace rowan
