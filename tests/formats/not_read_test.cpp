// Kinds of files that are not read: each named by its first bytes, with the way out, and no text taken for one.
#include "engine/formats/not_read.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "engine/formats/registry.hpp"
#include "rowan/import.hpp"
#include "rowan/table.hpp"
#include "tests/convert/conversion.hpp"
#include "tests/formats/samples.hpp"

using namespace rowan;
using namespace rowan::test;
using namespace std::literals;
using Content = detail::Recognised::Content;

namespace {

struct Kind {
  std::string start;
  std::string_view noun;
  std::string_view way_out;
};

std::string tar() {
  std::string bytes(512, '\0');
  bytes.replace(0, 5, "g.txt");
  return bytes.replace(257, 5, "ustar");
}

std::string old_fasttext() {
  std::string bytes;
  for (const std::uint64_t argument : {3, 5, 5, 1, 5, 1, 1, 2, 4, 2, 3, 100}) bytes += u32(argument);
  return bytes + raw(1e-4) + std::string(64, '\1');
}

const Kind kinds[] = {
    {"7z\xBC\xAF\x27\x1C\0\4"s, "7-Zip", "7z x"},
    {"Rar!\x1A\x07\1\0"s, "RAR", "unrar x"},
    {tar(), "tar archive", "tar -xf"},
    {"\xFD"
     "7zXZ\0\0"s,
     "xz-compressed", "xz -dk"},
    {"\x28\xB5\x2F\xFD\x24"s, "Zstandard", "zstd -d"},
    {"BZh91AY&SY"s, "bzip2", "bzip2 -dk"},
    {"\x04\x22\x4D\x18\x64"s, "LZ4", "lz4 -d"},
    {"\x89HDF\r\n\x1A\n\0"s, "HDF5", "h5py"},
    {"SQLite format 3\0\x10"s, "SQLite", "numpy.save()"},
    {"PAR1\x15\0\x15\0"s, "Parquet", "pandas"},
    {"ARROW1\0\0"s, "Arrow", "pandas"},
    {"FEA1\0\0\0\0"s, "Feather", "pandas"},
    {"model_checkpoint_path: \"model.ckpt-1\"\n"s, "TensorFlow", "tf.train.load_checkpoint()"},
    {"\0\1\2\3"s + std::string(60, '\5') + "\x57\xFB\x80\x8B\x24\x75\x47\xDB"s, "TensorFlow checkpoint",
     "load_checkpoint()"},
    {"\x08\x07\x12\x07pytorch\x1A\x03\x31\x2E\x30\x3A\x10"s, "ONNX", "onnx.numpy_helper"},
    {"\x08\x01\x12\x80\x02\x0A\x10"s + std::string(20, '\1'), "TensorFlow model", "numpy.save()"},
    {"tjgg\3\0\0\0"s, "before GGUF", "convert_llama_ggml_to_gguf.py"},
    {"lmgg\0\x7D\0\0"s, "before GGUF", "convert_llama_ggml_to_gguf.py"},
    {old_fasttext(), "fastText model of before 2017", "write its vectors as text"},
    {"50000 300 4 5 2 2166136261 < >\n0 0.1 0.2\n1 0.3 0.4\n"s, "floret", "words' vectors"},
    {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 132\n"s, "Git LFS pointer", "git lfs pull"},
    {"<!DOCTYPE html><html><head>"s, "web page", "download the file itself"},
    {"\n  <HTML>\n"s, "web page", "download the file itself"},
    {"<?xml version=\"1.0\"?><Error>"s, "XML", "download the file itself"},
    {"RDX3\nX\n\0\0\0\3"s, "R data", "write.table"},
    {"X\n\0\0\0\3\0\4"s, "R data", "write.table"},
    {R"({"metadata": {}, "weight_map": {"a.weight": "model-00001-of-00002.safetensors"}})"s, "index of a model's files",
     "weight_map"},
    {R"({"king": [0.1, 0.2]})"s, "JSON document", "numpy.save()"},
    {"[[0.1, 0.2], [0.3, 0.4]]"s, "JSON document", "numpy.save()"},
    {"\xFF\xFE"
     "a\0 \0"
     "1\0"s,
     "UTF-16", "iconv -f UTF-16 -t UTF-8"},
    {"\xFF\xFE\0\0a\0\0\0"s, "UTF-32", "iconv -f UTF-32 -t UTF-8"},
    {"k\0i\0n\0g\0 \0001\0.\0005\0 \0002\0\n\0"s, "UTF-16", "iconv -f UTF-16LE"},
    {"a 1 2\rb 3 4\r"s, "carriage returns alone", "tr '\\r' '\\n'"},
};

}  // namespace

TEST_CASE("kinds that are not read are named by every call, compressed too") {
  for (const Kind& kind : kinds) {
    CAPTURE(kind.noun);
    CHECK(detail::recognise(kind.start).content == Content::not_read);
    Conversion conversion;
    for (const bool compressed : {false, true}) {
      const std::string bytes = compressed ? gzip(kind.start) : kind.start;
      const std::string message = conversion.refusal(bytes, Code::format_unsupported);
      CAPTURE(message);
      CHECK(message.starts_with(compressed ? "FILE, decompressed, is " : "FILE is "));
      CHECK(message.find(kind.noun) != std::string::npos);
      CHECK(message.find(kind.way_out) != std::string::npos);
      CHECK((message.find("decompress it with: gzip -dc ") != std::string::npos) == compressed);
      const auto refused = convert(conversion.source(), conversion.target());
      CHECK(inspect(conversion.source()).error().message == refused.error().message);
      CHECK(Table::open(conversion.source()).error().message == refused.error().message);
      CHECK(verify(conversion.source()).error().message == refused.error().message);
    }
  }
}

TEST_CASE("an index of a model's files says which has the table") {
  Conversion conversion;
  const auto index = [](std::string_view map) {
    return R"({"metadata": {"total_size": 48}, "weight_map": {)" + std::string(map) + "}}";
  };
  CHECK(conversion.refusal(
            index(R"("lm_head.weight": "m-2.safetensors", "model.embed_tokens.weight": "m-1.safetensors")"),
            Code::format_unsupported) ==
        "FILE is a JSON index of a model's files; its table 'model.embed_tokens.weight' is in 'm-1.safetensors': name "
        "that "
        "file");
  for (const std::string_view map :
       {R"("a": "b")", R"("x.wte.weight": "1", "y.wte.weight": "2")", R"("wte.weight": {"x": "y"})"}) {
    CHECK(conversion.refusal(index(map), Code::format_unsupported).find("which its \"weight_map\" says") !=
          std::string::npos);
  }
}

TEST_CASE("words that begin as such files do are words") {
  Conversion conversion;
  for (const std::string word : {"PAR1", "LZIP", "FEA1", "ARROW1", "lmgg", "tjgg", "BZh", "7z", "Rar!", "SQLite", "GGU",
                                 "RDX3", "{", "[", "<html>", "version", "ustar", "%PDF", "PK"}) {
    CAPTURE(word);
    const Rows rows = conversion.rows(word + " 0.5 0.25\nb 1 2\n");
    CHECK(rows.tokens == std::vector<std::string>{word, "b"});
  }
  CHECK(conversion.rows("10 1 2 3 4 5 6 7\n11 1 2 3 4 5 6 7\n").dim == 7);  // as long as floret's first line
}

TEST_CASE("rows of numbers behind their count are no pickles") {
  for (const std::uint64_t dim : {640, 896, 1152, 1408}) {  // whose first two bytes are a pickle's
    std::string fvecs = u32(dim);
    for (std::uint64_t i = 0; i < dim; ++i) fvecs += raw(0.25F);
    CHECK_FALSE(detail::recognise(fvecs).is(detail::pytorch_format));
  }
}
