// word2vec's files, text and binary, as far as their first line: "ROWS DIM". Rows are text_rows.hpp's and
// word2vec_binary.hpp's.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/files/batch_reader.hpp"
#include "engine/formats/registry.hpp"
#include "engine/formats/text_probe.hpp"
#include "engine/formats/text_rows.hpp"
#include "engine/formats/word2vec_binary.hpp"
#include "engine/support/error.hpp"
#include "engine/support/shell_word.hpp"
#include "engine/support/text.hpp"

namespace rowan::detail {
namespace {

constexpr std::size_t longest_counts_line = 64;  // two u64 and a space take 41
constexpr std::uint64_t text_number_bytes = 2;
constexpr std::uint64_t binary_number_bytes = 4;

/// A first line of counts.
struct Header {
  CountsLine counts;
  std::size_t bytes = 0;  ///< that it takes
};

/// A file of which too much, behind the tokens of its first rows, is nothing that text has.
bool probe_word2vec_binary(std::string_view start) {
  const std::string_view head = start.substr(0, probed_bytes);
  const std::size_t line_end = head.find('\n');
  if (line_end == std::string_view::npos) return false;
  const auto counts = counts_in(trim_line(head.substr(0, line_end)));
  if (!counts || counts->dim == 0) return false;
  std::string_view body = head.substr(line_end + 1);
  std::uint64_t bytes = 0;
  std::uint64_t strange = 0;
  for (std::size_t space = 0; (space = body.find(' ')) != std::string_view::npos;) {
    body.remove_prefix(space + 1);
    const std::string_view values = body.substr(0, 4 * std::min<std::uint64_t>(counts->dim, probed_bytes));
    bytes += values.size();
    strange += strange_bytes(values);
    body.remove_prefix(values.size());
  }
  return 8 * strange > bytes;
}

Result<Header> parse_header(std::string_view head, const std::string& path) {
  const std::size_t line_end = head.substr(0, longest_counts_line).find('\n');
  if (line_end == std::string_view::npos) {
    return make_error(Code::malformed_file, path, ": the first line is no word2vec header; \"ROWS DIM\" is expected");
  }
  const std::string_view line = trim_line(head.substr(0, line_end));
  const auto counts = counts_in(line);
  if (!counts) {
    return make_error(Code::malformed_file, path, ": the first line, \"", line,
                      "\", is no word2vec header; \"ROWS DIM\" is expected");
  }
  if (counts->dim == 0) return make_error(Code::malformed_file, path, ": the header promises rows of 0 numbers");
  return Header{*counts, line_end + 1};
}

/// Refuses counts that the file cannot hold.
Result<void> check_size(const BatchReader& reader, const Header& first, bool binary, std::uint64_t limit) {
  const CountsLine& header = first.counts;
  std::uint64_t values = 0;
  std::uint64_t row_bytes = 0;
  std::uint64_t needed = 0;
  const std::uint64_t rows = limited(header.rows, limit);
  const std::uint64_t number_bytes = binary ? binary_number_bytes : text_number_bytes;
  const bool wraps = __builtin_mul_overflow(header.rows, header.dim, &values) ||
                     __builtin_mul_overflow(header.dim, number_bytes, &row_bytes) ||
                     __builtin_add_overflow(row_bytes, std::uint64_t{1}, &row_bytes) ||
                     __builtin_mul_overflow(rows, row_bytes, &needed) ||
                     __builtin_add_overflow(needed, first.bytes, &needed);
  // The last line of a text needs no line feed.
  if (!wraps && needed - (binary ? 0 : 1) <= reader.source().content_limit()) return {};
  return make_error(Code::malformed_file, reader.path(), ": the header promises ", counted(header.rows, "row"), " of ",
                    counted(header.dim, "number"), ", more than a file of ", reader.source().bytes_total(),
                    " bytes can hold: is it truncated?");
}

Result<StreamShape> word2vec_shape(std::string_view head, BatchReader& reader, const StreamRequest& asked,
                                   bool binary) {
  const auto header = parse_header(head, reader.path());
  if (!header) return header.error();
  const CountsLine& counts = header->counts;
  if (asked.text.dim != 0 && asked.text.dim != counts.dim) {
    return make_error(Code::invalid_argument, reader.path(), ": the header says ", counts.dim,
                      " numbers in a row, --dim says ", asked.text.dim);
  }
  if (const auto possible = check_size(reader, *header, binary, asked.limit); !possible) return possible.error();
  reader.consume(header->bytes);
  return StreamShape{.dim = counts.dim, .dim_given = asked.text.dim != 0, .lines_before = 1, .promised = counts.rows};
}

Result<StreamShape> word2vec_text_shape(std::string_view head, const TextLook& look, BatchReader& reader,
                                        const StreamRequest& asked) {
  if (look.kind == TextLook::Kind::refused)
    return make_error(Code::malformed_file, reader.path(), with_file(look.why, reader.path()));
  auto shape = word2vec_shape(head, reader, asked, false);
  if (shape) shape->layout = look.layout;
  return shape;
}
Result<StreamShape> word2vec_binary_shape(std::string_view head, const TextLook&, BatchReader& reader,
                                          const StreamRequest& asked) {
  return word2vec_shape(head, reader, asked, true);
}

std::unique_ptr<RowReader> word2vec_binary_rows(BatchReader& reader, const StreamShape& shape, const RowLayout& layout,
                                                std::uint64_t limit, int, const BatchSizes& sizes) {
  return std::make_unique<BinaryReader>(reader, shape, layout, limit, sizes);
}

}  // namespace

constinit const Format word2vec_text_format = {.id = SourceFormat::word2vec_text,
                                               .spelling = "word2vec",
                                               .noun = "word2vec text",
                                               .family = "word2vec",
                                               .endings = {".txt", ".vec"},
                                               .streaming = Streaming{.number_bytes = text_number_bytes,
                                                                      .first_line = TextRequest::FirstLine::counts,
                                                                      .shape = word2vec_text_shape,
                                                                      .rows = text_rows}};

constinit const Format word2vec_binary_format = {
    .id = SourceFormat::word2vec_binary,
    .spelling = "word2vec-binary",
    .noun = "a word2vec binary file",
    .family = "word2vec",
    .endings = {".bin"},
    .probe = probe_word2vec_binary,
    .streaming =
        Streaming{.number_bytes = binary_number_bytes, .shape = word2vec_binary_shape, .rows = word2vec_binary_rows}};

}  // namespace rowan::detail
