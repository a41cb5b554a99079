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
#include "engine/support/text.hpp"

namespace rowan::detail {
namespace {

constexpr std::size_t longest_counts_line = 64;  // two u64 and a space take 41
constexpr std::uint64_t text_number_bytes = 2;
constexpr std::uint64_t binary_number_bytes = 4;

/// The first line of a file.
struct CountsLine {
  std::uint64_t rows = 0;
  std::uint64_t dim = 0;
  std::size_t bytes = 0;
};

std::optional<CountsLine> counts_in(std::string_view line, std::size_t bytes) noexcept {
  const std::size_t space = line.find(' ');
  const auto rows = parse_decimal(line.substr(0, space));
  const auto dim = space == std::string_view::npos ? std::nullopt : parse_decimal(line.substr(space + 1));
  if (!rows || !dim) return std::nullopt;
  return CountsLine{*rows, *dim, bytes};
}

enum class Rows : std::uint8_t { none, text, binary };

/// What follows a first line of such counts.
Rows rows_behind(const CountsLine& counts, std::string_view body) noexcept {
  const std::uint64_t dim = counts.dim;
  if (counts.rows == 0 && body.empty()) return Rows::text;
  const std::size_t line_end = body.find('\n');
  const std::string_view line = body.substr(0, line_end);
  const bool cut = line_end == std::string_view::npos;
  if (!looks_like_text(body.substr(0, std::min<std::size_t>(body.size(), 4096)))) {
    // A token, a space and raw floats.
    return body.find(' ') != std::string_view::npos ? Rows::binary : Rows::none;
  }
  const std::uint64_t numbers = trailing_numbers(trim_line(line), dim);
  const std::uint64_t complete = cut ? trailing_numbers(line.substr(0, line.rfind(' ')), dim) : numbers;
  if (numbers == dim || (cut && complete > 0)) return Rows::text;
  // Floats whose bytes all happen to be printable.
  return body.find(' ') != std::string_view::npos && numbers == 0 ? Rows::binary : Rows::none;
}

Rows word2vec_rows(std::string_view start) noexcept {
  const std::string_view head = start.substr(0, probed_bytes);
  const std::size_t line_end = head.find('\n');
  if (line_end == std::string_view::npos) return Rows::none;
  const auto counts = counts_in(trim_line(head.substr(0, line_end)), line_end + 1);
  if (!counts || counts->dim == 0) return Rows::none;
  return rows_behind(*counts, head.substr(counts->bytes));
}

bool probe_word2vec_text(std::string_view start) { return word2vec_rows(start) == Rows::text; }
bool probe_word2vec_binary(std::string_view start) { return word2vec_rows(start) == Rows::binary; }

Result<CountsLine> parse_header(std::string_view head, const std::string& path) {
  const std::size_t line_end = head.substr(0, longest_counts_line).find('\n');
  if (line_end == std::string_view::npos) {
    return make_error(Code::malformed_file, path, ": the first line is no word2vec header; \"ROWS DIM\" is expected");
  }
  const std::string_view line = trim_line(head.substr(0, line_end));
  const auto counts = counts_in(line, line_end + 1);
  if (!counts) {
    return make_error(Code::malformed_file, path, ": the first line, \"", line,
                      "\", is no word2vec header; \"ROWS DIM\" is expected");
  }
  if (counts->dim == 0) return make_error(Code::malformed_file, path, ": the header promises rows of 0 numbers");
  return *counts;
}

/// Refuses counts that the file cannot hold.
Result<void> check_size(const BatchReader& reader, const CountsLine& header, bool binary, std::uint64_t limit) {
  std::uint64_t values = 0;
  std::uint64_t row_bytes = 0;
  std::uint64_t needed = 0;
  const std::uint64_t rows = limited(header.rows, limit);
  const std::uint64_t number_bytes = binary ? binary_number_bytes : text_number_bytes;
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

Result<StreamShape> word2vec_shape(std::string_view head, BatchReader& reader, const StreamRequest& asked,
                                   bool binary) {
  const auto header = parse_header(head, reader.path());
  if (!header) return header.error();
  if (asked.dim != 0 && asked.dim != header->dim) {
    return make_error(Code::invalid_argument, reader.path(), ": the header says ", header->dim,
                      " numbers in a row, --dim says ", asked.dim);
  }
  if (const auto possible = check_size(reader, *header, binary, asked.limit); !possible) return possible.error();
  reader.consume(header->bytes);
  return StreamShape{.dim = header->dim, .dim_given = asked.dim != 0, .promised = header->rows};
}

Result<StreamShape> word2vec_text_shape(std::string_view head, BatchReader& reader, const StreamRequest& asked) {
  return word2vec_shape(head, reader, asked, false);
}
Result<StreamShape> word2vec_binary_shape(std::string_view head, BatchReader& reader, const StreamRequest& asked) {
  return word2vec_shape(head, reader, asked, true);
}

std::unique_ptr<RowReader> word2vec_binary_rows(BatchReader& reader, const StreamShape& shape, const RowLayout& layout,
                                                std::uint64_t limit, int, const BatchSizes& sizes) {
  return std::make_unique<BinaryReader>(reader, shape, layout, limit, sizes);
}

}  // namespace

constinit const Format word2vec_text_format = {
    .id = SourceFormat::word2vec_text,
    .spelling = "word2vec",
    .noun = "word2vec text",
    .family = "word2vec",
    .endings = {".txt", ".vec"},
    .probe = probe_word2vec_text,
    .streaming = Streaming{.number_bytes = text_number_bytes, .shape = word2vec_text_shape, .rows = text_rows}};

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
