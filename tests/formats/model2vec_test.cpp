// model2vec's folders: keys and quantised vocabularies put together here, and real models against the sentence
// embeddings that model2vec computes with them.
#include "engine/formats/model2vec.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/formats/registry.hpp"
#include "engine/formats/tokenizer.hpp"
#include "engine/support/bytes.hpp"
#include "engine/support/error.hpp"
#include "rowan/table.hpp"
#include "tests/formats/damaged.hpp"
#include "tests/native/samples.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
using namespace std::literals;
using detail::as_bytes;
using detail::concat;
using detail::Encoding;
using detail::FoundFile;
using test::safetensors_file;

namespace {

template <class Number>
std::string bytes_of(const std::vector<Number>& numbers) {
  std::string bytes(numbers.size() * sizeof(Number), '\0');
  if (!numbers.empty()) std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

using test::file_of;
using test::Part;

const Part embeddings = {"embeddings", "F32", "[2,2]", std::string(16, 'x')};
const Part mapping = {"mapping", "I32", "[3]", bytes_of<std::int32_t>({1, 0, 1})};
constexpr std::string_view two_tokens = R"({"model":{"type":"BPE","vocab":{"b":1,"a":0}}})";
constexpr std::string_view three_tokens = R"({"model":{"type":"Unigram","vocab":[["a",0],["b",0],["c",0]]}})";

/// A file that its configuration says is of model2vec.
Result<FoundFile> read(std::span<const std::byte> file, std::optional<std::string_view> tokenizer = {},
                       std::string_view model_type = "model2vec") {
  auto found = detail::safetensors_format.read(file, "m.safetensors");
  if (!found) return found;
  found->config.model_type = model_type;
  std::optional<std::vector<std::string>> tokens;
  if (tokenizer) {
    auto read = detail::read_tokens(as_bytes(*tokenizer), "m.safetensors");
    if (!read) return read.error();
    tokens = *std::move(read);
  }
  if (const auto good = detail::add_model2vec(*found, file, tokens, "m.safetensors"); !good) return good.error();
  return found;
}
FoundFile model_of(std::string_view file, std::optional<std::string_view> tokenizer = {}) {
  auto found = read(as_bytes(file), tokenizer);
  REQUIRE_MESSAGE(found.ok(), found.error().message);
  return *std::move(found);
}

using Rows = std::vector<std::uint64_t>;
using Weights = std::vector<float>;

}  // namespace

TEST_CASE("a model has the tokens of its tokenizer for keys") {
  const FoundFile found = model_of(file_of({embeddings}), two_tokens);
  CHECK(found.what == "a model2vec model");
  CHECK(found.table == "embeddings");
  CHECK(found.keys == std::vector{"a"sv, "b"sv});
  CHECK(found.keys_owner != nullptr);
  CHECK(found.rows_of_keys.empty());
  CHECK(found.weights_of_keys.empty());
  CHECK(found.notes.empty());
}

TEST_CASE("keys may be missing, with a note") {
  const FoundFile none = model_of(file_of({embeddings}));
  CHECK(none.table == "embeddings");
  CHECK(none.keys.empty());
  CHECK(none.notes == std::vector{"its rows have no keys: the tokenizer.json that belongs to it has them"s});

  const FoundFile more = model_of(file_of({embeddings}), three_tokens);
  CHECK(more.keys.empty());
  CHECK(more.keys_owner == nullptr);
  CHECK(more.notes == std::vector{"the tokens of its tokenizer.json are left out: they are 3, and the model has 2"s});
}

TEST_CASE("a tokenizer that cannot be read is noted, and is in nobody's way") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "model.safetensors";
  test::write_file(path, file_of({embeddings}));
  CHECK(Table::open(path)->vocabulary().size() == 0);
  std::filesystem::create_symlink("tokenizer.json", folder / "tokenizer.json");  // to itself
  CHECK(Table::open(path)->vocabulary().size() == 0);
  const auto notes = inspect(path)->notes;
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].find("the tokenizer.json beside it is not read: ") == 0);
  std::filesystem::remove(folder / "tokenizer.json");
  test::write_file(folder / "tokenizer.json", two_tokens);
  CHECK(Table::open(path)->vocabulary().find("b") == 1);
}

TEST_CASE("a quantised vocabulary has rows and weights by token") {
  const Part narrow = {"weights", "F64", "[3]", bytes_of<double>({0.1, -2, 1e-60})};
  const FoundFile found = model_of(file_of({narrow, embeddings, mapping}), three_tokens);
  CHECK(found.keys == std::vector{"a"sv, "b"sv, "c"sv});
  CHECK(found.rows_of_keys == Rows{1, 0, 1});
  CHECK(found.weights_of_keys == Weights{0.1F, -2.0F, 0.0F});
  CHECK(found.notes.empty());

  const Part wide = {"mapping", "I64", "[3]", bytes_of<std::int64_t>({0, 0, 1})};
  const Part single = {"weights", "F32", "[3]", bytes_of<float>({0.5F, 0.25F, 3})};
  const FoundFile second = model_of(file_of({wide, single, embeddings}));
  CHECK(second.keys.empty());
  CHECK(second.rows_of_keys == Rows{0, 0, 1});
  CHECK(second.weights_of_keys == Weights{0.5F, 0.25F, 3.0F});

  const Part half = {"weights", "F16", "[3]", bytes_of<std::uint16_t>({0x3C00, 0x8000, 0xC100})};
  CHECK(model_of(file_of({mapping, half, embeddings})).weights_of_keys == Weights{1.0F, -0.0F, -2.5F});

  const FoundFile unweighted = model_of(file_of({embeddings, mapping}), two_tokens);
  CHECK(unweighted.rows_of_keys == Rows{1, 0, 1});
  CHECK(unweighted.weights_of_keys.empty());
  CHECK(unweighted.notes ==
        std::vector{"the tokens of its tokenizer.json are left out: they are 2, and the model has 3"s});
}

TEST_CASE("weights without a mapping are those of the rows") {
  const Part weights = {"weights", "F32", "[2]", bytes_of<float>({2, 3})};
  const FoundFile found = model_of(file_of({embeddings, weights}), two_tokens);
  CHECK(found.keys.size() == 2);
  CHECK(found.rows_of_keys == Rows{0, 1});
  CHECK(found.weights_of_keys == Weights{2, 3});

  const Part others = {"weights", "F32", "[1,2]", bytes_of<float>({2, 3})};
  const FoundFile left_out = model_of(file_of({embeddings, others}), two_tokens);
  CHECK(left_out.rows_of_keys.empty());
  CHECK(left_out.weights_of_keys.empty());
  CHECK(left_out.notes ==
        std::vector{"its tensor weights is left out: it is F32 [1, 2] and not one number for each of 2 rows"s});
}

TEST_CASE("what is not of model2vec is left as it is") {
  for (const Part& part :
       {Part{"embedding", "F32", "[2,2]", std::string(16, 'x')}, Part{"embeddings", "F32", "[4]", std::string(16, 'x')},
        Part{"embeddings", "F32", "[2,2,1]", std::string(16, 'x')}}) {
    const FoundFile found = model_of(file_of({part, mapping}));
    CHECK(found.what == "a safetensors file");
    CHECK(found.table.empty());
    CHECK(found.keys.empty());
    CHECK(found.rows_of_keys.empty());
    CHECK(found.notes.empty());
  }
}

TEST_CASE("names alone make no file one of model2vec: a configuration does, or as many tokens as rows") {
  const Part weights = {"weights", "F32", "[2]", bytes_of<float>({2, 3})};
  const std::string file = file_of({embeddings, weights});
  const auto plain = read(as_bytes(file), {}, "");
  REQUIRE(plain.ok());
  CHECK(plain->what == "a safetensors file");
  CHECK(plain->table.empty());
  CHECK(plain->weights_of_keys.empty());
  CHECK(plain->notes ==
        std::vector{"its tensor weights is not applied to the rows: nothing beside it says that it is a "
                    "model2vec model"s});
  const auto other = read(as_bytes(file), three_tokens, "bert");
  CHECK(other->weights_of_keys.empty());
  CHECK(other->keys.empty());
  CHECK(read(as_bytes(file), two_tokens, "")->weights_of_keys == Weights{2, 3});
  CHECK(read(as_bytes(file_of({embeddings, mapping})), three_tokens, "")->rows_of_keys == Rows{1, 0, 1});
  // What would be refused of a model2vec model is a tensor like others here.
  CHECK(read(as_bytes(file_of({embeddings, {"mapping", "F32", "[3]", std::string(12, 'x')}})), {}, "").ok());
}

TEST_CASE("a model that is wrong is refused by its reason") {
  struct Refused {
    std::vector<Part> parts;
    std::string_view reason;
  };
  const auto integers = [](std::vector<std::int32_t> numbers) { return bytes_of(numbers); };
  const auto doubles = [](std::vector<double> numbers) { return bytes_of(numbers); };
  const Refused cases[] = {
      {{embeddings, {"mapping", "I32", "[3]", integers({0, 2, 0})}}, "mapping[1] is 2, and embeddings has 2 rows"},
      {{embeddings, {"mapping", "I32", "[1]", integers({-1})}}, "mapping[0] is -1, and embeddings has 2 rows"},
      {{embeddings, {"mapping", "I64", "[1]", bytes_of<std::int64_t>({INT64_MIN})}},
       "mapping[0] is -9223372036854775808"},
      {{embeddings, {"mapping", "I64", "[1]", bytes_of<std::int64_t>({1LL << 32})}}, "mapping[0] is 4294967296"},
      {{embeddings, {"mapping", "F32", "[1]", integers({0})}}, "the tensor mapping is F32 [1]; I32 or I64 [tokens]"},
      {{embeddings, {"mapping", "I32", "[1,1]", integers({0})}}, "the tensor mapping is I32 [1, 1]; I32 or I64"},
      {{embeddings, {"mapping", "I32", "[]", integers({0})}}, "the tensor mapping is I32 []; I32 or I64"},
      {{{"embeddings", "F32", "[0,2]", ""}, {"mapping", "I32", "[1]", integers({0})}}, "embeddings has 0 rows"},
      {{embeddings, mapping, {"weights", "F64", "[2]", doubles({1, 1})}},
       "the tensor weights is F64 [2]; F64, F32 or F16 [3], one for each token, would be read"},
      {{embeddings, mapping, {"weights", "I32", "[3]", integers({1, 1, 1})}}, "the tensor weights is I32 [3]; F64"},
      {{embeddings, mapping, {"weights", "F64", "[3,1,1,1,1,1,1,1,1]", doubles({1, 1, 1})}},
       "the tensor weights is F64 [3, 1, 1, 1, 1, 1, 1, 1, ...]; F64"},
      {{embeddings, {"weights", "I32", "[2]", integers({1, 1})}}, "the tensor weights is I32 [2]; F64, F32 or F16 [2]"},
      {{embeddings, {"weights", "F64", "[2]", doubles({1, 1e39})}}, "weights[1] is 1e+39, which is no finite f32"},
      {{embeddings, {"weights", "F64", "[2]", doubles({-INFINITY, 1})}}, "weights[0] is -inf, which is no finite f32"},
      {{embeddings, {"weights", "F32", "[2]", bytes_of<float>({1, NAN})}}, "weights[1] is nan, which is no finite f32"},
  };
  for (const Refused& refused : cases) {
    const std::string file = file_of(refused.parts);
    const auto found = read(as_bytes(file));
    REQUIRE_MESSAGE(!found.ok(), refused.reason);
    CHECK(found.error().code == Code::malformed_file);
    CHECK(found.error().message.starts_with("m.safetensors: "));
    CHECK_MESSAGE(found.error().message.find(refused.reason) != std::string::npos, found.error().message);
  }
}

TEST_CASE("claims that contradict the file are refused, whoever made them") {
  const std::string file = file_of({embeddings, mapping});
  for (const std::uint64_t offset : {std::uint64_t{file.size() - 11}, std::uint64_t{file.size() + 1}, UINT64_MAX}) {
    FoundFile found = model_of(file);
    for (auto& tensor : found.tensors) tensor.offset = offset;
    const auto good = detail::add_model2vec(found, as_bytes(file), {}, "m.safetensors");
    REQUIRE(!good.ok());
    CHECK(good.error().code == Code::malformed_file);
  }
}

TEST_CASE("a damaged file is refused or read, and never more than that") {
  const Part weights = {"weights", "F64", "[3]", bytes_of<double>({0.1, -2, 1e-60})};
  test::survive_damage(file_of({weights, embeddings, mapping}),
                       [](std::span<const std::byte> bytes) { return read(bytes, three_tokens); });
  const std::string file = file_of({embeddings, mapping});
  test::survive_damage(std::string(three_tokens),
                       [&](std::span<const std::byte> bytes) { return read(as_bytes(file), detail::as_text(bytes)); });
}

TEST_CASE("real models have their tokens for keys") {
  constexpr std::array<std::pair<std::string_view, Encoding>, 3> types = {
      {{"float32", Encoding::f32}, {"float16", Encoding::f16}, {"int8", Encoding::i8}}};
  for (const auto& [name, encoding] : types) {
    const std::string folder = concat("model2vec/test-model-", name, "/");
    const std::string file = test::read_file(test::data_file(folder + "model.safetensors"));
    const FoundFile found = model_of(file, test::read_file(test::data_file(folder + "tokenizer.json")));
    REQUIRE(found.tensors.size() == 1);
    CHECK(found.tensors[0].encoding == encoding);
    CHECK(found.tensors[0].shape == Rows{29528, 2});
    CHECK(found.notes.empty());
    REQUIRE(found.keys.size() == 29528);
    CHECK(found.keys[6598] == "hello");
    CHECK(found.keys[1094] == "world");
    if (encoding != Encoding::f32) continue;
    // The unit vector of the mean of "hello" and "world", as model2vec has it.
    float rows[2][2];
    std::memcpy(rows[0], file.data() + found.tensors[0].offset + 6598 * 8, 8);
    std::memcpy(rows[1], file.data() + found.tensors[0].offset + 1094 * 8, 8);
    const float mean[2] = {(rows[0][0] + rows[1][0]) / 2, (rows[0][1] + rows[1][1]) / 2};
    const float norm = std::sqrt(mean[0] * mean[0] + mean[1] * mean[1]);
    CHECK(mean[0] / norm == doctest::Approx(-0.3934547007083893).epsilon(1e-6));
    CHECK(mean[1] / norm == doctest::Approx(-0.9193440079689026).epsilon(1e-6));
  }
}

TEST_CASE("a real quantised vocabulary has its rows and weights") {
  const std::string folder = "model2vec/test-model-vocab-quantized/";
  const std::string file = test::read_file(test::data_file(folder + "model.safetensors"));
  const FoundFile found = model_of(file, test::read_file(test::data_file(folder + "tokenizer.json")));
  CHECK(found.table == "embeddings");
  CHECK(found.notes.empty());
  REQUIRE(found.keys.size() == 29524);
  REQUIRE(found.rows_of_keys.size() == 29524);
  REQUIRE(found.weights_of_keys.size() == 29524);
  CHECK(found.keys[6594] == "\xE2\x96\x81hello");
  CHECK(found.rows_of_keys[0] == 108);
  CHECK(found.rows_of_keys[100] == 11);
  CHECK(found.rows_of_keys[6594] == 124);
  CHECK(found.weights_of_keys[0] == static_cast<float>(0.001970155871691937));
  CHECK(found.weights_of_keys[6594] == static_cast<float>(0.8668513096144009));
  CHECK(found.weights_of_keys[29523] == static_cast<float>(0.966823525065686));
  // "hello" over and over has the unit vector of its row, as model2vec has it.
  const auto table = std::find_if(found.tensors.begin(), found.tensors.end(),
                                  [](const detail::FoundTensor& tensor) { return tensor.name == "embeddings"; });
  REQUIRE(table != found.tensors.end());
  CHECK(table->shape == Rows{128, 64});
  float row[64];
  std::memcpy(row, file.data() + table->offset + 124 * sizeof row, sizeof row);
  double square = 0;
  for (float& value : row) {
    value *= found.weights_of_keys[6594];
    square += double{value} * value;
  }
  CHECK(row[0] / std::sqrt(square) == doctest::Approx(-0.363402567303566).epsilon(1e-6));
  CHECK(row[63] / std::sqrt(square) == doctest::Approx(0.006629162182434642).epsilon(1e-6));
}
