// The one check of what readers claim: claims made here, so that no reader's own care hides what it does.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/formats/check.hpp"

using namespace rowan;
using namespace rowan::detail;
using Sizes = std::vector<std::uint64_t>;

namespace {

constexpr std::uint64_t greatest = ~std::uint64_t{0};

FoundTensor tensor_of(Encoding encoding, Sizes shape, Sizes strides = {}, std::uint64_t offset = 0) {
  FoundTensor tensor;
  tensor.name = "w.weight";
  tensor.type = "its type";
  tensor.encoding = encoding;
  tensor.shape = std::move(shape);
  tensor.strides = std::move(strides);
  tensor.offset = offset;
  return tensor;
}

FoundTensor deflated(FoundTensor tensor, const Deflated& run) {
  tensor.deflated = run;
  return tensor;
}

/// A file of 64 bytes.
const std::vector<std::byte> file(64, std::byte{1});

}  // namespace

TEST_CASE("what lies in the file is a table, in place or with the reason why not") {
  struct Good {
    FoundTensor tensor;
    std::string why_not;
  };
  FoundTensor big_endian = tensor_of(Encoding::f16, {2, 2});
  big_endian.big_endian = true;
  const Good all[] = {
      {tensor_of(Encoding::f32, {4, 4}), ""},
      {tensor_of(Encoding::f32, {5, 3}, {}, 4), ""},  // to the last byte
      {tensor_of(Encoding::f32, {0, 3}, {}, 64), ""},
      {tensor_of(Encoding::bf16, {2, 3}, {5, 1}, 3), ""},
      {tensor_of(Encoding::f32, {1, 3}, {greatest / 8, 1}), ""},  // no second row is a step away
      {tensor_of(Encoding::f32, {2, 3}, {1, 2}), "the elements of its rows do not lie one behind the other"},
      {tensor_of(Encoding::f64, {2, 2}), "its elements are of type its type"},
      {big_endian, "its elements are big-endian"},
      {deflated(tensor_of(Encoding::f32, {5, 3}), {0, 64, 60, 0}), "it is compressed"},
      {tensor_of(Encoding::q8_0, {1, 32}, {}, 30), "its elements are of type its type"},
  };
  for (const Good& good : all) {
    const auto table = check_tensor(file, good.tensor, "FILE");
    REQUIRE_MESSAGE(table.ok(), table.error().message);
    CHECK(table->why_not == good.why_not);
    CHECK(table->view.has_value() == good.why_not.empty());
    CHECK(table->rows == good.tensor.shape[0]);
    if (table->view && table->rows > 0) CHECK(table->view->data() == file.data() + good.tensor.offset);
  }
}

TEST_CASE("what does not is refused") {
  struct Bad {
    FoundTensor tensor;
    Code code;
    std::string piece;
  };
  constexpr Code malformed = Code::malformed_file;
  constexpr Code unsupported = Code::format_unsupported;
  const Bad all[] = {
      {tensor_of(Encoding::other, {2, 2}), unsupported, "which are not made a table"},
      {tensor_of(Encoding::f32, {4}), unsupported, "a table is a matrix"},
      {tensor_of(Encoding::f32, {2, 0}), unsupported, "a table is a matrix"},
      {tensor_of(Encoding::f32, {2, 2, 2}), unsupported, "a table is a matrix"},
      {tensor_of(Encoding::f32, {4, 4}, {}, 1), malformed, "begins at byte 1 and takes 64 bytes, of 64"},
      {tensor_of(Encoding::f32, {5, 3}, {}, greatest), malformed, "begins at byte"},
      {tensor_of(Encoding::f32, {5, 4}), malformed, "takes 80 bytes, of 64"},
      {tensor_of(Encoding::f32, {greatest / 4, 4}), malformed, "larger than memory"},
      {tensor_of(Encoding::f32, {2, greatest}), malformed, "larger than memory"},
      {tensor_of(Encoding::f32, {3, 3}, {8, 1}), malformed, "takes 76 bytes, of 64"},
      {tensor_of(Encoding::f32, {2, 2}, {greatest / 2, 1}), malformed, "larger than memory"},
      {tensor_of(Encoding::f32, {2, 2}, {greatest / 4, greatest / 4}), malformed, "larger than memory"},
      {tensor_of(Encoding::f32, {1'000'000, 4}, {0, 1}), unsupported, "repeats 16 bytes"},
      {tensor_of(Encoding::f32, {1, 1'000'000}, {1, 0}), unsupported, "repeats 4 bytes"},
      {tensor_of(Encoding::f32, {greatest, greatest}, {0, 0}), unsupported, "repeats 4 bytes"},
      {tensor_of(Encoding::q8_0, {1, 33}), malformed, "no whole blocks"},
      {tensor_of(Encoding::q8_0, {1, 32}, {32, 1}), malformed, "no whole blocks"},
      {tensor_of(Encoding::f32, {2, 2}, {2}), malformed, "no whole blocks"},
      {deflated(tensor_of(Encoding::f32, {2, 2}), {60, 5, 16, 0}), malformed, "ends beyond the file"},
      {deflated(tensor_of(Encoding::f32, {2, 2}), {greatest, 5, 16, 0}), malformed, "ends beyond the file"},
      {deflated(tensor_of(Encoding::f32, {2, 2}), {0, 64, 15, 0}), malformed, "takes 16 bytes, of 15"},
      {deflated(tensor_of(Encoding::f32, {2, 2}), {0, 64, 64 * 1032 + 1, 0}), malformed, "compressed bytes become"},
  };
  for (const Bad& bad : all) {
    CAPTURE(bad.piece);
    const auto table = check_tensor(file, bad.tensor, "FILE");
    REQUIRE(!table.ok());
    CHECK(table.error().code == bad.code);
    CHECK(table.error().message.starts_with("FILE: tensor 'w.weight' "));
    CHECK_MESSAGE(table.error().message.find(bad.piece) != std::string::npos, table.error().message);
  }
}

TEST_CASE("the tensor that is the table") {
  const auto named = [](std::string name, Encoding encoding = Encoding::f32, Sizes shape = {2, 2}) {
    FoundTensor tensor = tensor_of(encoding, std::move(shape));
    tensor.name = std::move(name);
    return tensor;
  };
  const auto chosen = [](const FoundFile& found, std::string_view name = {}) {
    const auto tensor = choose_tensor(found, name, "FILE");
    return tensor ? (*tensor)->name : tensor.error().message;
  };
  FoundFile found;
  found.what = "a file";
  CHECK(chosen(found) == "FILE is a file and holds no table: it has no matrix of numbers");
  found.tensors = {named("bias", Encoding::f32, {2}), named("a.weight"), named("count", Encoding::other)};
  CHECK(chosen(found) == "a.weight");  // the only matrix
  found.tensors.push_back(named("b"));
  CHECK(
      chosen(found) ==
      "FILE is a file with 2 matrices; name one of them: it has --table a.weight [2, 2], --table b [2, 2]; 'count' [2, "
      "2] is of type its type, which is not made a table");
  CHECK(chosen(found, "a") == "a.weight");
  CHECK(chosen(found, "bias") == "bias");  // whose check says what it is
  CHECK(chosen(found, "c") ==
        "FILE has no tensor 'c'; it has --table a.weight [2, 2], --table b [2, 2]; 'count' [2, 2] is of type its type, "
        "which is not made a table");
  found.tensors.push_back(named("wte.weight"));
  CHECK(chosen(found) == "wte.weight");
  found.tensors.push_back(named("embedding.weight"));
  CHECK(chosen(found) == "embedding.weight");  // the usual names have an order
  found.table = "b";
  CHECK(chosen(found) == "b");
  found.tensors.push_back(named("a"));
  CHECK(chosen(found, "a") == "a");  // the name itself before one with an ending
}

TEST_CASE("usual names count in any module, whole numbers where scales belong to them") {
  const auto of = [](const std::vector<std::pair<std::string, Encoding>>& tensors) {
    FoundFile found;
    found.what = "a file";
    for (const auto& [name, encoding] : tensors) {
      found.tensors.push_back(tensor_of(encoding, {2, 2}));
      found.tensors.back().name = name;
    }
    return found;
  };
  const auto chosen = [](const FoundFile& found) {
    const auto tensor = choose_tensor(found, {}, "FILE");
    return tensor ? (*tensor)->name : tensor.error().message;
  };
  constexpr Encoding f32 = Encoding::f32;
  for (const std::string name :
       {"bert.embeddings.word_embeddings.weight", "transformer.wte.weight", "_orig_mod.embedding.weight",
        "module.model.embed_tokens.weight", "model.embedding.weight", "m.embeddings", "a.b.c.tok_embeddings.weight"}) {
    CHECK(chosen(of({{"other.weight", f32}, {name, f32}, {"position_embedding.weight", f32}})) == name);
  }
  CHECK(chosen(of({{"encoder.embed_tokens.weight", f32}, {"decoder.embed_tokens.weight", f32}})) ==
        "FILE is a file with 2 matrices of a usual name; name one of them: it has --table encoder.embed_tokens.weight "
        "[2, 2], --table decoder.embed_tokens.weight [2, 2]");
  CHECK(chosen(of({{"x", f32}, {"my embedding.weight", f32}})) ==
        "FILE is a file with 2 matrices; name one of them: it has --table x [2, 2], --table 'my embedding.weight' [2, "
        "2]");
  // Codes or indices are no table by elimination, but for whoever names them.
  CHECK(chosen(of({{"q", Encoding::i8}, {"w", f32}})) == "w");
  CHECK(
      chosen(of({{"embedding.weight", Encoding::i8}, {"b", Encoding::i8}})) ==
      "FILE is a file and holds no table: it has --table embedding.weight [2, 2] of whole numbers, --table b [2, 2] of "
      "whole numbers");
  CHECK(chosen(of({{"q", Encoding::i8}})) == "q");  // all that there is
  FoundFile scaled = of({{"q", Encoding::i8}, {"s", f32}});
  scaled.tensors[0].unread_scales = "'s'";
  scaled.tensors[1].is_scale = true;
  CHECK(chosen(scaled) == "q");  // which its check refuses
}
