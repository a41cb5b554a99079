// Text and binary are told apart by content; a GloVe file's dim is what most of its first rows have.
#include "engine/import/shape.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include "engine/import/foreign.hpp"
#include "engine/import/text.hpp"
#include "engine/support/error.hpp"
#include "engine/support/text.hpp"
#include "engine/table/sniff.hpp"

namespace rowan::detail {
namespace {

constexpr std::size_t lines_judged = 1000;
constexpr std::size_t longest_header = 64;  // two u64 and a space take 41

/// The first line of a word2vec file.
struct Header {
  std::uint64_t rows = 0;
  std::uint64_t dim = 0;
  std::size_t bytes = 0;
};

Result<Header> parse_header(std::string_view head, const std::string& path) {
  const std::size_t line_end = head.substr(0, longest_header).find('\n');
  if (line_end == std::string_view::npos) {
    return make_error(Code::malformed_file, path, ": the first line is no word2vec header; \"ROWS DIM\" is expected");
  }
  const std::string_view line = trim_line(head.substr(0, line_end));
  const std::size_t space = line.find(' ');
  const auto rows = parse_decimal(line.substr(0, space));
  const auto dim = space == std::string_view::npos ? std::nullopt : parse_decimal(line.substr(space + 1));
  if (!rows || !dim) {
    return make_error(Code::malformed_file, path, ": the first line, \"", line,
                      "\", is no word2vec header; \"ROWS DIM\" is expected");
  }
  if (*dim == 0) return make_error(Code::malformed_file, path, ": the header promises rows of 0 numbers");
  return Header{*rows, *dim, line_end + 1};
}

/// Refuses counts that the file cannot hold: a row takes `row_bytes` at least.
Result<void> check_size(const BatchReader& reader, const Header& header, SourceFormat format, std::uint64_t limit) {
  const bool binary = format == SourceFormat::word2vec_binary;
  std::uint64_t values = 0;
  std::uint64_t row_bytes = 0;
  std::uint64_t needed = 0;
  const std::uint64_t rows = limit == 0 ? header.rows : std::min(limit, header.rows);
  const std::uint64_t number_bytes = binary ? 4 : 2;
  const bool wraps = __builtin_mul_overflow(header.rows, header.dim, &values) ||
                     __builtin_mul_overflow(header.dim, number_bytes, &row_bytes) ||
                     __builtin_add_overflow(row_bytes, std::uint64_t{1}, &row_bytes) ||
                     __builtin_mul_overflow(rows, row_bytes, &needed) ||
                     __builtin_add_overflow(needed, header.bytes, &needed);
  // The last line of a text needs no line feed.
  if (!wraps && needed - (binary ? 0 : 1) <= reader.source().content_limit()) return {};
  return make_error(Code::malformed_file, reader.path(), ": the header promises ", counted(header.rows, "row"), " of ",
                    counted(header.dim, "number"), ", more than a file of ", reader.source().bytes_total(),
                    " bytes can hold: is it truncated?");
}

/// What most of the first lines have, and the larger of two that are as frequent: a line that the end of the
/// head cuts has fewer.
std::uint64_t usual_numbers(std::string_view head, bool complete) {
  std::map<std::uint64_t, std::size_t> lines_with;
  for (std::size_t lines = 0; lines < lines_judged && !head.empty(); ++lines) {
    const std::size_t line_end = head.find('\n');
    if (line_end == std::string_view::npos && !complete) break;
    const std::string_view line = trim_line(head.substr(0, line_end));
    if (!line.empty()) ++lines_with[count_numbers(line)];
    head.remove_prefix(std::min(line_end, head.size() - 1) + 1);
  }
  std::uint64_t usual = 0;
  std::size_t most = 0;
  for (const auto& [numbers, lines] : lines_with) {
    if (lines < most) continue;
    usual = numbers;
    most = lines;
  }
  return usual;
}

/// What keeps a text from being read as one, whatever its format.
Result<void> check_encoding(std::string_view head, const std::string& path) {
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) {
    return make_error(Code::format_unsupported, path, " is UTF-16 text; convert it with: iconv -f UTF-16 -t UTF-8");
  }
  const bool binary = head.find('\0') != std::string_view::npos;
  if (!binary && head.find('\r') != std::string_view::npos && head.find('\n') == std::string_view::npos) {
    return make_error(Code::format_unsupported, path,
                      " has lines that end in carriage returns alone; convert it with: tr '\\r' '\\n'");
  }
  return {};
}

Result<SourceFormat> recognise(std::string_view head, const ByteSource& source, std::optional<SourceFormat> from) {
  const std::string& path = source.path();
  const FileKind kind = sniff(head.substr(0, sniffed_bytes));
  if (kind == FileKind::native && from.value_or(SourceFormat::native) != SourceFormat::native) {
    return make_error(Code::invalid_argument, path, " is a Rowan file, and ", to_string(*from), " is asked for");
  }
  if (kind == FileKind::native && source.compressed()) {
    return make_error(Code::format_unsupported, path, " is a compressed Rowan file; decompress it with: gzip -d");
  }
  if (kind == FileKind::empty) {
    return make_error(Code::malformed_file, path, " is empty; a table in GloVe or word2vec format is needed");
  }
  if (has_reader(kind) && !source.compressed()) {
    const SourceFormat found = source_format(kind);
    if (from.value_or(found) == found) return found;
    return make_error(Code::invalid_argument, path, " is ", describe(kind), ", and ", to_string(*from),
                      " is asked for");
  }
  if (from && *from > SourceFormat::native) {
    return make_error(Code::invalid_argument, path, " is ", describe(kind), ", and ", to_string(*from),
                      " is asked for");
  }
  if (from) return *from;
  switch (kind) {
    case FileKind::glove_text:
      return SourceFormat::glove_text;
    case FileKind::word2vec_text:
      return SourceFormat::word2vec_text;
    case FileKind::word2vec_binary:
      return SourceFormat::word2vec_binary;
    case FileKind::native:
      return SourceFormat::native;
    case FileKind::counts_text:
      return make_error(Code::format_unsupported, path, " has one number a line, as a list of word counts has; if it ",
                        "is a table of dim 1, say --from glove");
    case FileKind::unknown:
      return make_error(Code::format_unsupported, path, " is not recognised as a table; GloVe text, word2vec text and ",
                        "word2vec binary are read, plain or gzip-compressed (--from names the format)");
    default:
      return make_error(Code::format_unsupported, path, " is ", describe(kind),
                        source.compressed() ? ", compressed: decompress it with: gzip -d" : ", which is not converted");
  }
}

/// The head, with one whole line at least, however long that is.
Result<std::string_view> peek_head(BatchReader& reader, const BatchSizes& sizes) {
  for (std::size_t wanted = sizes.head;; wanted = std::min(2 * wanted, sizes.row)) {
    auto head = reader.peek(wanted);
    if (!head || reader.at_end() || wanted >= sizes.row || head->find('\n') != std::string_view::npos) return head;
  }
}

Result<SourceShape> glove_shape(std::string_view head, bool complete, const std::string& path,
                                const ConvertOptions& options) {
  SourceShape shape{.format = SourceFormat::glove_text, .dim = options.dim, .dim_given = options.dim != 0};
  if (shape.dim == 0) shape.dim = usual_numbers(head, complete);
  if (shape.dim == 0) {
    return make_error(Code::malformed_file, path, ": its first lines do not end in numbers; a token and its numbers ",
                      "are expected in each");
  }
  return shape;
}

Result<SourceShape> word2vec_shape(std::string_view head, BatchReader& reader, SourceFormat format,
                                   const ConvertOptions& options) {
  auto header = parse_header(head, reader.path());
  if (!header) return header.error();
  if (options.dim != 0 && options.dim != header->dim) {
    return make_error(Code::invalid_argument, reader.path(), ": the header says ", header->dim,
                      " numbers in a row, --dim says ", options.dim);
  }
  auto possible = check_size(reader, *header, format, options.limit);
  if (!possible) return possible.error();
  reader.consume(header->bytes);
  return SourceShape{.format = format, .dim = header->dim, .dim_given = options.dim != 0, .promised = header->rows};
}

}  // namespace

Result<SourceShape> read_shape(BatchReader& reader, const ConvertOptions& options, const BatchSizes& sizes) {
  auto head = peek_head(reader, sizes);
  if (!head) return head.error();
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (head->starts_with(byte_order_mark)) {  // of no row
    reader.consume(byte_order_mark.size());
    head = peek_head(reader, sizes);
    if (!head) return head.error();
  }
  const bool complete = reader.at_end();
  if (const auto good = check_encoding(*head, reader.path()); !good) return good.error();
  auto format = recognise(*head, reader.source(), options.from);
  if (!format) return format.error();
  if (*format >= SourceFormat::native) return SourceShape{.format = *format};
  auto shape = *format == SourceFormat::glove_text ? glove_shape(*head, complete, reader.path(), options)
                                                   : word2vec_shape(*head, reader, *format, options);
  if (!shape) return shape;
  if (shape->dim == 1 && !options.from) {
    return make_error(Code::format_unsupported, reader.path(), " has one number a line, as a list of word counts has; ",
                      "if it is a table of dim 1, say --from ", to_string(*format));
  }
  const std::uint64_t number_bytes = *format == SourceFormat::word2vec_binary ? 4 : 2;
  if (shape->dim > sizes.row / number_bytes) {
    return make_error(Code::malformed_file, reader.path(), ": rows of ", shape->dim, " numbers are longer than the ",
                      sizes.row, " bytes that a row may have");
  }
  return shape;
}

}  // namespace rowan::detail
