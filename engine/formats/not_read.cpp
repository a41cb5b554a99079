#include "engine/formats/not_read.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "engine/support/text.hpp"

namespace rowan::detail {
namespace {

using namespace std::literals;

/// What files of a kind have at a place.
struct Magic {
  std::string_view bytes;
  std::size_t at;
  NotRead kind;
  bool word = false;  ///< which a text may begin with: then what follows is no text
};

constexpr std::string_view unpack_7z = "unpack it with: 7z x FILE";
constexpr std::string_view old_ggml =
    "make a GGUF file of it with llama.cpp's convert_llama_ggml_to_gguf.py, or get the model as GGUF";
constexpr std::string_view columns =
    "read it with pandas and write the numbers with numpy.save(), the words to a text, or all of it with to_csv()";
constexpr std::string_view from_r =
    "in R, write it with write.table(x, \"FILE.txt\", quote = FALSE, col.names = FALSE)";
constexpr std::string_view checkpoint =
    "read the variable with tf.train.load_checkpoint() and write it with numpy.save()";
constexpr std::string_view download_again = "download the file itself";

constexpr std::array magics = {
    Magic{"7z\xBC\xAF\x27\x1C"sv, 0, {"a 7-Zip archive", unpack_7z}},
    Magic{"Rar!\x1A\x07"sv, 0, {"a RAR archive", "unpack it with: unrar x FILE"}},
    Magic{"ustar\0"sv, 257, {"a tar archive", "unpack it with: tar -xf FILE"}},
    Magic{"ustar  \0"sv, 257, {"a tar archive", "unpack it with: tar -xf FILE"}},
    Magic{"\xFD"
          "7zXZ\0"sv,
          0,
          {"xz-compressed", "decompress it with: xz -dk FILE"}},
    Magic{"\x28\xB5\x2F\xFD"sv, 0, {"Zstandard-compressed", "decompress it with: zstd -d FILE"}},
    Magic{"\x31\x41\x59\x26\x53\x59"sv, 4, {"bzip2-compressed", "decompress it with: bzip2 -dk FILE"}},
    Magic{"\x04\x22\x4D\x18"sv, 0, {"LZ4-compressed", "decompress it with: lz4 -d FILE"}},
    Magic{"LZIP"sv, 0, {"lzip-compressed", "decompress it with: lzip -dk FILE"}, true},
    Magic{"\x1F\x9D"sv, 0, {"compressed by compress", "decompress it with: uncompress FILE"}},
    Magic{"\x5D\0\0"sv, 0, {"LZMA-compressed", "decompress it with: xz --format=lzma -dk FILE"}},
    Magic{"\x89HDF\r\n\x1A\n"sv,
          0,
          {"an HDF5 file, as of Keras or PyTables", "read the matrix with h5py and write it with numpy.save()"}},
    Magic{"SQLite format 3\0"sv,
          0,
          {"an SQLite database, as .magnitude files are",
           "read the vectors with the library that wrote them and write them with numpy.save()"}},
    Magic{"PAR1"sv, 0, {"a Parquet file", columns}, true},
    Magic{"ARROW1"sv, 0, {"an Arrow file", columns}, true},
    Magic{"FEA1"sv, 0, {"a Feather file", columns}, true},
    Magic{"model_checkpoint_path:"sv, 0, {"the list of a folder's TensorFlow checkpoints", checkpoint}},
    Magic{"lmgg"sv, 0, {"a ggml model of before GGUF", old_ggml}, true},
    Magic{"fmgg"sv, 0, {"a ggml model of before GGUF", old_ggml}, true},
    Magic{"tjgg"sv, 0, {"a ggml model of before GGUF", old_ggml}, true},
    Magic{"algg"sv, 0, {"a ggml adapter of before GGUF", old_ggml}, true},
    Magic{"version https://git-lfs.github.com/spec/"sv,
          0,
          {"a Git LFS pointer, which stands for the file", "get the file itself with: git lfs pull"}},
    Magic{"RDX2\n"sv, 0, {"a file of R data", from_r}},
    Magic{"RDX3\n"sv, 0, {"a file of R data", from_r}},
    Magic{"RDA2\n"sv, 0, {"a file of R data", from_r}},
    Magic{"RDA3\n"sv, 0, {"a file of R data", from_r}},
    Magic{"X\n\0\0\0"sv, 0, {"a file of R data", from_r}},
    Magic{"A\n"
          "3\n"sv,
          0,
          {"a file of R data", from_r}},
    Magic{"%PDF-"sv, 0, {"a PDF document, not a model", download_again}},
    Magic{"\xFF\xFE\0\0"sv, 0, {"UTF-32 text", "convert it with: iconv -f UTF-32 -t UTF-8 FILE"}},
    Magic{"\0\0\xFE\xFF"sv, 0, {"UTF-32 text", "convert it with: iconv -f UTF-32 -t UTF-8 FILE"}},
    Magic{"\xFF\xFE"sv, 0, {"UTF-16 text", "convert it with: iconv -f UTF-16 -t UTF-8 FILE"}},
    Magic{"\xFE\xFF"sv, 0, {"UTF-16 text", "convert it with: iconv -f UTF-16 -t UTF-8 FILE"}},
};

constexpr NotRead web_page = {"a web page, not a model", download_again};
constexpr NotRead xml = {"an XML document, not a model", download_again};
constexpr NotRead json = {"a JSON document",
                          "vectors are not read from JSON: write them as text, a token and its "
                          "numbers in a line, or with numpy.save()"};
constexpr NotRead lone_returns = {"text whose lines end in carriage returns alone",
                                  "convert it with: tr '\\r' '\\n' < FILE"};
constexpr NotRead utf16_little = {"UTF-16 text", "convert it with: iconv -f UTF-16LE -t UTF-8 FILE"};
constexpr NotRead utf16_big = {"UTF-16 text", "convert it with: iconv -f UTF-16BE -t UTF-8 FILE"};
constexpr NotRead checkpoint_index = {"the index of a TensorFlow checkpoint", checkpoint};
constexpr NotRead saved_model = {"a TensorFlow model",
                                 "load it with TensorFlow and write the variable with numpy.save()"};
constexpr NotRead onnx = {"an ONNX model",
                          "read the matrix with onnx.numpy_helper.to_array() and write it with numpy.save()"};
constexpr NotRead old_fasttext = {"a fastText model of before 2017, which has no magic number",
                                  "write its vectors as text with the fastText that made it, or train it again"};
constexpr NotRead floret = {"a table of floret, whose rows are hash buckets and not words",
                            "load it with spaCy's or floret's own reader and write the words' vectors as text"};

std::string_view without_leading_space(std::string_view text) noexcept {
  return text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

bool starts_with_any_case(std::string_view text, std::string_view lower) noexcept {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  return text.size() >= lower.size() &&
         std::equal(lower.begin(), lower.end(), text.begin(), [&](char b, char a) { return same(a, b); });
}

/// Text in units of 16 bits without a mark, most of which are ASCII.
const NotRead* find_wide_text(std::string_view start) noexcept {
  const std::string_view head = start.substr(0, std::min<std::size_t>(start.size(), 256) & ~std::size_t{1});
  if (head.size() < 8) return nullptr;
  std::size_t zeros[2] = {};
  for (std::size_t i = 0; i < head.size(); ++i) zeros[i % 2] += head[i] == '\0' ? 1 : 0;
  if (zeros[0] == 0 && zeros[1] * 10 >= head.size() / 2 * 9) return &utf16_little;
  if (zeros[1] == 0 && zeros[0] * 10 >= head.size() / 2 * 9) return &utf16_big;
  return nullptr;
}

/// The arguments that a fastText model began with before it had a magic number, all of which are in a narrow range.
bool is_old_fasttext(std::string_view start) noexcept {
  constexpr std::size_t arguments = 12;
  std::int32_t values[arguments] = {};
  double t = 0;
  if (start.size() < sizeof values + sizeof t) return false;
  std::memcpy(values, start.data(), sizeof values);
  std::memcpy(&t, start.data() + sizeof values, sizeof t);
  const auto& [dim, window, epochs, least, negative, word_ngrams, loss, model, buckets, shortest, longest, rate] =
      values;
  const auto within = [](std::int32_t value, std::int32_t low, std::int32_t high) {
    return value >= low && value <= high;
  };
  return within(dim, 1, 10'000) && within(window, 1, 1000) && within(epochs, 0, 100'000) && within(least, 0, 1 << 20) &&
         within(negative, 0, 10'000) && within(word_ngrams, 0, 100) && within(loss, 1, 4) && within(model, 1, 3) &&
         within(buckets, 0, 1 << 30) && within(shortest, 0, 100) && within(longest, 0, 100) && rate > 0 &&
         (t == 0 || (t > 1e-12 && t < 1));
}

/// "BUCKETS DIM MINN MAXN HASHES SEED BOW EOW", and the first bucket.
bool is_floret(std::string_view start) noexcept {
  std::string_view line = start.substr(0, std::min(start.find('\n'), std::min<std::size_t>(start.size(), 256)));
  std::size_t fields = 0;
  for (; !line.empty() && fields < 9; ++fields) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view field = line.substr(0, end);
    if (fields < 6 ? !parse_decimal(field) : field.find_first_of("0123456789") != std::string_view::npos) return false;
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return fields == 8;
}

/// A protocol buffer whose first field is a version: ONNX goes on with who made it, TensorFlow with a graph.
const NotRead* find_protocol_buffer(std::string_view start) noexcept {
  if (start.size() < 16 || start[0] != '\x08' || start[1] < 1 || start[1] > 32) return nullptr;
  if (start[2] == '\x12' && start[1] == 1 && static_cast<unsigned char>(start[3]) >= 0x80) return &saved_model;
  const std::size_t length = start[2] == '\x12' ? static_cast<unsigned char>(start[3]) : 0;
  if (length == 0 || length > 64 || start.size() < 4 + length) return nullptr;
  const std::string_view producer = start.substr(4, length);
  const bool words = std::all_of(producer.begin(), producer.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return words ? &onnx : nullptr;
}

}  // namespace

constinit const NotRead shard_index = {"a JSON index of a model's files",
                                       "name the file that holds the table, which its \"weight_map\" says"};

const NotRead* find_document(std::string_view start) noexcept {
  const std::string_view text = without_leading_space(start.substr(0, 4096));
  if (starts_with_any_case(text, "<!doctype html") || starts_with_any_case(text, "<html")) return &web_page;
  if (text.starts_with("<?xml")) return &xml;
  const bool object = text.starts_with('{') && without_leading_space(text.substr(1)).starts_with('"');
  const std::string_view inside = text.starts_with('[') ? without_leading_space(text.substr(1)) : "";
  const bool list = inside.starts_with('[') || inside.starts_with('{') || inside.starts_with('"');
  if (!object && !list) return nullptr;
  return object && start.find("\"weight_map\"") != std::string_view::npos ? &shard_index : &json;
}

const NotRead* find_not_read(std::string_view start) noexcept {
  for (const Magic& magic : magics) {
    if (start.size() < magic.at || !start.substr(magic.at).starts_with(magic.bytes)) continue;
    if (!magic.word || start.substr(0, 64).find('\0') != std::string_view::npos) return &magic.kind;
  }
  constexpr std::string_view table_end = "\x57\xFB\x80\x8B\x24\x75\x47\xDB"sv;
  if (start.ends_with(table_end)) return &checkpoint_index;
  if (const NotRead* const found = find_wide_text(start)) return found;
  if (const NotRead* const found = find_protocol_buffer(start)) return found;
  if (is_old_fasttext(start)) return &old_fasttext;
  if (is_floret(start)) return &floret;
  const std::string_view head = start.substr(0, std::size_t{64} << 10);
  const bool returns = head.find('\r') != std::string_view::npos && start.find('\n') == std::string_view::npos;
  return returns && head.find('\0') == std::string_view::npos ? &lone_returns : nullptr;
}

}  // namespace rowan::detail
