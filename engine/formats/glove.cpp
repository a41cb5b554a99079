// GloVe's files: text without a header, whose dim is what most of its first rows have. Rows are text_rows.hpp's.
#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>

#include "engine/files/batch_reader.hpp"
#include "engine/formats/registry.hpp"
#include "engine/formats/text_probe.hpp"
#include "engine/formats/text_rows.hpp"
#include "engine/support/error.hpp"
#include "engine/support/text.hpp"

namespace rowan::detail {
namespace {

constexpr std::size_t glove_lines_judged = 1000;

bool probe_glove(std::string_view start) { return usual_numbers_in_lines(start) >= 2; }

/// What most of the first lines have, and the larger of two that are as frequent: a line that the end of the
/// head cuts has fewer.
std::uint64_t usual_dim(std::string_view head, bool complete) {
  std::map<std::uint64_t, std::size_t> lines_with;
  for (std::size_t lines = 0; lines < glove_lines_judged && !head.empty(); ++lines) {
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

Result<StreamShape> glove_shape(std::string_view head, BatchReader& reader, const StreamRequest& asked) {
  StreamShape shape{.dim = asked.dim, .dim_given = asked.dim != 0};
  if (shape.dim == 0) shape.dim = usual_dim(head, reader.at_end());
  if (shape.dim != 0) return shape;
  return make_error(Code::malformed_file, reader.path(), ": its first lines do not end in numbers; a token and its ",
                    "numbers are expected in each");
}

}  // namespace

constinit const Format glove_format = {
    .id = SourceFormat::glove_text,
    .spelling = "glove",
    .noun = "GloVe text",
    .family = "GloVe",
    .endings = {".txt"},
    .probe = probe_glove,
    .streaming = Streaming{.number_bytes = 2, .shape = glove_shape, .rows = text_rows}};

}  // namespace rowan::detail
