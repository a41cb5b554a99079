// What becomes of every real file: mapped, converted or refused, and a few values of each format, which other readers
// gave: NumPy, gensim, and what struct.unpack makes of the bytes. A file that no table here has fails the test.
#include <doctest/doctest.h>

#include <bit>
#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/import.hpp"
#include "rowan/table.hpp"
#include "simd/scalar.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
using test::data_file;

namespace {

constexpr std::string_view folders[] = {"tables", "fasttext",    "finalfusion", "gguf",    "model2vec",
                                        "npy",    "safetensors", "torch",       "word2vec"};

/// Tokenizers and configurations, which belong to a model, and the results of models on sentences.
bool is_no_table(const std::filesystem::path& path) { return path.extension() == ".json"; }

struct Mapped {
  std::string_view path;
  std::string_view name;
  std::uint64_t rows;
  std::uint64_t dim;
  DType dtype;
  std::uint64_t keys;
};
constexpr Mapped mapped[] = {
    {"fasttext/cooking.model.bin", "input", 8952, 10, DType::f32, 8952},
    {"fasttext/crime-and-punishment.bin", "input", 391, 5, DType::f32, 291},
    {"fasttext/lee_fasttext_new.bin", "input", 2763, 10, DType::f32, 1763},
    {"fasttext/toy-model-pretrained.bin", "input", 124, 5, DType::f32, 24},
    {"fasttext/toy-model.bin", "input", 122, 5, DType::f32, 22},
    {"finalfusion/fasttext.bin", "input", 257, 50, DType::f32, 157},
    {"finalfusion/similarity.fifu", "embedding", 41, 100, DType::f32, 41},
    {"model2vec/test-model-float16/model.safetensors", "embeddings", 29528, 2, DType::f16, 29528},
    {"model2vec/test-model-float32/model.safetensors", "embeddings", 29528, 2, DType::f32, 29528},
    {"npy/word2vec_old_sep.syn1neg.npy", "embedding", 12, 100, DType::f32, 0},
    {"npy/word2vec_pre_kv_sep_py3_4.syn0.npy", "embedding", 9, 2, DType::f32, 0},
    {"safetensors/multi_layer.safetensors", "fc1", 16, 256, DType::f32, 0},
    {"torch/embedding.pt", "embed", 10, 3, DType::f32, 0},
    {"torch/large_shape.pt", "tensor", 100, 100, DType::f32, 0},
    {"torch/parameter.pt", "param", 3, 3, DType::f32, 0},
    {"torch/simple_legacy.pt", "weight", 2, 3, DType::f32, 0},
    {"torch/state_dict.pt", "weight", 3, 4, DType::f32, 0},
    {"torch/tensor_2d.pt", "tensor", 3, 2, DType::f32, 0},
};

struct Converted {
  std::string_view path;
  std::uint64_t rows;
  std::uint64_t dim;
  std::uint64_t keys;
};
constexpr Converted converted[] = {
    {"fasttext/crime-and-punishment.vec", 291, 5, 291},
    {"fasttext/lee_fasttext.vec", 1762, 10, 1762},
    {"fasttext/lid.176.ftz", 7235, 16, 7235},
    {"fasttext/toy-model.vec", 22, 5, 22},
    {"finalfusion/analogy.bin", 43, 100, 43},
    {"finalfusion/quantized.fifu", 41, 100, 41},
    {"finalfusion/similarity.bin", 41, 100, 41},
    {"finalfusion/similarity.nodims", 41, 100, 41},
    {"finalfusion/similarity.txt", 41, 100, 41},
    {"finalfusion/utf8-incomplete.bin", 3, 3, 3},
    {"finalfusion/utf8-incomplete.dims", 3, 3, 3},
    {"finalfusion/utf8-incomplete.txt", 3, 3, 3},
    {"model2vec/test-model-int8/model.safetensors", 29528, 2, 29528},
    {"model2vec/test-model-vocab-quantized/model.safetensors", 29524, 64, 29524},
    {"npy/atmodel_3_0_1_model.expElogbeta.npy", 2, 12, 0},
    {"tables/bnosac.example.bin", 640, 15, 640},
    {"tables/bnosac.example.txt", 640, 15, 640},
    {"tables/glove.6B.100d.sample.txt.gz", 100, 100, 100},
    {"tables/glove.6B.300d.sample.txt.gz", 100, 300, 100},
    {"tables/glove.6B.50d.first2446.txt", 2446, 50, 2446},
    {"tables/medallia.tokensModel.bin", 1186, 200, 1186},
    {"tables/medallia.tokensModel.txt", 1186, 200, 1186},
    {"word2vec/EN.1-10.cbow1_wind5_hs0_neg10_size300_smpl1e-05.txt", 20, 300, 20},
    {"word2vec/IT.1-10.cbow1_wind5_hs0_neg10_size300_smpl1e-05.txt", 20, 300, 20},
    {"word2vec/euclidean_vectors.bin", 2747, 10, 2747},
    {"word2vec/high_precision.kv.bin", 2, 2, 2},
    {"word2vec/high_precision.kv.txt", 2, 2, 2},
    {"word2vec/poincare_vectors.bin", 1182, 10, 1182},
    {"word2vec/test_glove.txt", 76, 50, 76},
    {"word2vec/w2v_keyedvectors_load_test.modeldata", 2, 3, 2},
    {"word2vec/word2vec_pre_kv_c", 1750, 10, 1750},
};

struct Refused {
  std::string_view path;
  Code code;
  std::string_view piece;
  bool by_convert = false;  ///< where open() says that it has to be converted
};
constexpr Refused refused[] = {
    {"fasttext/cp852_fasttext.bin", Code::format_unsupported, "is a fastText model of before 2017"},
    {"fasttext/crime-and-punishment.txt", Code::format_unsupported, "where a number is expected"},
    {"fasttext/lee_fasttext.bin", Code::format_unsupported, "is a fastText model of before 2017"},
    {"fasttext/non_ascii_fasttext.bin", Code::format_unsupported, "is a fastText model of before 2017"},
    {"fasttext/pretrained.vec", Code::malformed_file, "the header promises 3 rows, the file has 1", true},
    {"finalfusion/quantized_storage.bin", Code::format_unsupported, "is of no format that Rowan knows"},
    {"gguf/ggml-vocab-bert-bge.gguf", Code::not_found, "holds no table"},
    {"npy/candle-test.npy", Code::format_unsupported, "elements of type <i8"},
    {"npy/candle-test.npz", Code::not_found, "holds no table"},
    {"npy/doc2vec_old_sep.syn0_lockf.npy", Code::format_unsupported, "the shape [3955]"},
    {"npy/py2-np0-objarr.npy", Code::format_unsupported, "Python objects"},
    {"npy/py2-objarr.npy", Code::format_unsupported, "Python objects"},
    {"npy/py3-objarr.npy", Code::format_unsupported, "Python objects"},
    {"npy/py3-objarr.npz", Code::format_unsupported, "Python objects"},
    {"safetensors/mnist.safetensors", Code::invalid_argument, "name one of them"},
    {"torch/bfloat16.pt", Code::format_unsupported, "the shape [3]"},
    {"torch/bool.pt", Code::format_unsupported, "elements of type torch.bool"},
    {"torch/broken.pt", Code::format_unsupported, "line 1 ends in \"abc\""},
    {"torch/buffers.pt", Code::not_found, "holds no table"},
    {"torch/candle-test.pt", Code::format_unsupported, "elements of type torch.int64"},
    {"torch/candle-test_with_key.pt", Code::format_unsupported, "elements of type torch.int64"},
    {"torch/complex_structure.pt", Code::invalid_argument, "name one of them"},
    {"torch/empty.pt", Code::format_unsupported, "the shape [0]"},
    {"torch/extreme_values.pt", Code::format_unsupported, "the shape [4]"},
    {"torch/float16.pt", Code::format_unsupported, "the shape [3]"},
    {"torch/float32.pt", Code::format_unsupported, "the shape [4]"},
    {"torch/float64.pt", Code::format_unsupported, "the shape [3]"},
    {"torch/int16.pt", Code::format_unsupported, "elements of type torch.int16"},
    {"torch/int32.pt", Code::format_unsupported, "elements of type torch.int32"},
    {"torch/int64.pt", Code::format_unsupported, "elements of type torch.int64"},
    {"torch/int8.pt", Code::format_unsupported, "the shape [4]"},
    {"torch/legacy_shared_storage.pt", Code::not_found, "holds no table"},
    {"torch/legacy_uncloned_views.pt", Code::not_found, "holds no table"},
    {"torch/mixed_types.pt", Code::not_found, "holds no table"},
    {"torch/nested_dict.pt", Code::invalid_argument, "name one of them"},
    {"torch/non_contiguous_indexes.pt", Code::not_found, "holds no table"},
    {"torch/scalar.pt", Code::format_unsupported, "the shape []"},
    {"torch/special_values.pt", Code::format_unsupported, "the shape [5]"},
    {"torch/tensor_3d.pt", Code::format_unsupported, "the shape [2, 3, 4]"},
    {"torch/tensor_4d.pt", Code::format_unsupported, "the shape [2, 3, 2, 2]"},
    {"torch/uint8.pt", Code::format_unsupported, "elements of type torch.uint8"},
    {"word2vec/w2v_keyedvectors_load_test.vocab", Code::format_unsupported, "one number a line"},
};

struct Value {
  std::string_view path;
  std::uint64_t row;
  std::uint64_t column;
  std::uint32_t bits;  ///< of the f32
};
/// Of tables that are mapped.
constexpr Value mapped_values[] = {
    {"npy/word2vec_old_sep.syn1neg.npy", 0, 0, 0xB80FED40},
    {"npy/word2vec_old_sep.syn1neg.npy", 11, 99, 0xB8A20311},
    {"npy/word2vec_pre_kv_sep_py3_4.syn0.npy", 0, 0, 0x40973A91},
    {"npy/word2vec_pre_kv_sep_py3_4.syn0.npy", 8, 1, 0x3F329C19},
    {"fasttext/crime-and-punishment.bin", 0, 0, 0xBE299581},
    {"fasttext/crime-and-punishment.bin", 390, 4, 0xBD658115},
    {"fasttext/lee_fasttext_new.bin", 0, 0, 0x3D853618},
    {"fasttext/lee_fasttext_new.bin", 2762, 9, 0x3DB95848},
    {"fasttext/toy-model.bin", 0, 0, 0xBE0FB976},
    {"fasttext/toy-model.bin", 121, 4, 0x3C6507AB},
    {"finalfusion/similarity.fifu", 0, 0, 0x3FBC788B},
    {"finalfusion/similarity.fifu", 40, 99, 0xBFCF92EE},
    {"model2vec/test-model-float16/model.safetensors", 0, 0, 0xBEEDE000},
    {"model2vec/test-model-float16/model.safetensors", 29527, 1, 0xC1954000},
    {"model2vec/test-model-float32/model.safetensors", 0, 0, 0xBEEDD3D4},
    {"model2vec/test-model-float32/model.safetensors", 29527, 1, 0xC1954967},
    {"safetensors/multi_layer.safetensors", 0, 0, 0x3D72BE32},
    {"safetensors/multi_layer.safetensors", 15, 255, 0xBD22131E},
    {"torch/embedding.pt", 0, 0, 0xBFC346BA},
    {"torch/embedding.pt", 9, 2, 0xBF84C784},
    {"torch/state_dict.pt", 0, 0, 0x3EEF90FD},
    {"torch/state_dict.pt", 2, 3, 0xBF8BF82B},
};
/// Of tables that are converted.
constexpr Value converted_values[] = {
    {"npy/atmodel_3_0_1_model.expElogbeta.npy", 0, 0, 0x3D9BA87F},
    {"npy/atmodel_3_0_1_model.expElogbeta.npy", 1, 11, 0x3E033CE5},
    {"tables/medallia.tokensModel.bin", 0, 0, 0x3B0328F6},
    {"tables/medallia.tokensModel.bin", 1185, 199, 0x38B0CCCD},
    {"tables/bnosac.example.bin", 0, 0, 0x3EA8D024},
    {"tables/bnosac.example.bin", 639, 14, 0x3EA9DB99},
    {"tables/bnosac.example.txt", 0, 0, 0x3F55F2C3},
    {"tables/bnosac.example.txt", 639, 14, 0x3F23B863},
    {"fasttext/lee_fasttext.vec", 0, 0, 0xBF28F084},
    {"fasttext/lee_fasttext.vec", 1761, 9, 0x3D75C9E6},
    {"word2vec/euclidean_vectors.bin", 0, 0, 0x3ED7C8B9},
    {"word2vec/euclidean_vectors.bin", 2746, 9, 0x3EAEDA8D},
    {"word2vec/high_precision.kv.txt", 0, 0, 0xBA412E29},
    {"word2vec/high_precision.kv.txt", 1, 1, 0x3A49B284},
    {"finalfusion/analogy.bin", 0, 0, 0x3F612AE3},
    {"finalfusion/analogy.bin", 42, 99, 0xBEA25640},
    {"model2vec/test-model-int8/model.safetensors", 0, 0, 0xBF800000},
    {"model2vec/test-model-int8/model.safetensors", 29527, 1, 0xC2340000},
    {"model2vec/test-model-vocab-quantized/model.safetensors", 0, 0, 0x3A65F172},
    {"model2vec/test-model-vocab-quantized/model.safetensors", 29523, 63, 0xBE510AA6},
};

std::uint32_t bits_at(const Table& table, std::uint64_t row, std::uint64_t column) {
  std::vector<float> values(table.dim());
  simd::decode_row(static_cast<simd::Element>(table.dtype()), table.view().data() + row * table.row_stride(),
                   table.dim(), values.data());
  return std::bit_cast<std::uint32_t>(values[column]);
}

std::uint64_t keys_of(const Table& table) {
  return table.vocabulary().kind() == KeyKind::none ? 0 : table.vocabulary().size();
}

void check_values(std::span<const Value> values, std::string_view path, const Table& table) {
  for (const Value& value : values) {
    if (value.path != path) continue;
    CAPTURE(value.row);
    CAPTURE(value.column);
    REQUIRE(value.row < table.rows());
    REQUIRE(value.column < table.dim());
    CHECK(bits_at(table, value.row, value.column) == value.bits);
  }
}

}  // namespace

TEST_CASE("every real file is in one of these tables") {
  std::set<std::string> expected;
  const auto add = [&](const auto& entries) {
    for (const auto& entry : entries) CHECK_MESSAGE(expected.emplace(entry.path).second, entry.path, " is there twice");
  };
  add(mapped);
  add(converted);
  add(refused);
  std::set<std::string> found;
  const std::filesystem::path root = data_file("");
  for (const std::string_view folder : folders) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
      if (!entry.is_regular_file() || is_no_table(entry.path())) continue;
      found.insert(entry.path().lexically_relative(root).generic_string());
    }
  }
  for (const std::string& path : found) CHECK_MESSAGE(expected.contains(path), path, " has no entry");
  for (const std::string& path : expected) CHECK_MESSAGE(found.contains(path), path, " is not there");
}

TEST_CASE("files that map") {
  for (const Mapped& file : mapped) {
    CAPTURE(file.path);
    const auto table = Table::open(data_file(file.path));
    REQUIRE_MESSAGE(table.ok(), (table.ok() ? "" : table.error().message));
    CHECK(table->name() == file.name);
    CHECK(table->rows() == file.rows);
    CHECK(table->dim() == file.dim);
    CHECK(table->dtype() == file.dtype);
    CHECK(keys_of(*table) == file.keys);
    check_values(mapped_values, file.path, *table);
    const test::TemporaryFolder folder;
    CHECK(convert(data_file(file.path), folder / "target.safetensors").ok());
  }
}

TEST_CASE("files that are converted") {
  for (const Converted& file : converted) {
    CAPTURE(file.path);
    const auto opened = Table::open(data_file(file.path));
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().code == Code::needs_conversion);
    const test::TemporaryFolder folder;
    const auto report = convert(data_file(file.path), folder / "target.safetensors");
    REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().message));
    CHECK(report->duplicates == 0);
    const auto table = Table::open(folder / "target.safetensors");
    REQUIRE_MESSAGE(table.ok(), (table.ok() ? "" : table.error().message));
    CHECK(table->rows() == file.rows);
    CHECK(table->dim() == file.dim);
    CHECK(keys_of(*table) == file.keys);
    check_values(converted_values, file.path, *table);
  }
}

TEST_CASE("files that are refused") {
  for (const Refused& file : refused) {
    CAPTURE(file.path);
    const auto opened = Table::open(data_file(file.path));
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().code == (file.by_convert ? Code::needs_conversion : file.code));
    const test::TemporaryFolder folder;
    const auto report = convert(data_file(file.path), folder / "target.safetensors");
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().code == file.code);
    CHECK(std::filesystem::is_empty(folder.path()));
    const std::string& sentence = file.by_convert ? report.error().message : opened.error().message;
    CAPTURE(sentence);
    CHECK(sentence.find(data_file(file.path)) != std::string::npos);
    CHECK(sentence.find(file.piece) != std::string::npos);
  }
}
