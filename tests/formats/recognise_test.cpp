// Files are recognised by content, and the refusal of a foreign one has the line that converts it.
#include "engine/formats/registry.hpp"

#include <doctest/doctest.h>

#include "engine/formats/text_probe.hpp"
#include "rowan/import.hpp"
#include "rowan/table.hpp"
#include "tests/native/samples.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
using namespace std::literals;
using detail::recognise;
using Content = detail::Recognised::Content;

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
  CHECK(recognise("").content == Content::empty);
  CHECK(recognise("\x93NUMPY\x01\x00"sv).is(detail::npy_format));
  CHECK(recognise("PK\x03\x04rest"sv).is(detail::zip_format));
  CHECK(recognise("\x1F\x8B\x08\x00"sv).content == Content::gzip);
  CHECK(recognise("GGUF\x03\x00\x00\x00"sv).is(detail::gguf_format));
  CHECK(recognise("FiFu\x00\x00\x00\x00"sv).is(detail::finalfusion_format));
  const std::int32_t magic[] = {793712314, 12};
  CHECK(recognise({reinterpret_cast<const char*>(magic), 8}).is(detail::fasttext_format));
  CHECK(recognise("\x80\x04\x95"sv).is(detail::pytorch_format));
  CHECK(recognise(test::safetensors_file("{}", "")).is(detail::safetensors_format));
  CHECK(recognise(test::read_file(ROWAN_GOLDEN_FOLDER "/native-1.0.safetensors")).is(detail::native_format));
  CHECK(recognise("\0\0\0\0\0\0\0\0\0\0\0\0"sv).content == Content::unknown);
  CHECK(recognise("#include <cstdio>\nint main() { return 0; }\n").content == Content::unknown);
}

TEST_CASE("a file is native by a key of its metadata, and by nothing that looks like one") {
  const std::string tensor = R"("dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  const auto header = [](const std::string& json) { return recognise(test::safetensors_file(json, "")); };
  CHECK(header(R"({"__metadata__":{"a":"b","rowan.format":"1.0"}})").is(detail::native_format));
  CHECK(header(R"({"x":{)" + tensor + R"(,"__metadata__":{"rowan.format":"1.0"}})").is(detail::native_format));
  CHECK(header(R"({"__metadata__":{"rowan.form\u0061t":"1.0"}})").is(detail::native_format));
  CHECK(header(R"({"rowan.format":{)" + tensor + "}").is(detail::safetensors_format));
  CHECK(header(R"({"__metadata__":{"made by":"rowan.format"}})").is(detail::safetensors_format));
  CHECK(header(R"({"__metadata__":{"made by":"\"rowan.format\""}})").is(detail::safetensors_format));
  CHECK(header(R"({"x":{"rowan.format":{"rowan.format":1}}})").is(detail::safetensors_format));
}

TEST_CASE("numbers that look like the length and brace of a safetensors header make no file one") {
  const auto u32 = [](std::uint32_t number) { return std::string(reinterpret_cast<const char*>(&number), 4); };
  const std::string brace = u32('{');  // 123, where a safetensors file has its JSON
  CHECK(recognise("GGUF" + u32(3) + brace + u32(0)).is(detail::gguf_format));
  CHECK(recognise(u32(793712314) + u32(12) + brace).is(detail::fasttext_format));
  CHECK(recognise("FiFu" + u32(0) + brace).is(detail::finalfusion_format));
  CHECK(recognise("PK\x05\x06"s + std::string(4, '\0') + brace).is(detail::zip_format));
  // And 640 bytes of JSON are no pickle.
  std::string json = "{}";
  json.resize(640, ' ');
  CHECK(recognise(test::safetensors_file(json, "")).is(detail::safetensors_format));
}

TEST_CASE("a header that is longer than what lines are looked at in is read to its end") {
  std::string json = "{";
  for (int i = 0; i < 2000; ++i) {
    json += "\"tensor" + std::to_string(i) + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)";
  }
  REQUIRE(json.size() > detail::probed_bytes);
  const std::string file = test::safetensors_file(json + R"("__metadata__":{"rowan.format":"1.0"}})", "");
  CHECK(recognise(file).is(detail::native_format));
  CHECK(recognise(std::string_view(file).substr(0, detail::probed_bytes)).is(detail::safetensors_format));
}

TEST_CASE("every format of the enumeration is in the registry, once, with a spelling of its own") {
  for (int i = 0; i < source_format_count; ++i) {
    const auto id = static_cast<SourceFormat>(i);
    CAPTURE(to_string(id));
    CHECK(detail::format_of(id).id == id);
    CHECK(parse_source_format(to_string(id)) == id);
    CHECK(!detail::format_of(id).noun.empty());
    CHECK((id == SourceFormat::native) ==
          (detail::format_of(id).read == nullptr && !detail::format_of(id).streaming.has_value()));
  }
  CHECK(!parse_source_format("unknown"));
  CHECK(detail::formats_in_words() ==
        "native files, safetensors, NumPy, PyTorch, GGUF, fastText and finalfusion files, and converts GloVe and "
        "word2vec ones");
  CHECK(detail::streamed_families_in_words() == "GloVe or word2vec");
  CHECK(detail::streamed_formats_in_words() == "GloVe text, word2vec text and word2vec binary");
}

TEST_CASE("text tables are recognised by their lines") {
  CHECK(recognise(rows_of_text(5, 50)).is(detail::glove_format));
  CHECK(recognise(rows_of_text(5, 2)).is(detail::glove_format));
  CHECK(recognise(rows_of_text(1, 3)).is(detail::glove_format));
  CHECK(recognise(rows_of_text(5, 50, "\r\n")).is(detail::glove_format));
  CHECK(recognise(rows_of_text(5, 50, " \n")).is(detail::glove_format));
  CHECK(recognise(". . . 1 2\n" + rows_of_text(5, 2)).is(detail::glove_format));  // a token with spaces
  CHECK(recognise("nan inf 1e-5 nan\n-inf 1 2 3\n").is(detail::glove_format));
  CHECK(recognise("5 3 1 2\n6 2 3 4\n7 1 1 1\n").is(detail::glove_format));  // tokens that are numbers
  CHECK(recognise(rows_of_text(4000, 50).substr(0, detail::probed_bytes)).is(detail::glove_format));
  CHECK(recognise(rows_of_text(5, 1)).content == Content::one_number);
  CHECK(recognise("2000 5\n1999 3\n").content == Content::one_number);
  CHECK(recognise("the quick brown fox\njumps over\n").content == Content::unknown);
}

TEST_CASE("word2vec files are told from GloVe by their header, and text from binary by what follows") {
  CHECK(recognise("5 50\n" + rows_of_text(5, 50)).is(detail::word2vec_text_format));
  CHECK(recognise("5 50 \r\n" + rows_of_text(5, 50, " \r\n")).is(detail::word2vec_text_format));
  CHECK(recognise("2 1\na 1\nb 2\n").is(detail::word2vec_text_format));
  CHECK(recognise("1000000 20000\n" + rows_of_text(1, 20000).substr(0, 60'000), {}, false)
            .is(detail::word2vec_text_format));
  CHECK(recognise("0 5\n").is(detail::word2vec_text_format));
  CHECK(recognise("5 50\n" + binary_rows(5, 50, true)).is(detail::word2vec_binary_format));
  CHECK(recognise("5 50\n" + binary_rows(5, 50, false)).is(detail::word2vec_binary_format));
  CHECK(
      recognise("5 60\n" + rows_of_text(5, 50)).is(detail::glove_format));  // rows contradict what looked like a header
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
  CHECK(refusal("x.txt.gz", "\x1F\x8B\x08 and more").message.find("the gzip data") != std::string::npos);
  CHECK(refusal("model.gguf", "GGUF\x03\x00\x00\x00"sv).code == Code::malformed_file);
  CHECK(refusal("model.safetensors", test::safetensors_file("{}", "")).code == Code::not_found);
  CHECK(refusal("counts.txt", rows_of_text(5, 1)).code == Code::format_unsupported);
  CHECK(refusal("x", "who knows").code == Code::format_unsupported);
  CHECK(refusal("empty", "").message == prefix + "empty is empty; a table in GloVe or word2vec format is needed");
}
