// Recognising files by magic numbers, and text tables by the shape of their lines.
#include "engine/table/sniff.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <vector>

#include "engine/support/text.hpp"

namespace rowan::detail {
namespace {

constexpr std::uint64_t no_count = ~std::uint64_t{0};

bool spells_number(std::string_view field) noexcept {
  if (field.starts_with('+')) field.remove_prefix(1);
  float value = 0;
  const char* end = field.data() + field.size();
  const auto [at, error] = std::from_chars(field.data(), end, value);
  return !field.empty() && error != std::errc::invalid_argument && at == end;
}

/// Numbers that a line ends in, the field before the first of them being its token; at most `enough`.
std::uint64_t trailing_numbers(std::string_view line, std::uint64_t enough) noexcept {
  std::uint64_t numbers = 0;
  while (numbers < enough) {
    const std::size_t space = line.rfind(' ');
    if (space == std::string_view::npos || !spells_number(line.substr(space + 1))) break;
    ++numbers;
    line = line.substr(0, space);
  }
  return numbers;
}

/// Text has none of the control characters that a float's bytes abound in.
bool looks_like_text(std::string_view bytes) noexcept {
  bool control = false;
  for (const char c : bytes) {  // all of them: a loop that does not stop takes less than one that looks whether to
    const auto byte = static_cast<unsigned char>(c);
    control |= (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F;
  }
  return !control;
}

FileKind word2vec_kind(std::string_view body, std::uint64_t rows, std::uint64_t dim) noexcept {
  if (rows == 0 && body.empty()) return FileKind::word2vec_text;
  const std::size_t line_end = body.find('\n');
  const std::string_view line = body.substr(0, line_end);
  const bool cut = line_end == std::string_view::npos;
  if (!looks_like_text(body.substr(0, std::min<std::size_t>(body.size(), 4096)))) {
    // A token, a space and raw floats.
    return body.find(' ') != std::string_view::npos ? FileKind::word2vec_binary : FileKind::unknown;
  }
  const std::uint64_t numbers = trailing_numbers(trim_line(line), dim);
  const std::uint64_t complete = cut ? trailing_numbers(line.substr(0, line.rfind(' ')), dim) : numbers;
  if (numbers == dim || (cut && complete > 0)) return FileKind::word2vec_text;
  // Floats whose bytes all happen to be printable.
  return body.find(' ') != std::string_view::npos && numbers == 0 ? FileKind::word2vec_binary : FileKind::unknown;
}

/// How many numbers most lines end in.
std::uint64_t usual_numbers(const std::vector<std::uint64_t>& counts) {
  for (const std::uint64_t count : counts) {
    const auto same = std::count(counts.begin(), counts.end(), count);
    if (static_cast<std::size_t>(same) * 2 > counts.size()) return count;
  }
  return 0;
}

FileKind text_kind(std::string_view head) {
  constexpr std::size_t lines_enough = 32;
  std::vector<std::uint64_t> counts;
  while (!head.empty() && counts.size() < lines_enough) {
    const std::size_t end = head.find('\n');
    // The last line may be cut by the end of the head; only the first may be judged all the same.
    if (end == std::string_view::npos && !counts.empty()) break;
    const std::string_view line = trim_line(head.substr(0, end));
    if (!line.empty()) counts.push_back(trailing_numbers(line, no_count));
    head = end == std::string_view::npos ? std::string_view() : head.substr(end + 1);
  }
  const std::uint64_t usual = usual_numbers(counts);
  if (usual == 1) return FileKind::counts_text;
  return usual >= 2 ? FileKind::glove_text : FileKind::unknown;
}

FileKind text_or_unknown(std::string_view head) {
  const std::size_t line_end = head.find('\n');
  if (line_end != std::string_view::npos) {
    const std::string_view line = trim_line(head.substr(0, line_end));
    const std::size_t space = line.find(' ');
    const auto rows = parse_decimal(line.substr(0, space));
    const auto dim = space == std::string_view::npos ? std::nullopt : parse_decimal(line.substr(space + 1));
    if (rows && dim && *dim > 0) {
      const FileKind kind = word2vec_kind(head.substr(line_end + 1), *rows, *dim);
      if (kind != FileKind::unknown) return kind;
    }
  }
  return looks_like_text(head) ? text_kind(head) : FileKind::unknown;
}

FileKind binary_kind(std::string_view head) noexcept {
  using namespace std::literals;
  struct Magic {
    std::string_view bytes;
    FileKind kind;
  };
  constexpr Magic magics[] = {
      {"\x93NUMPY"sv, FileKind::npy},
      {"PK\x03\x04"sv, FileKind::zip},
      {"PK\x05\x06"sv, FileKind::zip},
      {"\x1F\x8B"sv, FileKind::gzip},
      {"GGUF"sv, FileKind::gguf},
      {"FiFu"sv, FileKind::finalfusion},
      {"\xBA\x16\x4F\x2F"sv, FileKind::fasttext_binary},
      {"\x80\x02"sv, FileKind::pickle},
      {"\x80\x03"sv, FileKind::pickle},
      {"\x80\x04"sv, FileKind::pickle},
      {"\x80\x05"sv, FileKind::pickle},
  };
  for (const Magic& magic : magics) {
    if (head.starts_with(magic.bytes)) return magic.kind;
  }
  // safetensors: a u64 length that no text spells, then JSON.
  if (head.size() < 9 || head[8] != '{' || head[6] != '\0' || head[7] != '\0') return FileKind::unknown;
  std::uint64_t length = 0;
  std::memcpy(&length, head.data(), sizeof length);
  const std::string_view json = head.substr(8, length);
  return json.find("\"rowan.format\"") != std::string_view::npos ? FileKind::native : FileKind::safetensors;
}

}  // namespace

FileKind sniff(std::string_view head) {
  if (head.empty()) return FileKind::empty;
  const FileKind kind = binary_kind(head);
  return kind != FileKind::unknown ? kind : text_or_unknown(head);
}

std::string_view describe(FileKind kind) noexcept {
  switch (kind) {
    case FileKind::unknown:
      return "of no format that Rowan knows";
    case FileKind::empty:
      return "empty";
    case FileKind::native:
      return "a native Rowan file";
    case FileKind::safetensors:
      return "a safetensors file";
    case FileKind::npy:
      return "a NumPy array";
    case FileKind::zip:
      return "a zip archive, as PyTorch checkpoints and .npz files are";
    case FileKind::gzip:
      return "gzip-compressed";
    case FileKind::gguf:
      return "a GGUF model";
    case FileKind::finalfusion:
      return "a finalfusion table";
    case FileKind::fasttext_binary:
      return "a fastText model";
    case FileKind::pickle:
      return "a Python pickle";
    case FileKind::word2vec_binary:
      return "a word2vec binary file";
    case FileKind::word2vec_text:
      return "word2vec text";
    case FileKind::glove_text:
      return "GloVe text";
    case FileKind::counts_text:
      return "text with a token and one number in a line";
  }
  return "unknown";
}

}  // namespace rowan::detail
