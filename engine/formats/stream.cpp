#include "engine/formats/stream.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "engine/formats/shard_index.hpp"
#include "engine/support/error.hpp"
#include "engine/support/shell_word.hpp"

namespace rowan::detail {
namespace {

/// What sentences are about: a file, or what is inside of one.
struct Subject {
  std::string text;
  std::string unpack = {};  ///< how it becomes a file of its own, where it is none
  std::string file;         ///< whose name that is
};

Subject subject_of(const ByteSource& source) {
  const std::string& path = source.path();
  if (!source.member().empty()) {
    return {.text = concat(path, ": its file ", in_quotes(source.member())),
            .unpack = with_file("unpack it with: unzip FILE", path),
            .file = std::string(source.member())};
  }
  if (!source.compressed()) return {.text = path, .file = path};
  std::string file = path.ends_with(".gz") ? path.substr(0, path.size() - 3) : path + ".unpacked";
  return {.text = concat(path, ", decompressed,"),
          .unpack = concat(with_file("decompress it with: gzip -dc FILE > ", path), shell_word(file)),
          .file = std::move(file)};
}

Error one_number_error(const std::string& path, const Format& format) {
  return make_error(Code::format_unsupported, path, " has one number a line, as a list of word counts has; if it is a ",
                    "table of dim 1, say --from ", format.spelling);
}

/// The refusal of a file that is not of the format that was asked for, or of any.
Error refused(const Recognised& start, std::string_view head, const ByteSource& source) {
  using Content = Recognised::Content;
  const Subject subject = subject_of(source);
  const std::string first = subject.unpack.empty() ? std::string() : concat(subject.unpack, "; then ");
  switch (start.content) {
    case Content::one_number:
      return one_number_error(source.path(), *start.format);
    case Content::not_read:
      if (const auto table = start.other == &shard_index ? table_in_index(head) : std::nullopt) {
        return make_error(Code::format_unsupported, subject.text, " is ", start.other->noun, "; its table ",
                          in_quotes(table->name), " is in ", in_quotes(table->file), ": name that file");
      }
      return make_error(Code::format_unsupported, subject.text, " is ", start.other->noun, "; ", first,
                        with_file(start.other->way_out, subject.file));
    case Content::unknown:
      break;
    default:
      return make_error(Code::format_unsupported, subject.text, " is ", start.noun,
                        subject.unpack.empty() ? ", which is not converted" : "; ", subject.unpack);
  }
  if (!start.text.why.empty()) {
    return make_error(Code::format_unsupported, subject.text, with_file(start.text.why, subject.file));
  }
  return make_error(Code::format_unsupported, subject.text, " is of no format that Rowan knows; this Rowan reads ",
                    formats_in_words());
}

Result<const Format*> choose_format(const Recognised& start, std::string_view head, const ByteSource& source,
                                    std::optional<SourceFormat> from) {
  const std::string& path = source.path();
  if (start.content == Recognised::Content::empty) {
    return make_error(Code::malformed_file, path, " is empty; a table in ", streamed_families_in_words(),
                      " format is needed");
  }
  const Format* const asked = from ? &format_of(*from) : nullptr;
  const bool native = start.is(native_format);
  if (native && asked != nullptr && asked != &native_format) {
    return make_error(Code::invalid_argument, path, " is a Rowan file, and ", asked->spelling, " is asked for");
  }
  if (native && source.compressed()) {
    return make_error(Code::format_unsupported, path, " is a compressed Rowan file; ", subject_of(source).unpack);
  }
  const bool mapped = native || (start.maps() && !source.compressed());
  if (mapped && (asked == nullptr || asked == start.format || asked->container == start.format)) return start.format;
  if (mapped || (asked != nullptr && asked->read != nullptr)) {
    return make_error(Code::invalid_argument, path, " is ", start.noun, ", and ", asked->spelling, " is asked for");
  }
  const bool readable = start.content != Recognised::Content::gzip && start.content != Recognised::Content::not_read;
  if (asked != nullptr && readable) return asked;
  if (start.streams()) return start.format;
  return refused(start, head, source);
}

bool has_lines(std::string_view text, int lines) noexcept {
  std::size_t at = 0;
  for (; lines > 0 && (at = text.find('\n', at)) != std::string_view::npos; --lines) ++at;
  return lines == 0;
}

/// The head, with three whole lines at least, however long they are.
Result<std::string_view> peek_head(BatchReader& reader, const BatchSizes& sizes) {
  for (std::size_t wanted = sizes.head;; wanted = std::min(2 * wanted, sizes.row)) {
    auto head = reader.peek(wanted);
    if (!head || reader.at_end() || wanted >= sizes.row || has_lines(*head, 3)) return head;
  }
}

/// The first line, where the format that was asked for says what that is.
TextRequest::FirstLine first_line_of(std::optional<SourceFormat> from) noexcept {
  if (!from) return TextRequest::FirstLine::unknown;
  return format_of(*from).streaming ? format_of(*from).streaming->first_line : TextRequest::FirstLine::unknown;
}

}  // namespace

Result<StreamStart> read_start(BatchReader& reader, std::optional<SourceFormat> from, StreamRequest asked,
                               const BatchSizes& sizes) {
  auto head = peek_head(reader, sizes);
  if (!head) return head.error();
  const std::size_t mark = head->size() - without_byte_order_mark(*head).size();
  if (mark != 0) {  // of no row
    reader.consume(mark);
    head = peek_head(reader, sizes);
    if (!head) return head.error();
  }
  asked.text.first_line = first_line_of(from);
  const Recognised start = recognise(*head, asked.text, reader.at_end());
  const auto format = choose_format(start, *head, reader.source(), from);
  if (!format) return format.error();
  if (!(*format)->streaming) return StreamStart{.format = *format};
  const Streaming& streaming = *(*format)->streaming;
  auto shape = streaming.shape(*head, start.text, reader, asked);
  if (!shape) return shape.error();
  if (shape->dim == 1 && !from && asked.text.dim != 1) return one_number_error(reader.path(), **format);
  if (shape->dim > sizes.row / streaming.number_bytes) {
    return make_error(Code::malformed_file, reader.path(), ": rows of ", shape->dim, " numbers are longer than the ",
                      sizes.row, " bytes that a row may have");
  }
  return StreamStart{.format = *format, .shape = *std::move(shape), .compressed = reader.source().compressed()};
}

Result<StreamStart> look_into(ByteSource source) {
  BatchReader reader(source);
  return read_start(reader, std::nullopt, {}, {});
}

}  // namespace rowan::detail
