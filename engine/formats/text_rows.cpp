// A batch of lines is cut at line ends into chunks, one tile each; their results are taken in the order of the
// file, so the fault that is reported is the first one, at any number of threads.
#include "engine/formats/text_rows.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/support/error.hpp"
#include "engine/support/quantized.hpp"
#include "engine/support/text.hpp"
#include "engine/table/row_encoder.hpp"

namespace rowan::detail {
namespace {

constexpr std::size_t chunks_per_thread = 4;

std::size_t find_back(std::string_view text, char c, std::size_t end) noexcept {
  const void* at = ::memrchr(text.data(), c, end);
  return at != nullptr ? static_cast<std::size_t>(static_cast<const char*>(at) - text.data()) : std::string_view::npos;
}

bool is_number(std::string_view field) noexcept {
  float ignored = 0;
  const auto [end, fault] = parse_number(field.data(), field.data() + field.size(), ignored);
  return end == field.data() + field.size() && (fault == NumberFault::none || fault == NumberFault::out_of_range);
}

/// A token without spaces and `dim` numbers, nothing else.
bool parse_regular(std::string_view line, std::size_t dim, float* values, std::string_view& token) noexcept {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return false;
  token = line.substr(0, space);
  const char* p = line.data() + space;
  const char* const last = line.data() + line.size();
  for (std::size_t c = 0; c < dim; ++c) {
    if (p == last) return false;
    const auto [end, fault] = parse_number(p + 1, last, values[c]);
    if (fault != NumberFault::none) return false;
    p = end;
  }
  return p == last;
}

/// Start of the last `count` fields: just behind the space before them. There are enough.
std::size_t last_fields(std::string_view line, std::size_t count) noexcept {
  std::size_t end = line.size();
  for (std::size_t i = 0; i < count; ++i) end = find_back(line, ' ', end);
  return end + 1;
}

std::string quoted(std::string_view field) {
  constexpr std::size_t shown = 40;
  return concat("\"", field.substr(0, shown), field.size() > shown ? "…\"" : "\"");
}

}  // namespace

std::uint64_t count_numbers(std::string_view line) noexcept {
  std::uint64_t numbers = 0;
  for (std::size_t end = line.size();;) {
    const std::size_t space = find_back(line, ' ', end);
    if (space == std::string_view::npos || !is_number(line.substr(space + 1, end - space - 1))) return numbers;
    ++numbers;
    end = space;
  }
}

std::optional<LineFault> parse_line(std::string_view line, std::size_t dim, bool dim_given, float* values,
                                    std::string_view& token) {
  using Kind = LineFault::Kind;
  const bool fits = line.size() >= 2 * dim;
  if (fits && parse_regular(line, dim, values, token)) return std::nullopt;

  const auto spaces = static_cast<std::uint64_t>(std::count(line.begin(), line.end(), ' '));
  if (spaces < dim) return LineFault{.kind = Kind::few_numbers, .numbers = spaces};
  const std::size_t numbers = last_fields(line, dim);
  const char* p = line.data() + numbers;
  const char* const last = line.data() + line.size();
  for (std::size_t c = 0; c < dim; ++c, ++p) {
    float value = 0;
    const auto [end, fault] = parse_number(p, last, value);
    if (fault != NumberFault::none) {
      return LineFault{.kind = Kind::bad_number, .number = fault, .field = {p, static_cast<std::size_t>(end - p)}};
    }
    if (fits) values[c] = value;
    p = end;
  }
  token = line.substr(0, numbers - 1);
  const std::size_t word = token.rfind(' ');
  if (dim_given || word == std::string_view::npos || !is_number(token.substr(word + 1))) return std::nullopt;
  return LineFault{.kind = Kind::many_numbers, .numbers = count_numbers(line)};
}

TextReader::TextReader(BatchReader& reader, const StreamShape& shape, const RowLayout& layout, std::uint64_t limit,
                       int threads, const BatchSizes& sizes)
    : reader_(reader),
      threads_(static_cast<std::size_t>(threads)),
      shape_(shape),
      layout_(layout),
      sizes_(sizes),
      limit_(limit) {
  sizes_.batch = batch_bytes(sizes.batch, 2 * layout.dim + 1, layout);
}

std::uint64_t TextReader::line_of(std::uint64_t row) const noexcept {
  return row + (shape_.promised ? 2 : 1);  // an empty line before a row is refused, so lines are rows
}

std::string TextReader::place(std::uint64_t row) const { return concat("line ", line_of(row)); }

Result<std::size_t> TextReader::begin_batch() {
  chunks_.clear();
  if (rows_left(limit_, rows_) == 0) return std::size_t{0};
  const auto text = next_lines();
  if (!text) return text.error();
  if (text->empty()) {
    if (const auto complete = check_end(); !complete) return complete.error();
    return std::size_t{0};
  }
  split(*text);
  reader_.consume(text->size());
  return chunks_.size();
}

void TextReader::read_ahead() noexcept {
  if (more_) reader_.read_ahead(sizes_.batch);
}

/// Whole lines: about a batch of them, and no more than the limit leaves.
Result<std::string_view> TextReader::next_lines() {
  std::string_view lines;
  for (std::size_t wanted = sizes_.batch;;) {
    auto text = reader_.peek(wanted);
    if (!text) return text;
    const std::size_t end = text->rfind('\n');
    lines = reader_.at_end() ? *text : text->substr(0, end + 1);  // none: npos + 1 is 0
    if (!lines.empty() || reader_.at_end()) break;
    if (wanted >= sizes_.row) {
      return make_error(Code::malformed_file, reader_.path(), ": line ", line_of(rows_ + empty_lines_),
                        " is longer than the ", sizes_.row, " bytes that a line may have");
    }
    wanted = std::min(2 * wanted, sizes_.row);
  }
  std::uint64_t left = rows_left(limit_, rows_);
  if (left >= lines.size()) return lines;
  std::size_t end = 0;
  for (; left > 0 && end < lines.size(); --left) end = std::min(lines.find('\n', end), lines.size() - 1) + 1;
  more_ = left > 0;
  return lines.substr(0, end);
}

void TextReader::split(std::string_view text) {
  const std::size_t wanted = threads_ * chunks_per_thread;
  const std::size_t size = std::max(text.size() / wanted + 1, sizes_.chunk);
  while (!text.empty()) {
    const std::size_t line_end = size < text.size() ? text.find('\n', size - 1) : std::string_view::npos;
    const std::size_t end = line_end == std::string_view::npos ? text.size() : line_end + 1;
    chunks_.push_back({.text = text.substr(0, end)});
    text.remove_prefix(end);
  }
}

Result<void> TextReader::parse(std::size_t tile, RowBlock& block) {
  block.clear();
  parse_chunk(chunks_[tile], block);
  block.hold(block.rows, layout_.stride);
  return {};
}

void TextReader::parse_chunk(Chunk& chunk, RowBlock& block) const {
  std::vector<float> values;
  RowEncoder encoder(layout_);
  for (std::string_view text = chunk.text; !text.empty();) {
    const std::size_t line_end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim_line(text.substr(0, line_end));
    text.remove_prefix(std::min(line_end + 1, text.size()));
    if (line.empty()) {
      ++chunk.empty_lines;
      continue;
    }
    if (chunk.empty_lines != 0) {
      chunk.fault = LineFault{};
      return;
    }
    // Only a line that may hold a row gets memory for one.
    if (line.size() >= 2 * layout_.dim && values.empty()) values.resize(layout_.dim);
    std::string_view token;
    chunk.fault = parse_line(line, layout_.dim, shape_.dim_given, values.data(), token);
    if (chunk.fault) return;

    const std::size_t offset = block.rows * layout_.stride;
    if (block.memory.size() < offset + layout_.stride) {
      const std::size_t rows_ahead = text.size() / (line.size() + 1);
      block.reserve(offset + (rows_ahead + rows_ahead / 8 + 1) * layout_.stride);
    }
    const simd::Encoded encoded = encoder.encode(values.data(), block.memory.data() + offset, block.errors);
    if (encoded != simd::Encoded::ok) {
      chunk.fault = LineFault{.kind = LineFault::Kind::unquantized, .encoded = encoded};
      return;
    }
    block.add_token(token, layout_);
    ++block.rows;
  }
}

Result<void> TextReader::end_batch(std::span<const RowBlock> blocks) {
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    const Chunk& chunk = chunks_[i];
    const std::uint64_t rows = blocks[i].rows;
    const bool more = rows != 0 || chunk.fault;
    if (more && empty_lines_ != 0) return describe(LineFault{}, line_of(rows_));
    if (shape_.promised && (rows > *shape_.promised - rows_ || (chunk.fault && rows == *shape_.promised - rows_))) {
      return surplus();
    }
    rows_ += rows;
    if (chunk.fault) return describe(*chunk.fault, line_of(rows_));
    empty_lines_ += chunk.empty_lines;
  }
  return {};
}

Result<void> TextReader::check_end() const {
  if (!shape_.promised || rows_ == *shape_.promised) return {};
  return make_error(Code::malformed_file, reader_.path(), ": the header promises ", counted(*shape_.promised, "row"),
                    ", the file has ", rows_, ": is it truncated?");
}

Error TextReader::surplus() const {
  return make_error(Code::malformed_file, reader_.path(), ": the header promises ", counted(*shape_.promised, "row"),
                    ", but line ", line_of(*shape_.promised), " is one more");
}

Error TextReader::describe(const LineFault& fault, std::uint64_t line) const {
  using Kind = LineFault::Kind;
  const std::string start = concat(reader_.path(), ": line ", line);
  const std::uint64_t dim = layout_.dim;
  switch (fault.kind) {
    case Kind::empty_line:
      return make_error(Code::malformed_file, start, " is empty and others follow; a token and ",
                        counted(dim, "number"), " are expected");
    case Kind::many_numbers:
      return make_error(Code::malformed_file, start, " has ", counted(fault.numbers, "number"), " where ", dim,
                        " are expected; if the token really ends in a number, say --dim ", dim);
    case Kind::few_numbers:
      if (line == 1 && !shape_.promised && fault.numbers == 1) {
        return make_error(Code::malformed_file, start, " has 1 number where ", dim,
                          " are expected; if it is a header \"ROWS DIM\", say --from word2vec");
      }
      return make_error(Code::malformed_file, start, " has ", counted(fault.numbers, "number"), " where ", dim,
                        " are expected");
    case Kind::unquantized:
      return make_error(Code::invalid_argument, start, " ", why_not_quantized(fault.encoded, layout_.dtype()));
    case Kind::bad_number:
      break;
  }
  switch (fault.number) {
    case NumberFault::empty:
      return make_error(Code::malformed_file, start, " has an empty field where a number is expected: single spaces ",
                        "stand between the ", dim, " numbers");
    case NumberFault::out_of_range:
      return make_error(Code::malformed_file, start, " has the number ", quoted(fault.field),
                        ", which is beyond the range of f32");
    default:
      return make_error(Code::malformed_file, start, " has ", quoted(fault.field), " where one of its ", dim,
                        " numbers is expected");
  }
}

std::unique_ptr<RowReader> text_rows(BatchReader& reader, const StreamShape& shape, const RowLayout& layout,
                                     std::uint64_t limit, int threads, const BatchSizes& sizes) {
  return std::make_unique<TextReader>(reader, shape, layout, limit, threads, sizes);
}

}  // namespace rowan::detail
