#include "engine/formats/stream.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

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

Error one_number_error(const std::string& path, const Format& format) {
  return make_error(Code::format_unsupported, path, " has one number a line, as a list of word counts has; if it is a ",
                    "table of dim 1, say --from ", format.spelling);
}

/// The refusal of a file that is not of the format that was asked for, or of any.
Error refused(const Recognised& start, const ByteSource& source) {
  const std::string& path = source.path();
  if (start.content == Recognised::Content::one_number) return one_number_error(path, *start.format);
  if (start.content != Recognised::Content::unknown) {
    return make_error(Code::format_unsupported, path, " is ", start.noun,
                      source.compressed() ? ", compressed: decompress it with: gzip -d" : ", which is not converted");
  }
  return make_error(Code::format_unsupported, path, " is not recognised as a table; ", streamed_formats_in_words(),
                    " are read, plain or gzip-compressed (--from names the format)");
}

Result<const Format*> choose_format(std::string_view head, const ByteSource& source, std::optional<SourceFormat> from) {
  const std::string& path = source.path();
  const Recognised start = recognise(head);
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
    return make_error(Code::format_unsupported, path, " is a compressed Rowan file; decompress it with: gzip -d");
  }
  const bool mapped = native || (start.maps() && !source.compressed());
  if (mapped && (asked == nullptr || asked == start.format)) return start.format;
  if (mapped || (asked != nullptr && asked->read != nullptr)) {
    return make_error(Code::invalid_argument, path, " is ", start.noun, ", and ", asked->spelling, " is asked for");
  }
  if (asked != nullptr) return asked;
  if (start.streams()) return start.format;
  return refused(start, source);
}

/// The head, with one whole line at least, however long that is.
Result<std::string_view> peek_head(BatchReader& reader, const BatchSizes& sizes) {
  for (std::size_t wanted = sizes.head;; wanted = std::min(2 * wanted, sizes.row)) {
    auto head = reader.peek(wanted);
    if (!head || reader.at_end() || wanted >= sizes.row || head->find('\n') != std::string_view::npos) return head;
  }
}

}  // namespace

Result<StreamStart> read_start(BatchReader& reader, std::optional<SourceFormat> from, const StreamRequest& asked,
                               const BatchSizes& sizes) {
  auto head = peek_head(reader, sizes);
  if (!head) return head.error();
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (head->starts_with(byte_order_mark)) {  // of no row
    reader.consume(byte_order_mark.size());
    head = peek_head(reader, sizes);
    if (!head) return head.error();
  }
  if (const auto good = check_encoding(*head, reader.path()); !good) return good.error();
  const auto format = choose_format(*head, reader.source(), from);
  if (!format) return format.error();
  if (!(*format)->streaming) return StreamStart{.format = *format};
  const Streaming& streaming = *(*format)->streaming;
  const auto shape = streaming.shape(*head, reader, asked);
  if (!shape) return shape.error();
  if (shape->dim == 1 && !from) return one_number_error(reader.path(), **format);
  if (shape->dim > sizes.row / streaming.number_bytes) {
    return make_error(Code::malformed_file, reader.path(), ": rows of ", shape->dim, " numbers are longer than the ",
                      sizes.row, " bytes that a row may have");
  }
  return StreamStart{.format = *format, .shape = *shape};
}

}  // namespace rowan::detail
