// Files are recognised by content, and the refusal of a foreign one has the line that converts it.
#include "engine/table/sniff.hpp"

#include <doctest/doctest.h>

#include "rowan/table.hpp"
#include "tests/support/files.hpp"
#include "tests/table/samples.hpp"

using namespace rowan;
using namespace std::literals;
using detail::FileKind;
using detail::sniff;

namespace {

std::string rows_of_text(int rows, int numbers, std::string_view end = "\n") {
  std::string text;
  for (int row = 0; row < rows; ++row) {
    text += "token" + std::to_string(row);
    for (int i = 0; i < numbers; ++i) text += " -0." + std::to_string(row + i);
    text += end;
  }
  return text;
}

std::string binary_rows(int rows, int dim, bool newline) {
  std::string bytes;
  for (int row = 0; row < rows; ++row) {
    bytes += "token" + std::to_string(row) + ' ';
    for (int i = 0; i < dim; ++i) {
      const float value = 0.01F * static_cast<float>(row - i);
      bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    if (newline) bytes += '\n';
  }
  return bytes;
}

}  // namespace

TEST_CASE("formats with magic numbers are recognised") {
  CHECK(sniff("") == FileKind::empty);
  CHECK(sniff("\x93NUMPY\x01\x00"sv) == FileKind::npy);
  CHECK(sniff("PK\x03\x04rest"sv) == FileKind::zip);
  CHECK(sniff("\x1F\x8B\x08\x00"sv) == FileKind::gzip);
  CHECK(sniff("GGUF\x03\x00\x00\x00"sv) == FileKind::gguf);
  CHECK(sniff("FiFu\x00\x00\x00\x00"sv) == FileKind::finalfusion);
  const std::int32_t magic[] = {793712314, 12};
  CHECK(sniff({reinterpret_cast<const char*>(magic), 8}) == FileKind::fasttext_binary);
  CHECK(sniff("\x80\x04\x95"sv) == FileKind::pickle);
  CHECK(sniff(test::safetensors_file("{}", "")) == FileKind::safetensors);
  CHECK(sniff(test::read_file(ROWAN_GOLDEN_FOLDER "/native-1.0.safetensors")) == FileKind::native);
  CHECK(sniff("\0\0\0\0\0\0\0\0\0\0\0\0"sv) == FileKind::unknown);
  CHECK(sniff("#include <cstdio>\nint main() { return 0; }\n") == FileKind::unknown);
}

TEST_CASE("text tables are recognised by their lines") {
  CHECK(sniff(rows_of_text(5, 50)) == FileKind::glove_text);
  CHECK(sniff(rows_of_text(5, 2)) == FileKind::glove_text);
  CHECK(sniff(rows_of_text(1, 3)) == FileKind::glove_text);
  CHECK(sniff(rows_of_text(5, 50, "\r\n")) == FileKind::glove_text);
  CHECK(sniff(rows_of_text(5, 50, " \n")) == FileKind::glove_text);
  CHECK(sniff(". . . 1 2\n" + rows_of_text(5, 2)) == FileKind::glove_text);  // a token with spaces
  CHECK(sniff("nan inf 1e-5 nan\n-inf 1 2 3\n") == FileKind::glove_text);
  CHECK(sniff("5 3 1 2\n6 2 3 4\n7 1 1 1\n") == FileKind::glove_text);  // tokens that are numbers
  CHECK(sniff(rows_of_text(4000, 50).substr(0, detail::sniffed_bytes)) == FileKind::glove_text);
  CHECK(sniff(rows_of_text(5, 1)) == FileKind::counts_text);
  CHECK(sniff("2000 5\n1999 3\n") == FileKind::counts_text);
  CHECK(sniff("the quick brown fox\njumps over\n") == FileKind::unknown);
}

TEST_CASE("word2vec files are told from GloVe by their header, and text from binary by what follows") {
  CHECK(sniff("5 50\n" + rows_of_text(5, 50)) == FileKind::word2vec_text);
  CHECK(sniff("5 50 \r\n" + rows_of_text(5, 50, " \r\n")) == FileKind::word2vec_text);
  CHECK(sniff("2 1\na 1\nb 2\n") == FileKind::word2vec_text);
  CHECK(sniff("1000000 20000\n" + rows_of_text(1, 20000).substr(0, 60'000)) == FileKind::word2vec_text);
  CHECK(sniff("0 5\n") == FileKind::word2vec_text);
  CHECK(sniff("5 50\n" + binary_rows(5, 50, true)) == FileKind::word2vec_binary);
  CHECK(sniff("5 50\n" + binary_rows(5, 50, false)) == FileKind::word2vec_binary);
  CHECK(sniff("5 60\n" + rows_of_text(5, 50)) == FileKind::glove_text);  // rows contradict what looked like a header
}

TEST_CASE("a foreign file is refused with the line that converts it") {
  const test::TemporaryFolder folder;
  const auto refusal = [&](const std::string& name, std::string_view content) {
    test::write_file(folder / name, content);
    return Table::open(folder / name).error();
  };
  const std::string prefix = folder.path().string() + "/";
  const Error glove = refusal("glove.6B.50d.txt", rows_of_text(5, 50));
  CHECK(glove.code == Code::needs_conversion);
  CHECK(glove.message == prefix +
                             "glove.6B.50d.txt is GloVe text, which cannot be mapped in place; convert it once with: "
                             "rowan convert " +
                             prefix + "glove.6B.50d.txt " + prefix + "glove.6B.50d.safetensors");
  CHECK(refusal("a b's.vec", "2 2\na 1 2\nb 3 4\n")
            .message.ends_with("rowan convert '" + prefix + "a b'\\''s.vec' '" + prefix + "a b'\\''s.safetensors'"));
  CHECK(refusal("x.bin", "5 50\n" + binary_rows(5, 50, true)).code == Code::needs_conversion);
  CHECK(refusal("x.txt.gz", "\x1F\x8B\x08 and more").message.ends_with(prefix + "x.safetensors"));
  CHECK(refusal("model.gguf", "GGUF\x03\x00\x00\x00"sv).code == Code::malformed_file);
  CHECK(refusal("model.safetensors", test::safetensors_file("{}", "")).code == Code::not_found);
  CHECK(refusal("counts.txt", rows_of_text(5, 1)).code == Code::format_unsupported);
  CHECK(refusal("x", "who knows").code == Code::format_unsupported);
  CHECK(refusal("empty", "").message == prefix + "empty is empty");
}
