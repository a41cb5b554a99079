// Real fastText models: their shapes, and vectors as fastText 0.9.2 gives them, to the last bit.
#include <doctest/doctest.h>

#include <bit>
#include <cstdio>
#include <sstream>

#include "engine/formats/fasttext_model.hpp"
#include "engine/formats/registry.hpp"
#include "engine/support/bytes.hpp"
#include "rowan/subwords.hpp"
#include "tests/formats/little_endian.hpp"
#include "tests/support/files.hpp"

namespace {

using namespace rowan;
using namespace rowan::test;

struct RealModel {
  const char* path;
  std::int32_t version;
  detail::FastTextKind kind;
  std::uint64_t dim, bucket, minn, maxn, words, labels;
  const char* first;
  const char* last;
  std::uint64_t rows;
  std::uint64_t input;  ///< offset of its values or codes
  bool quantized;
  std::size_t kept;
};

constexpr auto cbow = detail::FastTextKind::cbow;
constexpr auto skipgram = detail::FastTextKind::skipgram;
constexpr auto supervised = detail::FastTextKind::supervised;

constexpr RealModel models[] = {
    {"fasttext/crime-and-punishment.bin", 12, skipgram, 5, 100, 3, 6, 291, 0, "и", "напротив;", 391, 5962, false, 0},
    {"fasttext/toy-model.bin", 12, cbow, 5, 100, 3, 6, 22, 0, "the", "by", 122, 416, false, 0},
    {"fasttext/toy-model-pretrained.bin", 12, skipgram, 5, 100, 3, 6, 24, 0, "the", "dummy", 124, 441, false, 0},
    {"fasttext/lee_fasttext_new.bin", 11, skipgram, 10, 1000, 3, 6, 1763, 0, "the", "advance", 2763, 28550, false, 0},
    {"fasttext/cooking.model.bin", 12, supervised, 10, 0, 0, 0, 8952, 735, "</s>", "molassas", 8952, 172768, false, 0},
    {"fasttext/lid.176.ftz", 12, supervised, 16, 2000000, 2, 4, 7235, 176, "</s>", "raport", 50000, 459292, true,
     42765},
    {"finalfusion/fasttext.bin", 12, skipgram, 50, 100, 3, 6, 157, 0, "</s>", "Du", 257, 2236, false, 0},
};

Subwords opened(const char* path) {
  auto model = Subwords::open(data_file(path));
  REQUIRE_MESSAGE(model.ok(), model.error().message);
  return *model;
}

std::vector<float> vector_of(const Subwords& model, std::string_view word) {
  std::vector<float> out(model.dim());
  REQUIRE(model.vectors(Engine(), {&word, 1}, out).ok());
  return out;
}

}  // namespace

TEST_CASE("every model") {
  for (const RealModel& real : models) {
    CAPTURE(real.path);
    const std::string bytes = read_file(data_file(real.path));
    const auto model = detail::parse_fasttext(detail::as_bytes(bytes), real.path);
    REQUIRE_MESSAGE(model.ok(), model.error().message);
    CHECK(model->version == real.version);
    CHECK(model->kind == real.kind);
    CHECK(model->dim == real.dim);
    CHECK(model->bucket == real.bucket);
    CHECK(model->minn == real.minn);
    CHECK(model->maxn == real.maxn);
    CHECK(model->words.size() == real.words);
    CHECK(model->labels == real.labels);
    CHECK(model->words.front() == real.first);
    CHECK(model->words.back() == real.last);
    CHECK(model->input.shape == std::vector<std::uint64_t>{real.rows, real.dim});
    CHECK(model->input.offset == real.input);
    CHECK(model->input.product.has_value() == real.quantized);
    CHECK(model->pruned == (real.kept > 0));
    CHECK(model->kept.size() == real.kept);
    const std::uint64_t outputs = real.kind == supervised ? real.labels : real.words;
    CHECK(model->output.shape == std::vector<std::uint64_t>{outputs, real.dim});

    const auto found = detail::fasttext_format.read(detail::as_bytes(bytes), real.path);
    REQUIRE(found.ok());
    CHECK(found->keys == model->words);
    CHECK(found->notes.size() == (real.rows > real.words ? 1U : 0U) + (real.labels > 0 ? 1U : 0U));

    const Subwords subwords = opened(real.path);
    CHECK(subwords.dim() == real.dim);
    CHECK(subwords.words() == real.words);
    CHECK(subwords.rows() == real.rows);
    std::int64_t unlike = 0;
    for (std::uint64_t row = 0; row < real.words; ++row) {
      unlike += subwords.find(*subwords.word(row)) != static_cast<std::int64_t>(row) ? 1 : 0;
    }
    CHECK(unlike == 0);
  }
}

TEST_CASE("a quantiser's parts and norms") {
  const std::string bytes = read_file(data_file("fasttext/lid.176.ftz"));
  const auto model = detail::parse_fasttext(detail::as_bytes(bytes), "lid.176.ftz");
  REQUIRE(model.ok());
  const detail::ProductQuantized& product = *model->input.product;
  CHECK(product.parts == 8);
  CHECK(product.part_columns == 2);
  CHECK(product.centroids_offset == 459292 + 400000 + 16);
  CHECK(product.norm_codes_offset == 459292 + 400000 + 16 + 16 * 1024);
  CHECK(product.norm_centroids_offset == 459292 + 400000 + 16 + 16 * 1024 + 50000 + 16);
}

TEST_CASE("models of before the magic number are refused with advice") {
  for (const char* name : {"lee_fasttext.bin", "cp852_fasttext.bin", "non_ascii_fasttext.bin"}) {
    const std::string bytes = read_file(data_file(std::string("fasttext/") + name));
    const auto found = detail::fasttext_format.read(detail::as_bytes(bytes), name);
    REQUIRE(!found.ok());
    CHECK(found.error().code == Code::format_unsupported);
    CHECK(contains(found.error().message, "gensim's load_facebook_model reads them"));
  }
}

TEST_CASE("vectors of words are fastText's, to the last bit") {
  struct Known {
    const char* path;
    const char* word;
    std::int64_t row;
    std::uint32_t bits[4];  ///< of the vector's first elements
  };
  constexpr Known known[] = {
      {"fasttext/crime-and-punishment.bin", "</s>", 8, {0x3e493252, 0x3e1868fe, 0x3d8df38c, 0x3d14af82}},
      {"fasttext/crime-and-punishment.bin", "the", 3, {0xbd8109c0, 0x3d3ca22a, 0x3d3b5e2a, 0x3ddb77a8}},
      {"fasttext/crime-and-punishment.bin", "и", 0, {0xbde52594, 0x3df885b4, 0xbde90d3d, 0x3cc8ab64}},
      {"fasttext/crime-and-punishment.bin", "landlady", 30, {0xbd76995b, 0xbadf51a6, 0x3c0e5692, 0x3e06adc0}},
      {"fasttext/crime-and-punishment.bin", "Преступление", -1, {0xbc648f7d, 0x3d4493b1, 0x3d049622, 0x3d9126ba}},
      {"fasttext/crime-and-punishment.bin", "неизвестно", -1, {0x3cb99263, 0x3cab1d34, 0x3d87c0b8, 0x3df03123}},
      {"fasttext/crime-and-punishment.bin", "", -1, {0, 0, 0, 0}},
      {"fasttext/toy-model.bin", "the", 0, {0x3d8cecb8, 0x3e884a18, 0x3cda1754, 0xbe8481f5}},
      {"fasttext/toy-model.bin", "lonelyx", -1, {0x3d80c1a4, 0x3d2cfb47, 0x3cd1b676, 0xbd9544e8}},
      {"fasttext/toy-model.bin", "</s>", -1, {0, 0, 0, 0}},
      {"fasttext/toy-model-pretrained.bin", "naïve", -1, {0x3ee7ba12, 0x3f28827c, 0x3ee4e7bc, 0xbd833d69}},
      {"fasttext/lee_fasttext_new.bin", "the", 0, {0xbea912ce, 0xbea2e0b0, 0x3dcdd925, 0xbf8520b3}},
      {"fasttext/lee_fasttext_new.bin", "rejection", -1, {0xbefb7404, 0xbe06608f, 0xbcacc7a3, 0xbf634041}},
      {"fasttext/lee_fasttext_new.bin", "naïve", -1, {0xbea99873, 0xbb9dbd37, 0x3d9777de, 0xbf63fa31}},
      {"fasttext/cooking.model.bin", "knife", 225, {0x3fc28690, 0x403ce2c0, 0xc0109238, 0xc0236812}},
      {"fasttext/cooking.model.bin", "qwertz", -1, {0, 0, 0, 0}},
      {"fasttext/lid.176.ftz", "und", 11, {0x4006b133, 0xbff2a550, 0x400adc32, 0x3ef1e507}},
      {"fasttext/lid.176.ftz", "</s>", 0, {0xbed29b09, 0x3d4f627c, 0xbe5c061b, 0x3e6306b7}},
      {"fasttext/lid.176.ftz", "the", -1, {0x3e346010, 0x3ec02044, 0xbf6198c6, 0xbc9abf38}},
      {"fasttext/lid.176.ftz", "привет", -1, {0x3e5734b3, 0xbe968c9a, 0x3e1095a6, 0xbf979512}},
      {"fasttext/lid.176.ftz", "日本語", -1, {0xc0081fd6, 0x3f96f610, 0x3eb13b86, 0x3ec0e2e0}},
      {"fasttext/lid.176.ftz", "fußballweltmeisterschaft", -1, {0x3f5100a4, 0xbf809656, 0x3f481a08, 0x3f418853}},
  };
  for (const Known& one : known) {
    CAPTURE(one.path);
    CAPTURE(one.word);
    const Subwords model = opened(one.path);
    CHECK(model.find(one.word) == one.row);
    const std::vector<float> found = vector_of(model, one.word);
    for (std::size_t c = 0; c < 4; ++c) CHECK(std::bit_cast<std::uint32_t>(found[c]) == one.bits[c]);
  }
}

TEST_CASE("vectors of whole vocabularies are those that fastText wrote as text") {
  struct Pair {
    const char* binary;
    const char* text;
    std::uint64_t words;
  };
  constexpr Pair pairs[] = {{"fasttext/crime-and-punishment.bin", "fasttext/crime-and-punishment.vec", 291},
                            {"fasttext/toy-model.bin", "fasttext/toy-model.vec", 22}};
  for (const Pair& pair : pairs) {
    CAPTURE(pair.binary);
    const Subwords model = opened(pair.binary);
    std::istringstream lines(read_file(data_file(pair.text)));
    std::string line;
    std::getline(lines, line);  // the shape
    std::uint64_t row = 0;
    for (; std::getline(lines, line); ++row) {
      CAPTURE(line);
      std::string expected(*model.word(row));
      for (const float value : vector_of(model, expected)) {
        char digits[32];
        std::snprintf(digits, sizeof digits, " %.5g", static_cast<double>(value));
        expected += digits;
      }
      CHECK(line == expected + ' ');
    }
    CHECK(row == pair.words);
    CHECK(row == model.words());
  }
}
