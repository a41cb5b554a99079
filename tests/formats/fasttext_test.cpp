// fastText models made by hand: every field, and refusals of what contradicts the file.
#include "engine/formats/fasttext_model.hpp"

#include <doctest/doctest.h>

#include <functional>

#include "engine/formats/product.hpp"
#include "engine/formats/registry.hpp"
#include "engine/support/bytes.hpp"
#include "tests/formats/damaged.hpp"
#include "tests/formats/fasttext_bytes.hpp"

namespace {

using namespace rowan;
using namespace rowan::test;
using detail::as_bytes;
using detail::Encoding;
using detail::SubwordModel;

SubwordModel parsed(const FastTextFile& file) {
  auto model = detail::parse_fasttext(as_bytes(file.bytes), "m.bin");
  REQUIRE_MESSAGE(model.ok(), model.error().message);
  return std::move(*model);
}

FastTextFile supervised() {
  FastTextFile file;
  file.model = 3;
  file.labels = {"__label__x", "__label__y"};
  return file;
}

FastTextFile pruned() {
  FastTextFile file = supervised();
  file.pruned = file.quantized = file.norms = file.quantized_output = true;
  file.bucket = 1000;
  file.kept = {{9, 0}, {3, 2}, {999, 1}};
  return file;
}

}  // namespace

TEST_CASE("a dense model") {
  const FastTextFile file = FastTextFile().build();
  const SubwordModel model = parsed(file);
  CHECK(model.version == 12);
  CHECK(model.kind == detail::FastTextKind::skipgram);
  CHECK(model.dim == 3);
  CHECK(model.bucket == 5);
  CHECK(model.minn == 2);
  CHECK(model.maxn == 3);
  CHECK(model.labels == 0);
  CHECK(model.words == std::vector<std::string_view>{"</s>", "ab", "na\xC3\xAFve"});
  CHECK(!model.pruned);
  CHECK(model.kept.empty());
  CHECK(model.input.name == "input");
  CHECK(model.input.type == "float");
  CHECK(model.input.encoding == Encoding::f32);
  CHECK(model.input.shape == std::vector<std::uint64_t>{8, 3});
  CHECK(model.input.offset == file.at.at("input"));
  CHECK(!model.input.product);
  CHECK(model.output.name == "output");
  CHECK(model.output.encoding == Encoding::f32);
  CHECK(model.output.shape == std::vector<std::uint64_t>{3, 3});
  CHECK(model.output.offset == file.at.at("output"));
}

TEST_CASE("a pruned, quantised model") {
  const FastTextFile file = pruned().build();
  const SubwordModel model = parsed(file);
  CHECK(model.kind == detail::FastTextKind::supervised);
  CHECK(model.labels == 2);
  CHECK(model.words.size() == 3);
  CHECK(model.pruned);
  CHECK(model.kept == std::vector<std::pair<std::uint32_t, std::uint32_t>>{{3, 2}, {9, 0}, {999, 1}});
  CHECK(model.input.encoding == Encoding::product);
  CHECK(model.input.type == "product-quantised");
  CHECK(model.input.shape == std::vector<std::uint64_t>{6, 3});
  CHECK(model.input.offset == file.at.at("input"));
  REQUIRE(model.input.product);
  const detail::ProductQuantized& product = *model.input.product;
  CHECK(product.parts == 2);
  CHECK(product.part_columns == 2);
  CHECK(product.centroids == 256);
  CHECK(product.centroids_offset == file.at.at("input centroids"));
  CHECK(!product.projection_offset);
  CHECK(!product.norms_offset);
  CHECK(product.norm_codes_offset == file.at.at("input norm codes"));
  CHECK(product.norm_centroids_offset == file.at.at("input norm centroids"));
  CHECK(model.output.encoding == Encoding::product);
  CHECK(model.output.shape == std::vector<std::uint64_t>{2, 3});
  CHECK(model.output.product->norm_codes_offset == file.at.at("output norm codes"));
}

TEST_CASE("pruned of all n-grams, quantised without norms, an output that is not quantised") {
  FastTextFile file = pruned();
  file.kept.clear();
  file.norms = file.quantized_output = false;
  const SubwordModel model = parsed(file.build());
  CHECK(model.pruned);
  CHECK(model.input.shape == std::vector<std::uint64_t>{3, 3});
  CHECK(!model.input.product->norm_codes_offset);
  CHECK(model.output.encoding == Encoding::f32);
}

TEST_CASE("an output is quantised only where the input is") {
  FastTextFile file;
  file.quantized_output = true;
  CHECK(parsed(file.build()).output.encoding == Encoding::f32);
}

TEST_CASE("supervised models of version 11 have no n-grams of characters, whatever they say") {
  FastTextFile file = supervised();
  file.version = 11;
  CHECK(parsed(file.build()).maxn == 0);
  file.model = 2;
  CHECK(parsed(file.build()).maxn == 3);
}

TEST_CASE("what a reader finds") {
  const FastTextFile file = FastTextFile().build();
  const auto found = detail::fasttext_format.read(as_bytes(file.bytes), "m.bin");
  REQUIRE_MESSAGE(found.ok(), found.error().message);
  CHECK(found->what == "a fastText model");
  CHECK(found->table == "input");
  REQUIRE(found->tensors.size() == 2);
  CHECK(found->tensors[0].name == "input");
  CHECK(found->tensors[1].name == "output");
  CHECK(found->keys == std::vector<std::string_view>{"</s>", "ab", "na\xC3\xAFve"});
  CHECK(found->keys_owner == nullptr);
  CHECK(found->rows_of_keys.empty());
  REQUIRE(found->notes.size() == 1);
  CHECK(contains(found->notes[0], "rows 3 to 7 of input are n-grams of 2 to 3 characters in 5 buckets"));
  CHECK(contains(found->notes[0], "rowan::Subwords"));
}

TEST_CASE("what a reader notes") {
  FastTextFile file = pruned().build();
  auto found = detail::fasttext_format.read(as_bytes(file.bytes), "m.ftz");
  REQUIRE(found.ok());
  REQUIRE(found->notes.size() == 2);
  CHECK(contains(found->notes[0], "rows 3 to 5 of input are those left of the n-grams"));
  CHECK(contains(found->notes[1], "its 2 labels are no keys"));

  file = FastTextFile();
  file.bucket = file.minn = file.maxn = 0;
  file.build();
  found = detail::fasttext_format.read(as_bytes(file.bytes), "m.bin");
  REQUIRE(found.ok());
  CHECK(found->notes.empty());
}

namespace {

struct Hostile {
  const char* field;
  std::function<void(std::string&, std::size_t)> change;
  const char* sentence;
  Code code = Code::malformed_file;
};

template <class Number>
std::function<void(std::string&, std::size_t)> becomes(Number number) {
  return [number](std::string& bytes, std::size_t place) { put_at(bytes, place, number); };
}
constexpr std::int32_t most = 0x7FFFFFFF;
constexpr std::int32_t least = -0x7FFFFFFF - 1;

void check_refused(const FastTextFile& file, const std::vector<Hostile>& changes) {
  for (const Hostile& hostile : changes) {
    CAPTURE(hostile.field);
    CAPTURE(hostile.sentence);
    std::string bytes = file.bytes;
    hostile.change(bytes, file.at.at(hostile.field));
    const auto found = detail::fasttext_format.read(as_bytes(bytes), "m.bin");
    REQUIRE(!found.ok());
    CAPTURE(found.error().message);
    CHECK(found.error().code == hostile.code);
    CHECK(found.error().message.starts_with("m.bin"));
    CHECK(contains(found.error().message, hostile.sentence));
  }
}

}  // namespace

TEST_CASE("refused: fields of a dense model") {
  check_refused(
      FastTextFile().build(),
      {
          {"magic", becomes(2), "does not begin with fastText's magic number", Code::format_unsupported},
          {"version", becomes(10), "of version 10; versions 11 and 12", Code::format_unsupported},
          {"version", becomes(13), "of version 13", Code::format_unsupported},
          {"version", becomes(least), "of version -2147483648", Code::format_unsupported},
          {"dim", becomes(0), "has 0 as dim; it is at least 1"},
          {"dim", becomes(-3), "has -3 as dim"},
          {"dim", becomes(2), "has an input matrix of 8 rows and 3 columns; its words and n-grams take 8 rows of 2"},
          {"dim", becomes(most), "take 8 rows of 2147483647"},
          {"model", becomes(0), "has 0 as model"},
          {"model", becomes(4), "has 4 as model"},
          {"model", becomes(3), "has an output matrix of 3 rows and 3 columns; its labels take 0 rows"},
          {"bucket", becomes(-1), "has -1 as bucket"},
          {"bucket", becomes(0), "bucket 0, so that they have no rows"},
          {"bucket", becomes(6), "its words and n-grams take 9 rows"},
          {"bucket", becomes(most), "take 2147483650 rows"},
          {"minn", becomes(-1), "has -1 as minn"},
          {"maxn", becomes(least), "has -2147483648 as maxn"},
          {"size", becomes(-1), "as the size of its dictionary"},
          {"size", becomes(4), "has 3 words and 0 labels in a dictionary of 4"},
          {"words", becomes(2), "has 2 words and 0 labels in a dictionary of 3"},
          {"words", becomes(most), "has 2147483647 words"},
          {"words", becomes(-1), "has -1 as its number of words"},
          {"labels", becomes(-1), "has -1 as its number of labels"},
          {"entry of a word", becomes(std::int8_t{1}), "has entry 2 of its dictionary of type 1 where words stand"},
          {"kept", becomes(std::int64_t{0}), "is pruned and not quantised"},
          {"kept", becomes(std::int64_t{1} << 62), "n-grams kept, 8 bytes each"},
          {"kept", becomes(std::int64_t{0x7FFFFFFFFFFFFFFF}), "claims 9223372036854775807 n-grams kept"},
          {"quantized", becomes(std::uint8_t{2}), "whether its input is quantised; it is 0 or 1"},
          {"input rows", becomes(std::int64_t{9}), "has an input matrix of 9 rows"},
          {"input rows", becomes(std::int64_t{-1}), "has an input matrix of -1 rows"},
          {"input columns", becomes(std::int64_t{4}), "8 rows and 4 columns"},
          {"input columns", becomes(std::int64_t{1} << 62), "8 rows and 4611686018427387904 columns"},
          {"quantized output", becomes(std::uint8_t{255}), "whether its output is quantised; it is 0 or 1"},
          {"output rows", becomes(std::int64_t{2}), "has an output matrix of 2 rows"},
          {"magic", [](std::string& b, std::size_t) { b.pop_back(); }, "claims an output matrix of 3 rows"},
      });
}

TEST_CASE("refused: fields of a pruned, quantised model") {
  check_refused(
      pruned().build(),
      {
          {"entry of a label", becomes(std::int8_t{0}), "has entry 4 of its dictionary of type 0 where labels stand"},
          {"kept", becomes(std::int64_t{-1}), "whether its input is quantised"},
          {"kept from", becomes(1000), "keeps the n-grams of bucket 1000 in row 1 behind its words"},
          {"kept from", becomes(-1), "keeps the n-grams of bucket 4294967295"},
          {"kept from", becomes(3), "keeps the n-grams of bucket 3 twice"},
          {"kept to", becomes(3), "in row 3 behind its words; it has 1000 buckets and 3 such rows"},
          {"kept to", becomes(-1), "in row 4294967295"},
          {"input norms", becomes(std::uint8_t{7}), "whether its norms are quantised"},
          {"input codes", becomes(-1), "has -1 as its number of codes"},
          {"input codes", becomes(most), "in the codes of a matrix"},
          {"input quantizer", becomes(4), "has a quantiser of 4 columns in 2 parts of 2, the last of 1, for rows of 3"},
          {"input quantizer", becomes(0), "as the columns of a quantiser; it is at least 1"},
          {"input quantizer", [](std::string& b, std::size_t at) { put_at(b, at + 4, most); }, "in 2147483647 parts"},
          {"input quantizer", [](std::string& b, std::size_t at) { put_at(b, at + 8, most); }, "parts of 2147483647"},
          {"input quantizer", [](std::string& b, std::size_t at) { put_at(b, at + 8, 0); }, "of a quantiser's parts"},
          {"input quantizer", [](std::string& b, std::size_t at) { put_at(b, at + 12, 2); }, "the last of 2"},
          {"input norm quantizer", becomes(3), "has a quantiser of 3 columns in 1 parts of 1, the last of 1"},
          {"output rows", becomes(std::int64_t{3}), "its labels take 2 rows of 3"},
      });
}

TEST_CASE("refused: codes that are not as many as the rows take") {
  FastTextFile file = pruned().build();
  // A quantiser of one part of three columns is sound in itself.
  const std::size_t quantizer = file.at.at("input quantizer");
  put_at(file.bytes, quantizer + 4, 1);
  put_at(file.bytes, quantizer + 8, 3);
  put_at(file.bytes, quantizer + 12, 3);
  const auto found = detail::fasttext_format.read(as_bytes(file.bytes), "m.bin");
  REQUIRE(!found.ok());
  CHECK(contains(found.error().message, "has 12 codes in its input matrix; 6 rows of 1 take others"));
}

TEST_CASE("counts that the file has no room for are refused before anything is made for them") {
  FastTextFile file = FastTextFile().build();
  std::string bytes = file.bytes.substr(0, file.at.at("kept") + 8);  // 92 bytes
  put_at(bytes, file.at.at("size"), most);
  put_at(bytes, file.at.at("words"), most);
  const auto words = detail::fasttext_format.read(as_bytes(bytes), "m.bin");
  REQUIRE(!words.ok());
  CHECK(
      contains(words.error().message, "claims a dictionary of 2147483647 entries, at least 10 bytes each, and has 0"));
}

TEST_CASE("empty and foreign files") {
  CHECK(detail::fasttext_format.read({}, "m.bin").error().code == Code::format_unsupported);
  CHECK(detail::fasttext_format.read(as_bytes("{}"), "m.bin").error().code == Code::format_unsupported);
}

TEST_CASE("cut anywhere, and with any byte changed") {
  for (const FastTextFile& file : {FastTextFile().build(), pruned().build()}) {
    std::size_t accepted = 0;
    for_each_damage(file.bytes, few_changes, [&](std::span<const std::byte> bytes, bool whole) {
      const auto model = detail::parse_fasttext(bytes, "m.bin");
      CHECK((whole || !model.ok()));
      if (!model.ok()) return;
      ++accepted;
      if (!model->input.product) return;
      std::vector<float> row(model->dim);
      for (std::uint64_t r = 0; r < model->input.shape[0]; ++r) {
        detail::decode_product_row(bytes, model->input, r, row.data());
      }
    });
    CHECK(accepted > 0);
  }
}
