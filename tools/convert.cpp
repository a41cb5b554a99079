// rowan convert: a table of any format, written as a native file.
#include "tools/commands.hpp"
#include "tools/failure.hpp"
#include "tools/json.hpp"
#include "tools/output.hpp"
#include "tools/progress.hpp"

namespace rowan::tool {
namespace {

void print_json(const ConvertArguments& arguments, const ConvertReport& report) {
  JsonWriter json;
  json.begin_object()
      .field("source", std::string_view(arguments.source))
      .field("target", std::string_view(arguments.target))
      .field("from", to_string(report.from))
      .field("dtype", to_string(arguments.options.dtype))
      .field("tables", report.tables)
      .field("rows", report.rows)
      .field("dim", report.dim)
      .field("invalid_utf8", report.invalid_utf8)
      .field("duplicates", report.duplicates)
      .field("duplicates_kept", report.duplicates_kept);
  json.key("first_duplicates").begin_array();
  for (const DuplicateKey& duplicate : report.first_duplicates) {
    json.begin_object()
        .token(duplicate.key)
        .field("kept", duplicate.kept)
        .field("dropped", duplicate.dropped)
        .end_object();
  }
  json.end_array();
  if (report.error) {
    json.key("error")
        .begin_object()
        .field("max", report.error->max)
        .field("rms", report.error->rms)
        .field("max_row_rms", report.error->max_row_rms)
        .field("min_cosine", report.error->min_cosine)
        .field("mean_cosine", report.error->mean_cosine)
        .field("lost", report.error->lost)
        .end_object();
  }
  json.key("notes").begin_array();
  for (const std::string& note : report.notes) json.value(std::string_view(note));
  json.end_array().end_object();
  print("{}\n", json.text());
}

void print_error(DType dtype, const StorageError& error) {
  print("  error      max {:.3g}, RMS {:.3g}, {:.3g} in the worst row\n", error.max, error.rms, error.max_row_rms);
  print("  cosine     mean {:.6f}, {:.6f} in the worst row\n", error.mean_cosine, error.min_cosine);
  if (error.lost == 0) return;
  print("  {} value{} beyond the range of {} and not finite any more{}\n", grouped(error.lost),
        error.lost == 1 ? " is" : "s are", to_string(dtype),
        dtype != DType::f8_e4m3 && dtype != DType::f8_e5m2 ? "" : "; --saturate stores the greatest in their place");
}

void print_text(const ConvertArguments& arguments, const ConvertReport& report) {
  const std::string shape = report.dim == 0 ? std::string() : fmt::format(" × {}", report.dim);
  const std::string tables = report.tables == 1 ? std::string() : fmt::format(" in {} tables", report.tables);
  print("{}: {} rows{}{}, {}, from {}\n", printable(arguments.target), grouped(report.rows), shape, tables,
        to_string(arguments.options.dtype), to_string(report.from));
  if (report.error) print_error(arguments.options.dtype, *report.error);
  if (report.invalid_utf8 != 0) {
    print("  {} token{} not UTF-8; the bytes are kept as they are\n", grouped(report.invalid_utf8),
          report.invalid_utf8 == 1 ? " is" : "s are");
  }
  for (const std::string& note : report.notes) print("  note: {}\n", printable(note));
  if (report.duplicates == 0) return;
  const std::string_view has = report.duplicates == 1 ? "" : "s";
  if (report.duplicates_kept) {
    print(
        "  {} row{} with the key of an earlier row, which is the one that the key finds; all rows keep their "
        "numbers:\n",
        grouped(report.duplicates), has);
  } else {
    print("  {} row{} left out because an earlier row has the key; the rows behind moved up and have other numbers:\n",
          grouped(report.duplicates), has);
  }
  for (const DuplicateKey& duplicate : report.first_duplicates) {
    print("    {} of row {}, kept from row {}\n", in_quotes(duplicate.key), duplicate.dropped, duplicate.kept);
  }
  if (report.duplicates > report.first_duplicates.size()) print("    …\n");
}

}  // namespace

void convert(const ConvertArguments& arguments) {
  if (arguments.target == "-" || is_standard_output(arguments.target)) {
    throw Failure("a table file is not written to standard output: name a file");
  }
  const std::string& source = arguments.source == "-" ? standard_input : arguments.source;
  const ConvertReport report = [&] {
    ProgressBar bar("converting");
    ConvertOptions options = arguments.options;
    if (bar.shown()) options.progress = [&](const Progress& progress) { bar.update(progress); };
    return need_written(rowan::convert(source, arguments.target, options), arguments.target);
  }();
  arguments.json ? print_json(arguments, report) : print_text(arguments, report);
}

}  // namespace rowan::tool
