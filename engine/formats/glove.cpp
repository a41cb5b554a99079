// GloVe's files: text without a header, whose dim is what most of its first lines have. Rows are text_rows.hpp's.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "engine/files/batch_reader.hpp"
#include "engine/formats/registry.hpp"
#include "engine/formats/text_rows.hpp"
#include "engine/support/error.hpp"
#include "engine/support/shell_word.hpp"

namespace rowan::detail {
namespace {

Result<StreamShape> glove_shape(std::string_view head, const TextLook& look, BatchReader& reader,
                                const StreamRequest& asked) {
  if (look.kind == TextLook::Kind::refused)
    return make_error(Code::malformed_file, reader.path(), with_file(look.why, reader.path()));
  const std::uint64_t dim = asked.text.dim != 0 ? asked.text.dim : look.dim;
  if (dim == 0) {
    return make_error(Code::malformed_file, reader.path(), ": its first lines do not end in numbers; a token and its ",
                      "numbers are expected in each");
  }
  StreamShape shape{.dim = dim, .dim_given = asked.text.dim != 0, .layout = look.layout};
  if (!look.column_names) return shape;
  const std::size_t line_end = std::min(head.find('\n'), head.size() - 1);
  shape.notes.push_back(concat("line 1, ", in_quotes(head.substr(0, std::min<std::size_t>(line_end, 60))),
                               ", was taken for names of columns"));
  shape.lines_before = 1;
  reader.consume(line_end + 1);
  return shape;
}

}  // namespace

constinit const Format glove_format = {
    .id = SourceFormat::glove_text,
    .spelling = "glove",
    .noun = "GloVe text",
    .family = "GloVe",
    .endings = {".txt"},
    .streaming = Streaming{
        .number_bytes = 2, .first_line = TextRequest::FirstLine::row, .shape = glove_shape, .rows = text_rows}};

}  // namespace rowan::detail
