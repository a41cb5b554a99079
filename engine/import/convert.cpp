// From a source to a published file: shape, writer, then batch after batch of rows.
#include "engine/import/convert.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/formats/archive.hpp"
#include "engine/import/encode.hpp"
#include "engine/import/foreign.hpp"
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
#include "engine/table/save.hpp"

namespace rowan {
namespace detail {
namespace {

std::unique_ptr<RowReader> make_reader(BatchReader& batches, const SourceShape& shape, const RowLayout& layout,
                                       std::uint64_t limit, const Parallel& parallel, const BatchSizes& sizes) {
  if (shape.format == SourceFormat::word2vec_binary) {
    return std::make_unique<BinaryReader>(batches, shape, layout, limit, sizes);
  }
  return std::make_unique<TextReader>(batches, shape, layout, limit, parallel.concurrency(), sizes);
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

Result<Keys> make_keys(const ConvertOptions& options, std::optional<std::uint64_t> promised,
                       const std::string& source) {
  auto ids = open_ids(options);
  if (!ids) return ids.error();
  Keys keys(options.keys, std::move(*ids), source);
  if (!promised) return keys;
  auto expected =
      options.limit == 0 ? keys.expect(*promised) : keys.expect_at_least(std::min(options.limit, *promised));
  if (!expected) return expected.error();
  return keys;
}

/// Rows of a reader, appended to a writer.
class Transfer {
 public:
  Transfer(const std::string& source, const std::string& target, const ConvertOptions& options, const BatchSizes& sizes,
           const Parallel& parallel, const Extras& extras)
      : source_(source), target_(target), options_(options), sizes_(sizes), parallel_(parallel), extras_(extras) {}

  Result<ConvertReport> from_stream(BatchReader& batches, const SourceShape& shape);
  /// Of a zip archive of texts.
  Result<ConvertReport> from_member(Mapping mapping, const ZipArchive& archive);
  Result<ConvertReport> from_foreign(OpenedFile opened);

 private:
  Result<TableWriter> make_writer(std::uint64_t dim) const {
    return TableSaver::create(target_,
                              {{.name = options_.name,
                                .dim = dim,
                                .dtype = options_.dtype,
                                .keys = options_.keys,
                                .pad_rows = options_.pad_rows}},
                              {.overwrite = options_.overwrite}, extras_);
  }
  RowLayout layout_of(std::uint64_t dim, const TableWriter& writer) const {
    return {.dim = static_cast<std::size_t>(dim),
            .stride = static_cast<std::size_t>(writer.row_stride(0)),
            .element = element_of(options_.dtype),
            .saturate = options_.saturate,
            .measure_error = !holds_all(options_.dtype, DType::f32),
            .check_utf8 = options_.keys == KeyKind::bytes};
  }
  /// `where(rows)` says where the conversion stands.
  template <class Where>
  Result<ConvertReport> run(RowReader& reader, const RowLayout& layout, Keys& keys, TableWriter& writer,
                            SourceFormat from, const Where& where);

  const std::string& source_;
  const std::string& target_;
  ConvertOptions options_;
  const BatchSizes& sizes_;
  const Parallel& parallel_;
  const Extras& extras_;
};

template <class Where>
Result<ConvertReport> Transfer::run(RowReader& reader, const RowLayout& layout, Keys& keys, TableWriter& writer,
                                    SourceFormat from, const Where& where) {
  ConvertReport report;
  ErrorTally tally;
  report.from = from;
  report.dim = layout.dim;
  std::uint64_t rows = 0;
  const auto take = [&](std::span<const RowBlock> blocks) -> Result<void> {
    for (const RowBlock& block : blocks) {
      if (const auto good = keys.append(writer, reader, block, rows); !good) return good;
      rows += block.rows();
      tally.add(block.errors, layout.dim);
      report.invalid_utf8 += block.invalid_utf8;
    }
    return {};
  };
  const auto took = [&] {
    if (options_.progress) options_.progress(where(rows));
  };
  if (const auto good = for_each_batch(reader, parallel_, take, took); !good) return good.error();
  auto complete = options_.limit == 0 ? keys.expect(rows) : keys.expect_at_least(rows);
  if (!complete) return complete.error();

  auto written = writer.publish();
  if (!written) return written.error();
  report.rows = written->rows;
  report.duplicates = written->duplicates;
  report.first_duplicates = std::move(written->first_duplicates);
  if (layout.measure_error) report.error = tally.result();
  return report;
}

Result<ConvertReport> Transfer::from_stream(BatchReader& batches, const SourceShape& shape) {
  if (!options_.table.empty()) {
    return make_error(Code::invalid_argument, source_, " holds one table without a name; only of a Rowan file can '",
                      options_.table, "' be chosen");
  }
  auto keys = make_keys(options_, shape.promised, source_);
  if (!keys) return keys.error();
  auto writer = make_writer(shape.dim);
  if (!writer) return writer.error();
  const RowLayout layout = layout_of(shape.dim, *writer);
  const auto reader = make_reader(batches, shape, layout, options_.limit, parallel_, sizes_);
  return run(*reader, layout, *keys, *writer, shape.format, [&](std::uint64_t rows) {
    return Progress{batches.source().bytes_read(), batches.source().bytes_total(), rows};
  });
}

Result<ConvertReport> Transfer::from_member(Mapping mapping, const ZipArchive& archive) {
  const auto member = text_member(archive, options_.table, source_);
  if (!member) return member.error();
  options_.table.clear();
  ByteSource bytes = ByteSource::over(std::move(mapping), *member, source_);
  BatchReader batches(bytes);
  const auto shape = read_shape(batches, options_, sizes_);
  if (!shape) return shape.error();
  if (shape->format < SourceFormat::native) return from_stream(batches, *shape);
  return make_error(Code::format_unsupported, source_, ": its file ", in_quotes(member->name), " is ",
                    to_string(shape->format), ", which is not read from an archive: unpack it with: unzip");
}

Result<ConvertReport> Transfer::from_foreign(OpenedFile opened) {
  auto source = open_foreign(source_, std::move(opened), options_);
  if (!source) return source.error();
  auto keys = make_keys(options_, source->rows, source_);
  if (!keys) return keys.error();
  auto writer = make_writer(source->table.dim);
  if (!writer) return writer.error();
  const RowLayout layout = layout_of(source->table.dim, *writer);
  auto reader = ForeignReader::make(*source, source_, layout, options_.limit, sizes_);
  if (!reader) return reader.error();
  const std::uint64_t bytes = source->file.bytes_total();
  return run(**reader, layout, *keys, *writer, source_format(source->file.kind()), [&](std::uint64_t rows) {
    const double done = source->rows == 0 ? 1.0 : static_cast<double>(rows) / static_cast<double>(source->rows);
    return Progress{static_cast<std::uint64_t>(done * static_cast<double>(bytes)), bytes, rows};
  });
}

Result<void> check_target(const ByteSource& bytes, const std::string& target, const ConvertOptions& options) {
  if (bytes.is_file(target)) {
    return make_error(Code::invalid_argument, target, " is the source itself; name another file to write");
  }
  std::error_code ignored;
  if (!options.ids_from.empty() && std::filesystem::equivalent(target, options.ids_from, ignored)) {
    return make_error(Code::invalid_argument, target, " is the file of ids itself; name another file to write");
  }
  return {};
}

}  // namespace

Result<ConvertReport> convert_in_batches(const std::string& source, const std::string& target,
                                         const ConvertOptions& options, const BatchSizes& sizes, const Extras& extras) {
  const FloatingPointMode mode(default_floating_point);  // whatever the caller's is; tiles inherit it
  const Parallel parallel(options.threads);
  if (!parallel.status().ok()) return Error{parallel.status().code, parallel.status().message()};
  auto bytes = ByteSource::open(source);
  if (!bytes) return bytes.error();
  if (const auto good = check_target(*bytes, target, options); !good) return good.error();
  BatchReader batches(*bytes);
  auto shape = read_shape(batches, options, sizes);
  if (!shape) return shape.error();
  if (shape->format == SourceFormat::native) return convert_native(source, target, options, parallel, sizes);
  Transfer transfer(source, target, options, sizes, parallel, extras);
  if (shape->format < SourceFormat::native) return transfer.from_stream(batches, *shape);
  auto opened = OpenedFile::open(source);
  if (!opened) return opened.error();
  if (opened->kind == FileKind::zip) {
    const auto archive = ZipArchive::read(opened->mapping.bytes(), source);
    if (!archive) return archive.error();
    if (kind_of(*archive) == ArchiveKind::texts) return transfer.from_member(std::move(opened->mapping), *archive);
  }
  return transfer.from_foreign(*std::move(opened));
}

}  // namespace detail

namespace {

constexpr std::string_view format_names[source_format_count] = {
    "glove",   "word2vec", "word2vec-binary", "native",     "safetensors", "npy", "zip",
    "pytorch", "gguf",     "fasttext",        "finalfusion"};

}  // namespace

std::string_view to_string(SourceFormat format) noexcept {
  const auto i = static_cast<std::size_t>(format);
  return i < source_format_count ? format_names[i] : "unknown";
}

std::optional<SourceFormat> parse_source_format(std::string_view text) noexcept {
  for (std::size_t i = 0; i < source_format_count; ++i) {
    if (text == format_names[i]) return static_cast<SourceFormat>(i);
  }
  return std::nullopt;
}

Result<ConvertReport> convert(const std::string& source, const std::string& target, const ConvertOptions& options) {
  return detail::guarded([&] { return detail::convert_in_batches(source, target, options, detail::BatchSizes{}); });
}

}  // namespace rowan
