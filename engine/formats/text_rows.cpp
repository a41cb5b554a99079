// A batch of lines is cut at line ends into chunks, one tile each; their results are taken in the order of the
// file, so the fault that is reported is the first one, at any number of threads.
#include "engine/formats/text_rows.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/formats/text_vote.hpp"
#include "engine/support/error.hpp"
#include "engine/support/quantized.hpp"
#include "engine/support/shell_word.hpp"
#include "engine/support/text.hpp"
#include "engine/table/row_encoder.hpp"

namespace rowan::detail {
namespace {

constexpr std::size_t chunks_per_thread = 4;

/// A token without the quotes that it may stand in, and with each pair of quotes inside of them as one.
std::string_view unquoted(std::string_view token, RowBlock& block) {
  const std::string_view inside = without_quotes(token);
  if (inside.size() == token.size() || inside.find("\"\"") == std::string_view::npos) return inside;
  std::string single;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    single += inside[i];
    if (inside.substr(i).starts_with("\"\"")) ++i;
  }
  return block.keep(std::move(single));
}

}  // namespace

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
  return row + shape_.lines_before + 1;  // an empty line before a row is refused, so lines are rows
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
  if (text->back() != '\n' && !trim_line(text->substr(text->rfind('\n') + 1)).empty()) {
    unended_ = text->data() + text->size();
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
    if (line.size() + 1 >= 2 * layout_.dim && values.empty()) values.resize(layout_.dim);
    std::string_view token;
    chunk.fault = parse_line(line, shape_.layout, layout_.dim, shape_.dim_given, values.data(), token);
    if (chunk.fault) {
      chunk.fault->line = line;
      return;
    }
    if (shape_.layout.quoted) token = unquoted(token, block);

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
    if (shape_.layout.words) block.add_token(token, layout_);
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
      return make_error(Code::malformed_file, start, " has ",
                        fault.numbers == 0 ? std::string("no numbers") : counted(fault.numbers, "number"), " where ",
                        dim, " are expected", separated(), why_few(fault, line));
    case Kind::unquantized:
      return make_error(Code::invalid_argument, start, " ", why_not_quantized(fault.encoded, layout_.dtype()));
    case Kind::bad_number:
      break;
  }
  switch (fault.number) {
    case NumberFault::empty:
      return make_error(
          Code::malformed_file, start,
          " has an empty field where a number is expected: ", in_words(shape_.layout.between), " stand between the ",
          dim, " numbers",
          shape_.layout.between == Separator::space ? "; --separator spaces takes any number of them" : "");
    case NumberFault::out_of_range:
      return make_error(Code::malformed_file, start, " has the number ", in_double_quotes(fault.field),
                        ", which is beyond the range of f32");
    default:
      return make_error(Code::malformed_file, start, " has ", in_double_quotes(fault.field), " where one of its ", dim,
                        " numbers is expected", separated(), why_bad(fault, line));
  }
}

/// What stands between fields, where that is not what everybody expects.
std::string TextReader::separated() const {
  if (shape_.layout.usual()) return {};
  return concat(", with ", in_words(shape_.layout.between), " between them");
}

/// Whether a line of this batch is the file's last and has no line end.
bool TextReader::is_cut(std::string_view line) const {
  constexpr std::ptrdiff_t trimmed = 2;
  return unended_ != nullptr && unended_ - (line.data() + line.size()) <= trimmed;
}

/// What a line may be that has too few numbers.
std::string TextReader::why_few(const LineFault& fault, std::uint64_t line) const {
  if (is_conflict_marker(fault.line)) {
    return concat("; ", in_double_quotes(fault.line),
                  " marks a conflict of two versions of the file, which has to be resolved");
  }
  if (is_cut(fault.line)) return "; it is the last and has no line end: is the file truncated?";
  if (line != 1 || shape_.promised || shape_.dim_given) return {};
  const auto counts = counts_in(fault.line);
  if (counts && counts->dim == layout_.dim) return "; if it is a header \"ROWS DIM\", say --from word2vec";
  return with_file("; if it is a header, remove it with: tail -n +2 FILE", reader_.path());
}
std::string TextReader::why_bad(const LineFault& fault, std::uint64_t line) const {
  if (is_cut(fault.line)) return "; it is the last and has no line end: is the file truncated?";
  if (line == 1 && !shape_.promised && !shape_.dim_given)
    return with_file("; if it is a header, remove it with: tail -n +2 FILE", reader_.path());
  return {};
}

std::vector<std::string> TextReader::notes() const {
  std::vector<std::string> notes = shape_.notes;
  const TextLayout& layout = shape_.layout;
  if (layout.indented) {
    notes.push_back(
        "all lines begin with spaces, which were not taken for parts of tokens; --separator space keeps them");
  }
  TextLayout fields = layout;
  fields.indented = false;
  if (!fields.usual()) {
    notes.push_back(concat("fields were taken to be separated by ", in_words(layout.between),
                           layout.before ? concat(", and the token from them by ", in_words(*layout.before)) : "",
                           layout.decimal_commas ? ", with decimal commas" : "",
                           layout.words ? "" : ", with numbers alone"));
  }
  if (unended_ && rows_ > 1) {
    notes.push_back(
        concat("line ", line_of(rows_ - 1), ", the last, has no line end and the others have: is the file truncated?"));
  }
  return notes;
}

std::unique_ptr<RowReader> text_rows(BatchReader& reader, const StreamShape& shape, const RowLayout& layout,
                                     std::uint64_t limit, int threads, const BatchSizes& sizes) {
  return std::make_unique<TextReader>(reader, shape, layout, limit, threads, sizes);
}

}  // namespace rowan::detail
