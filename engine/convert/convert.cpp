// From a source to a published file: what it is, a writer, then batch after batch of rows.
#include "engine/convert/convert.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/convert/chosen_tables.hpp"
#include "engine/convert/error_tally.hpp"
#include "engine/convert/foreign_rows.hpp"
#include "engine/convert/keys.hpp"
#include "engine/formats/refusals.hpp"
#include "engine/formats/stream.hpp"
#include "engine/native/save.hpp"
#include "engine/parallel.hpp"
#include "engine/support/bytes.hpp"
#include "engine/support/element.hpp"
#include "engine/support/error.hpp"
#include "engine/support/floating_point.hpp"
#include "engine/table/row_encoder.hpp"
#include "engine/table/table_rows.hpp"

namespace rowan {
namespace detail {
namespace {

class Conversion {
 public:
  Conversion(std::shared_ptr<const OpenedFile> file, const std::string& target, const ConvertOptions& options,
             const BatchSizes& sizes, const ConversionExtras& extras, const Parallel& parallel)
      : file_(std::move(file)),
        source_(file_->path()),
        target_(target),
        options_(options),
        sizes_(sizes),
        extras_(extras),
        parallel_(parallel) {}

  Result<ConvertReport> run();

 private:
  /// What is asked of a source that is streamed.
  Result<void> set_request();
  Result<void> check_target() const;
  /// Of the one table of a foreign file.
  TableLayout layout_of(std::uint64_t dim) const {
    return {.name = options_.name,
            .dim = dim,
            .dtype = options_.dtype,
            .keys = options_.keys,
            .pad_rows = options_.pad_rows,
            .keep_duplicates = report_.duplicates_kept};
  }
  Result<TableWriter> make_writer(std::vector<TableLayout> layouts) const {
    return TableSaver::create(target_, std::move(layouts), {.overwrite = options_.overwrite}, extras_.extras);
  }
  /// How the rows of table `number`, whose values are of such a type, are wanted.
  RowLayout rows_for(const TableWriter& writer, std::size_t number, const TableLayout& table, DType values) const {
    return {.dim = static_cast<std::size_t>(table.dim),
            .stride = static_cast<std::size_t>(writer.row_stride(number)),
            .element = element_of(table.dtype),
            .saturate = options_.saturate,
            .measure_error = !holds_all(table.dtype, values),
            .check_utf8 = table.keys == KeyKind::bytes};
  }

  Result<ConvertReport> from_stream(BatchReader& batches, const Format& format, const StreamShape& shape);
  /// Of a run of a file that is an archive.
  Result<ConvertReport> from_run(MappedFile archive, const FileRun& run);
  Result<ConvertReport> from_mapped(const Format& format);
  Result<void> check_family(const FoundFile& found) const;
  Result<ConvertReport> from_foreign(ForeignFile file, const Format& format);
  Result<ConvertReport> from_native(MappedFile mapped);

  /// Where the conversion stands when so many rows of a reader have been written.
  using Where = std::function<Progress(std::uint64_t rows)>;
  /// Appends all rows of a reader to table `number`, and returns how many they were.
  Result<std::uint64_t> append(RowReader& reader, const RowLayout& layout, Keys& keys, TableWriter& writer,
                               std::size_t number, const Where& where);
  Result<ConvertReport> publish(TableWriter& writer, const Format& from);
  using MakeReader = std::function<Result<std::unique_ptr<RowReader>>(const RowLayout& layout)>;
  /// The one table of a foreign file; `rows` are those that the file has, where that is known.
  Result<ConvertReport> write_table(const Format& from, std::uint64_t dim, std::optional<std::uint64_t> rows,
                                    const MakeReader& make_reader, const Where& where, bool from_f64 = false);

  std::shared_ptr<const OpenedFile> file_;
  const std::string& source_;
  const std::string& target_;
  ConvertOptions options_;
  const BatchSizes& sizes_;
  const ConversionExtras& extras_;
  const Parallel& parallel_;
  StreamRequest asked_;
  ConvertReport report_;
  ErrorTally tally_;
};

Result<void> Conversion::check_target() const {
  const Result<bool> itself = file_->is_at(target_);  // one that cannot be examined cannot be written either
  if (itself && *itself) {
    return make_error(Code::invalid_argument, target_, " is the source itself; name another file to write");
  }
  std::error_code ignored;
  if (!options_.ids_from.empty() && std::filesystem::equivalent(target_, options_.ids_from, ignored)) {
    return make_error(Code::invalid_argument, target_, " is the file of ids itself; name another file to write");
  }
  return {};
}

Result<void> Conversion::set_request() {
  asked_ = {.limit = options_.limit, .text = {.dim = options_.dim}};
  asked_.text.ids = options_.keys == KeyKind::u64 && options_.ids_from.empty();
  asked_.text.keyless = options_.keys == KeyKind::none || !options_.ids_from.empty();
  if (options_.separator.empty()) return {};
  asked_.text.separator = parse_separator(options_.separator);
  if (asked_.text.separator) return {};
  return make_error(Code::invalid_argument, "there is no separator ", in_quotes(options_.separator), "; there are ",
                    separator_names());
}

Result<ConvertReport> Conversion::run() {
  if (options_.from && static_cast<int>(*options_.from) >= source_format_count) {
    return make_error(Code::invalid_argument, "there is no such format");
  }
  if (const auto good = check_target(); !good) return good.error();
  if (const auto good = set_request(); !good) return good.error();
  auto bytes = ByteSource::of(file_);
  if (!bytes) return bytes.error();
  BatchReader batches(*bytes);
  const auto start = read_start(batches, options_.from, asked_, sizes_);
  if (!start) return start.error();
  if (start->format->streaming) return from_stream(batches, *start->format, start->shape);
  return from_mapped(*start->format);
}

Result<std::uint64_t> Conversion::append(RowReader& reader, const RowLayout& layout, Keys& keys, TableWriter& writer,
                                         std::size_t number, const Where& where) {
  std::uint64_t rows = 0;
  const auto take = [&](std::span<const RowBlock> blocks) -> Result<void> {
    for (const RowBlock& block : blocks) {
      if (const auto good = keys.append(writer, number, reader, block, rows); !good) return good;
      rows += block.rows;
      tally_.add(block.errors, layout.dim);
      report_.invalid_utf8 += block.invalid_utf8;
    }
    return {};
  };
  const auto took = [&] {
    if (options_.progress) options_.progress(where(rows));
  };
  if (const auto good = for_each_batch(reader, parallel_, take, took); !good) return good.error();
  if (const auto good = keys.check_rows(rows, options_.limit == 0); !good) return good.error();
  if (layout.measure_error) report_.error.emplace();
  for (std::string& note : reader.notes()) report_.notes.push_back(std::move(note));
  return rows;
}

Result<ConvertReport> Conversion::publish(TableWriter& writer, const Format& from) {
  if (extras_.before_publishing) {
    if (const auto good = extras_.before_publishing(); !good) return good.error();
  }
  auto written = writer.publish();
  if (!written) return written.error();
  report_.from = from.id;
  report_.rows = written->rows;
  report_.duplicates = written->duplicates;
  report_.first_duplicates = std::move(written->first_duplicates);
  if (report_.error) report_.error = tally_.result();
  return std::move(report_);
}

Result<ConvertReport> Conversion::from_stream(BatchReader& batches, const Format& format, const StreamShape& shape) {
  if (!options_.table.empty()) {
    return make_error(Code::invalid_argument, source_, " holds one table without a name; only of a Rowan file can '",
                      options_.table, "' be chosen");
  }
  const auto make_reader = [&](const RowLayout& layout) -> Result<std::unique_ptr<RowReader>> {
    return format.streaming->rows(batches, shape, layout, options_.limit, parallel_.concurrency(), sizes_);
  };
  const auto where = [&](std::uint64_t rows) {
    return Progress{batches.source().bytes_read(), batches.source().bytes_total(), rows};
  };
  return write_table(format, shape.dim, shape.promised, make_reader, where);
}

Result<ConvertReport> Conversion::write_table(const Format& from, std::uint64_t dim, std::optional<std::uint64_t> rows,
                                              const MakeReader& make_reader, const Where& where, bool from_f64) {
  auto keys = Keys::make(options_, rows, source_);
  if (!keys) return keys.error();
  const TableLayout table = layout_of(dim);
  auto writer = make_writer({table});
  if (!writer) return writer.error();
  RowLayout layout = rows_for(*writer, 0, table, DType::f32);
  layout.measure_error = layout.measure_error || from_f64;
  const auto reader = make_reader(layout);
  if (!reader) return reader.error();
  report_.dim = dim;
  const auto appended = append(**reader, layout, *keys, *writer, 0, where);
  if (!appended) return appended.error();
  return publish(*writer, from);
}

Result<ConvertReport> Conversion::from_run(MappedFile archive, const FileRun& run) {
  options_.table.clear();
  ByteSource bytes = ByteSource::of(std::move(archive), run);
  BatchReader batches(bytes);
  const auto start = read_start(batches, options_.from, asked_, sizes_);
  if (!start) return start.error();
  if (start->format->streaming) return from_stream(batches, *start->format, start->shape);
  return make_error(Code::format_unsupported, source_, ": its file ", in_quotes(run.name), " is ",
                    start->format->spelling, ", which is not read from an archive: unpack it with: unzip");
}

Result<ConvertReport> Conversion::from_mapped(const Format& format) {
  auto mapped = MappedFile::of(file_);
  if (!mapped) return mapped.error();
  // All of a header may say what the head of the file did not.
  const Recognised whole = recognise(as_text(mapped->bytes()));
  if (whole.is(native_format) && !options_.from) return from_native(*std::move(mapped));
  if (&format == &native_format) {
    return whole.is(native_format) ? from_native(*std::move(mapped)) : not_native_error(file_, whole);
  }
  if (format.streamed_run != nullptr) {
    const auto run = format.streamed_run(mapped->bytes(), options_.table, source_);
    if (!run) return run.error();
    if (*run) return from_run(*std::move(mapped), **run);
  }
  auto file = ForeignFile::of(*std::move(mapped), format);
  if (!file) return file.error();
  return from_foreign(*std::move(file), format);
}

/// Whether a container holds what was asked for.
Result<void> Conversion::check_family(const FoundFile& found) const {
  const Format* const asked = options_.from ? &format_of(*options_.from) : nullptr;
  if (asked == nullptr || asked->container == nullptr || found.family.empty() || asked->family == found.family)
    return {};
  return make_error(Code::invalid_argument, source_, " is ", found.what, ", and ", asked->spelling, " is asked for");
}

Result<ConvertReport> Conversion::from_foreign(ForeignFile file, const Format& format) {
  if (const auto good = check_family(file.found()); !good) return good.error();
  const auto source = choose_foreign(std::move(file), source_, options_);
  if (!source) return source.error();
  report_.duplicates_kept = source->file.found().rows_are_ids && source->keyed;
  report_.notes = source->file.notes();
  const auto make_reader = [&](const RowLayout& layout) {
    return ForeignRows::make(*source, source_, layout, options_.limit, sizes_);
  };
  const std::uint64_t bytes = file_->size();
  const auto where = [&](std::uint64_t rows) {
    const double done = source->rows == 0 ? 1.0 : static_cast<double>(rows) / static_cast<double>(source->rows);
    return Progress{static_cast<std::uint64_t>(done * static_cast<double>(bytes)), bytes, rows};
  };
  return write_table(format, source->table.dim, source->rows, make_reader, where, source->is_f64());
}

Result<ConvertReport> Conversion::from_native(MappedFile mapped) {
  report_.duplicates_kept = true;
  const auto file = NativeFile::of(std::move(mapped));
  if (!file) return file.error();
  const auto tables = choose_tables(*file, options_);
  if (!tables) return tables.error();

  std::vector<TableLayout> layouts;
  Progress progress;
  for (const Table& table : *tables) {
    layouts.push_back(converted_layout(table, tables->size() == 1, options_));
    report_.dim = &table == &tables->front() || report_.dim == table.dim() ? table.dim() : 0;
    progress.bytes_total += limited(table.rows(), options_.limit) * table.row_stride();
  }
  report_.tables = tables->size();
  auto writer = make_writer(layouts);
  if (!writer) return writer.error();
  for (std::size_t i = 0; i < tables->size(); ++i) {
    const Table& table = (*tables)[i];
    const RowLayout layout = rows_for(*writer, i, layouts[i], table.dtype());
    Keys keys(layouts[i].keys, source_);
    const bool keyed = layouts[i].keys != KeyKind::none;
    const auto reader = TableRows::make(table, limited(table.rows(), options_.limit), keyed, layout, sizes_, source_);
    if (!reader) return reader.error();
    const auto where = [&](std::uint64_t rows) {
      return Progress{progress.bytes_read + rows * table.row_stride(), progress.bytes_total, progress.rows + rows};
    };
    const auto rows = append(**reader, layout, keys, *writer, i, where);
    if (!rows) return rows.error();
    progress = where(*rows);
  }
  return publish(*writer, native_format);
}

}  // namespace

Result<ConvertReport> convert_file(std::shared_ptr<const OpenedFile> source, const std::string& target,
                                   const ConvertOptions& options, const BatchSizes& sizes,
                                   const ConversionExtras& extras) {
  const FloatingPointMode mode(default_floating_point);  // whatever the caller's is; tiles inherit it
  const Parallel parallel(options.threads);
  if (!parallel.status().ok()) return Error{parallel.status().code, parallel.status().message()};
  return Conversion(std::move(source), target, options, sizes, extras, parallel).run();
}

Result<ConvertReport> convert_in_batches(const std::string& source, const std::string& target,
                                         const ConvertOptions& options, const BatchSizes& sizes) {
  auto file = OpenedFile::open(source, OpenedFile::Purpose::reading);
  if (!file) return file.error();
  return convert_file(*std::move(file), target, options, sizes);
}

}  // namespace detail

Result<ConvertReport> convert(const std::string& source, const std::string& target, const ConvertOptions& options) {
  return detail::guarded([&] { return detail::convert_in_batches(source, target, options, detail::BatchSizes{}); });
}

}  // namespace rowan
