// GGUF: whole files put together here, each way in which one can be wrong, and a real vocabulary.
#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "engine/formats/registry.hpp"
#include "engine/support/bytes.hpp"
#include "tests/formats/damaged.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
using namespace std::literals;
using detail::Encoding;
using detail::FoundFile;
using Shape = std::vector<std::uint64_t>;

namespace {

Result<FoundFile> read(std::span<const std::byte> file) { return detail::gguf_format.read(file, "t.gguf"); }
Result<FoundFile> read(std::string_view file) { return read(detail::as_bytes(file)); }

template <class Number>
std::string bytes_of(Number number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}
std::string u32(std::uint32_t number) { return bytes_of(number); }
std::string u64(std::uint64_t number) { return bytes_of(number); }
std::string text(std::string_view characters) { return u64(characters.size()) + std::string(characters); }

std::string pair(std::string_view key, std::uint32_t type, std::string_view value) {
  return text(key) + u32(type) + std::string(value);
}
std::string array(std::uint32_t type, const std::vector<std::string>& values) {
  std::string bytes = u32(type) + u64(values.size());
  for (const std::string& value : values) bytes += value;
  return bytes;
}
std::string tokens(const std::vector<std::string>& names) {
  std::vector<std::string> values;
  for (const std::string& name : names) values.push_back(text(name));
  return pair("tokenizer.ggml.tokens", 9, array(8, values));
}
/// Dimensions stand in it as in the file, the innermost first.
std::string tensor(std::string_view name, const Shape& dimensions, std::uint32_t type, std::uint64_t offset) {
  std::string bytes = text(name) + u32(static_cast<std::uint32_t>(dimensions.size()));
  for (const std::uint64_t size : dimensions) bytes += u64(size);
  return bytes + u32(type) + u64(offset);
}

struct Parts {
  std::uint32_t version = 3;
  std::vector<std::string> pairs = {};
  std::vector<std::string> tensors = {};
  std::size_t alignment = 32;
  std::size_t data_bytes = 0;
};
std::string gguf(const Parts& parts) {
  std::string file = "GGUF" + u32(parts.version) + u64(parts.tensors.size()) + u64(parts.pairs.size());
  for (const std::string& pair : parts.pairs) file += pair;
  for (const std::string& tensor : parts.tensors) file += tensor;
  if (!parts.tensors.empty()) file.resize((file.size() + parts.alignment - 1) / parts.alignment * parts.alignment);
  return file + std::string(parts.data_bytes, 'x');
}

std::string with_pair(const std::string& pair) { return gguf({.pairs = {pair}}); }
std::string with_tensor(const std::string& tensor, std::size_t data_bytes = 64) {
  return gguf({.tensors = {tensor}, .data_bytes = data_bytes});
}

/// A pair of each type of values.
std::vector<std::string> all_pairs() {
  return {pair("general.architecture", 8, text("bert")),
          pair("a.u8", 0, "\1"sv),
          pair("a.i8", 1, "\1"sv),
          pair("a.u16", 2, "\1\0"sv),
          pair("a.i16", 3, "\1\0"sv),
          pair("a.u32", 4, u32(1)),
          pair("a.i32", 5, u32(1)),
          pair("a.f32", 6, u32(1)),
          pair("a.bool", 7, "\1"sv),
          pair("a.text", 8, text("")),
          pair("a.u64", 10, u64(1)),
          pair("a.i64", 11, u64(1)),
          pair("a.f64", 12, u64(1)),
          pair("a.numbers", 9, array(3, {"ab", "cd"})),
          pair("a.empty", 9, array(9, {})),
          pair("a.nested", 9, array(9, {array(8, {text("x"), text("")}), array(9, {array(12, {u64(1)})})}))};
}

/// A number of ggml's, and what a tensor of that type, [2, 256], is.
struct TypeCase {
  std::uint32_t number;
  std::string_view name;
  Encoding encoding;
  std::uint64_t bytes;
};
constexpr TypeCase type_cases[] = {
    {0, "F32", Encoding::f32, 2048},      {1, "F16", Encoding::f16, 1024},       {2, "Q4_0", Encoding::q4_0, 288},
    {3, "Q4_1", Encoding::q4_1, 320},     {6, "Q5_0", Encoding::q5_0, 352},      {7, "Q5_1", Encoding::q5_1, 384},
    {8, "Q8_0", Encoding::q8_0, 544},     {9, "Q8_1", Encoding::other, 576},     {10, "Q2_K", Encoding::other, 168},
    {11, "Q3_K", Encoding::other, 220},   {12, "Q4_K", Encoding::q4_k, 288},     {13, "Q5_K", Encoding::q5_k, 352},
    {14, "Q6_K", Encoding::q6_k, 420},    {15, "Q8_K", Encoding::other, 584},    {16, "IQ2_XXS", Encoding::other, 132},
    {17, "IQ2_XS", Encoding::other, 148}, {18, "IQ3_XXS", Encoding::other, 196}, {19, "IQ1_S", Encoding::other, 100},
    {20, "IQ4_NL", Encoding::other, 288}, {21, "IQ3_S", Encoding::other, 220},   {22, "IQ2_S", Encoding::other, 164},
    {23, "IQ4_XS", Encoding::other, 272}, {24, "I8", Encoding::i8, 512},         {25, "I16", Encoding::other, 1024},
    {26, "I32", Encoding::other, 2048},   {27, "I64", Encoding::other, 4096},    {28, "F64", Encoding::f64, 4096},
    {29, "IQ1_M", Encoding::other, 112},  {30, "BF16", Encoding::bf16, 1024},    {34, "TQ1_0", Encoding::other, 108},
    {35, "TQ2_0", Encoding::other, 132},  {39, "MXFP4", Encoding::other, 272},   {40, "NVFP4", Encoding::other, 288},
    {41, "Q1_0", Encoding::other, 72},    {42, "Q2_0", Encoding::other, 144},
};

/// A file with a table of three rows, four tokens of which the last has no row, unless fewer are asked for.
std::string small_model(std::size_t token_count) {
  std::vector<std::string> names = {"the", "", "\xFF", "fourth"};
  names.resize(token_count);
  return gguf({.pairs = {pair("general.architecture", 8, text("llama")), tokens(names)},
               .tensors = {tensor("token_embd.weight", {2, 3}, 0, 0), tensor("norm", {5}, 0, 32)},
               .data_bytes = 52});
}

}  // namespace

TEST_CASE("tensors of every type are found where they lie") {
  Parts parts = {.pairs = all_pairs()};
  std::uint64_t offset = 0;
  for (const TypeCase& type : type_cases) {
    parts.tensors.push_back(tensor(type.name, {256, 2}, type.number, offset));
    offset = (offset + type.bytes + 31) / 32 * 32;
  }
  parts.data_bytes = offset;
  for (const std::uint32_t version : {2U, 3U}) {
    parts.version = version;
    const std::string file = gguf(parts);
    const auto found = read(file);
    REQUIRE_MESSAGE(found.ok(), found.error().message);
    CHECK(found->what == "a GGUF model (architecture bert)");
    CHECK(found->table.empty());
    CHECK(found->keys.empty());
    CHECK(found->notes.empty());
    REQUIRE(found->tensors.size() == std::size(type_cases));
    std::uint64_t expected = file.size() - offset;
    for (std::size_t i = 0; i < found->tensors.size(); ++i) {
      const detail::FoundTensor& tensor = found->tensors[i];
      const TypeCase& type = type_cases[i];
      CHECK(tensor.name == type.name);
      CHECK(tensor.type == type.name);
      CHECK(tensor.encoding == type.encoding);
      CHECK(tensor.shape == Shape{2, 256});
      CHECK(tensor.strides.empty());
      CHECK(tensor.offset == expected);
      CHECK_FALSE(tensor.big_endian);
      CHECK_FALSE(tensor.deflated);
      CHECK_FALSE(tensor.product);
      expected = (expected + type.bytes + 31) / 32 * 32;
    }
  }
}

TEST_CASE("types that ggml has given up or not yet are named, and only their beginnings are held") {
  const auto found = read(gguf({.tensors = {tensor("a", {3}, 4, 0), tensor("b", {3}, 99, 64), tensor("c", {2}, 0, 96),
                                            tensor("d", {3}, 31, 128)},
                                .data_bytes = 130}));
  REQUIRE_MESSAGE(found.ok(), found.error().message);
  CHECK(found->tensors[0].type == "Q4_2");
  CHECK(found->tensors[1].type == "number 99");
  CHECK(found->tensors[3].type == "Q4_0_4_4");
  for (const int i : {0, 1, 3}) CHECK(found->tensors[static_cast<std::size_t>(i)].encoding == Encoding::other);
}

TEST_CASE("rank 0, empty tensors, four dimensions and another alignment are read") {
  const auto found = read(gguf({.pairs = {pair("general.alignment", 4, u32(8))},
                                .tensors = {tensor("scalar", {}, 0, 0), tensor("empty", {32, 0, UINT64_MAX}, 8, 8),
                                            tensor("deep", {2, 3, 1, 2}, 1, 8)},
                                .alignment = 8,
                                .data_bytes = 32}));
  REQUIRE_MESSAGE(found.ok(), found.error().message);
  CHECK(found->what == "a GGUF model");
  CHECK(found->tensors[0].shape.empty());
  CHECK(found->tensors[1].shape == Shape{UINT64_MAX, 0, 32});
  CHECK(found->tensors[2].shape == Shape{2, 1, 3, 2});
  CHECK(found->tensors[2].offset == found->tensors[0].offset + 8);
}

TEST_CASE("data begins at every multiple of the alignment that there is") {
  for (std::size_t length = 0; length < 64; ++length) {
    const std::string name(length, 'n');
    const std::string file = gguf({.pairs = {pair("general.alignment", 4, u32(8)), pair("a", 8, text(name))},
                                   .tensors = {tensor("t", {4}, 24, 0)},
                                   .alignment = 8,
                                   .data_bytes = 4});
    const auto found = read(file);
    REQUIRE_MESSAGE(found.ok(), found.error().message);
    CHECK(found->tensors[0].offset == file.size() - 4);
  }
}

TEST_CASE("tokens are the keys of the table's first rows") {
  const std::string file = small_model(3);
  const auto found = read(file);
  REQUIRE_MESSAGE(found.ok(), found.error().message);
  CHECK(found->what == "a GGUF model (architecture llama)");
  CHECK(found->table == "token_embd.weight");
  CHECK(found->keys == std::vector{"the"sv, ""sv, "\xFF"sv});
  CHECK(found->keys_owner == nullptr);
  CHECK(found->rows_of_keys.empty());
  CHECK(found->weights_of_keys.empty());
  CHECK(found->notes.empty());
  for (const std::string_view key : found->keys) {
    CHECK(key.data() >= file.data());
    CHECK(key.data() + key.size() <= file.data() + file.size());
  }
  CHECK(read(small_model(2))->keys.size() == 2);
}

TEST_CASE("tokens that name no rows are left out with a note") {
  const auto more = read(small_model(4));
  REQUIRE_MESSAGE(more.ok(), more.error().message);
  CHECK(more->table == "token_embd.weight");
  CHECK(more->keys.empty());
  REQUIRE(more->notes.size() == 1);
  CHECK(more->notes[0] == "its 4 tokens are left out: they are more than the rows of token_embd.weight, 3");

  const auto none = read(with_pair(tokens({"a", "b"})));
  REQUIRE_MESSAGE(none.ok(), none.error().message);
  CHECK(none->tensors.empty());
  CHECK(none->table.empty());
  CHECK(none->keys.empty());
  REQUIRE(none->notes.size() == 1);
  CHECK(none->notes[0] == "its 2 tokens are left out: it has no tensor token_embd.weight whose rows they would name");
}

TEST_CASE("a file that is wrong is refused by its reason") {
  struct Refused {
    std::string file;
    std::string_view reason;
    Code code = Code::malformed_file;
  };
  const std::uint64_t huge = 1ULL << 33;
  std::string deep = array(0, {});
  for (int i = 0; i < 8; ++i) deep = array(9, {deep});
  std::string many = "GGUF" + u32(3) + u64(300000) + u64(0);
  many.resize(many.size() + 300000 * 24);
  const Code unsupported = Code::format_unsupported;
  const Refused cases[] = {
      {"", "ends at byte 0, in the magic GGUF"},
      {"GGUF", "ends at byte 4, in the version"},
      {"GGML" + u32(3), "does not start with GGUF"},
      {"GGUF" + u32(3) + u64(0), "ends at byte 16, in the number of keys"},
      {gguf({.version = 0}), "version 0 of GGUF"},
      {gguf({.version = 1}), "its version of GGUF is 1, which was given up; versions 2 and 3 are read", unsupported},
      {gguf({.version = 4}), "its version of GGUF is 4; versions 2 and 3 are read", unsupported},
      {gguf({.version = 0x0300'0000}), "big-endian", unsupported},
      {gguf({.version = 0x0200'0000}), "big-endian", unsupported},
      {"GGUF" + u32(3) + u64(huge) + u64(0) + std::string(56, 'x'), "claims 8589934592 tensors, and only 56 bytes"},
      {"GGUF" + u32(3) + u64(UINT64_MAX) + u64(0) + std::string(56, 'x'), "claims 18446744073709551615 tensors"},
      {"GGUF" + u32(3) + u64(0) + u64(huge) + std::string(56, 'x'), "claims 8589934592 keys, and only 56 bytes"},
      {"GGUF" + u32(3) + u64(0) + u64(UINT64_MAX) + std::string(56, 'x'), "claims 18446744073709551615 keys"},
      {many, "has 300000 tensors; at most 262144 are read", unsupported},
      {with_pair(pair("", 4, u32(0)) + std::string(8, 'x')), "the key before byte 36 is empty"},
      {with_pair(u64(UINT64_MAX) + std::string(40, 'x')), "ends at byte 72, in a key"},
      {with_pair(pair("k", 13, u64(0))), "the key 'k' has a value of type 13; types are 0 to 12"},
      {with_pair(pair("k", UINT32_MAX, u64(0))), "has a value of type 4294967295"},
      {with_pair(pair("k", 12, "1234567"sv)), "ends at byte 44, in a value"},
      {with_pair(pair("k", 8, u64(UINT64_MAX) + "abc")), "in a text"},
      {with_pair(pair("k", 9, u32(4))), "in the length of an array"},
      {with_pair(pair("k", 9, u32(13) + u64(0))), "the key 'k' has an array of type 13"},
      {with_pair(pair("k", 9, u32(4) + u64(huge))), "the key 'k' claims an array of 8589934592 values, and only 0"},
      {with_pair(pair("k", 9, u32(10) + u64((1ULL << 61) + 1) + u64(0))), "claims an array of 2305843009213693953"},
      {with_pair(pair("k", 9, u32(8) + u64(UINT64_MAX) + u64(0))), "claims an array of 18446744073709551615 values"},
      {with_pair(pair("k", 9, u32(9) + u64(huge) + u64(0))), "claims an array of 8589934592 values"},
      {with_pair(pair("k", 9, u32(8) + u64(2) + u64(20) + "abcdefgh")), "in a text"},
      {with_pair(pair("k", 9, array(9, {array(77, {})}))), "has an array of type 77"},
      {with_pair(pair("k", 9, deep)), "the key 'k' has arrays more than 8 deep", unsupported},
      {gguf({.pairs = {pair("k", 0, "x"), pair("j", 0, "x"), pair("k", 1, "y")}}), "it has the key 'k' twice"},
      {gguf({.pairs = {tokens({"a"}), tokens({"a"})}}), "the key 'tokenizer.ggml.tokens' twice"},
      {with_pair(pair("general.architecture", 4, u32(0))), "the value of general.architecture is not text"},
      {with_pair(pair("general.architecture", 8, u64(5) + "bert")), "in the architecture"},
      {with_pair(pair("general.alignment", 10, u64(32))), "the value of general.alignment is not a number of 32 bits"},
      {with_pair(pair("general.alignment", 4, u32(0))), "its general.alignment is 0; a power of two of at least 8"},
      {with_pair(pair("general.alignment", 4, u32(4))), "its general.alignment is 4;"},
      {with_pair(pair("general.alignment", 4, u32(24))), "its general.alignment is 24;"},
      {with_pair(pair("general.alignment", 4, "123"sv)), "in the alignment"},
      {with_pair(pair("tokenizer.ggml.tokens", 8, text("the"))), "tokenizer.ggml.tokens is not an array of texts"},
      {with_pair(pair("tokenizer.ggml.tokens", 9, array(4, {}))), "tokenizer.ggml.tokens is not an array of texts"},
      {with_pair(pair("tokenizer.ggml.tokens", 9, u32(8) + u64(huge))), "claims an array of 8589934592 values"},
      {with_tensor(text("t") + u32(5) + std::string(52, 'x')), "tensor 't' has 5 dimensions; at most 4", unsupported},
      {with_tensor(text("t") + u32(UINT32_MAX) + std::string(52, 'x')), "has 4294967295 dimensions", unsupported},
      {with_tensor(text("t") + u32(4) + u64(1) + u64(1), 0), "in the shape of a tensor"},
      {with_tensor(u64(huge) + std::string(30, 'x'), 0), "in the name of a tensor"},
      {with_tensor(tensor("t", {33}, 8, 0)),
       "tensor 't' has rows of 33 elements; those of type Q8_0 are whole blocks of 32"},
      {with_tensor(tensor("t", {32, 8}, 12, 0)), "those of type Q4_K are whole blocks of 256"},
      {with_tensor(tensor("t", {}, 2, 0)), "tensor 't' has rows of 1 elements; those of type Q4_0"},
      {with_tensor(tensor("t", {1ULL << 32, 1ULL << 32}, 24, 0)), "tensor 't' has a shape whose bytes"},
      {with_tensor(tensor("t", {1ULL << 62}, 0, 0)), "tensor 't' has a shape whose bytes"},
      {with_tensor(tensor("t", {UINT64_MAX}, 24, 0)), "tensor 't' ends at byte 18446744073709551615 of the data"},
      {with_tensor(tensor("t", {17}, 0, 0)),
       "tensor 't' ends at byte 68 of the data, of which the file has 64: the file"},
      {with_tensor(tensor("t", {16}, 0, 32)), "tensor 't' begins at byte 32 of the data and not at 0"},
      {with_tensor(tensor("t", {16}, 0, UINT64_MAX)), "tensor 't' begins at byte 18446744073709551615 of the data"},
      {gguf({.tensors = {tensor("t", {2}, 0, 0), tensor("u", {2}, 0, 8)}, .data_bytes = 64}),
       "tensor 'u' begins at byte 8 of the data and not at 32: tensors follow one another, padded to 32 bytes"},
      {gguf({.tensors = {tensor("t", {2}, 0, 0), tensor("u", {2}, 0, 0)}, .data_bytes = 64}),
       "tensor 'u' begins at byte 0 of the data and not at 32"},
      {gguf({.tensors = {tensor("t", {2}, 0, 0), tensor("u", {2}, 0, 64)}, .data_bytes = 96}),
       "tensor 'u' begins at byte 64 of the data and not at 32"},
      {gguf({.tensors = {tensor("t", {2}, 99, 0), tensor("u", {2}, 0, 40)}, .data_bytes = 64}),
       "tensor 'u' begins at byte 40 of the data, which is no multiple of 32"},
      {gguf({.tensors = {tensor("t", {2}, 99, 0), tensor("u", {2}, 99, 96)}, .data_bytes = 64}),
       "tensor 'u' begins at byte 96 of the data, of which the file has 64"},
      {gguf({.tensors = {tensor("t", {2}, 99, 0), tensor("u", {2}, 0, UINT64_MAX - 31)}, .data_bytes = 64}),
       "tensor 'u' begins at byte 18446744073709551584 of the data, of which the file has 64"},
      {gguf({.tensors = {tensor("t", {0}, 0, 0), tensor("t", {0}, 0, 0)}}), "it has the tensor 't' twice"},
      {gguf({.pairs = {pair("general.alignment", 4, u32(1U << 31))}, .tensors = {tensor("t", {0}, 0, 0)}}),
       "before the data of its tensors"},
  };
  for (const Refused& refused : cases) {
    const auto found = read(refused.file);
    REQUIRE_MESSAGE(!found.ok(), refused.reason);
    CHECK(found.error().code == refused.code);
    CHECK(found.error().message.starts_with("t.gguf"));
    CHECK_MESSAGE(found.error().message.find(refused.reason) != std::string::npos, found.error().message, " / ",
                  refused.reason);
  }
}

TEST_CASE("what a file says of itself is printable in a sentence, and short") {
  const auto found = read(with_pair(pair("k\n\x1B" + std::string(5000, 'k'), 77, "")));
  REQUIRE(!found.ok());
  CHECK(found.error().message.find('\n') == std::string::npos);
  CHECK(found.error().message.find("\\x0a\\x1b") != std::string::npos);
  CHECK(found.error().message.find("types are 0 to 12") != std::string::npos);
  CHECK(found.error().message.size() < 300);
}

TEST_CASE("a damaged file is refused or read, and never more than that") {
  const auto read_bytes = [](std::span<const std::byte> bytes) { return read(bytes); };
  test::survive_damage(small_model(3), read_bytes);
  test::survive_damage(gguf({.pairs = all_pairs()}), read_bytes);
}

TEST_CASE("a real vocabulary without tensors is read") {
  const std::string file = test::read_file(test::data_file("gguf/ggml-vocab-bert-bge.gguf"));
  REQUIRE(file.size() == 627549);
  const auto found = read(file);
  REQUIRE_MESSAGE(found.ok(), found.error().message);
  CHECK(found->what == "a GGUF model (architecture bert)");
  CHECK(found->tensors.empty());
  CHECK(found->keys.empty());
  REQUIRE(found->notes.size() == 1);
  CHECK(found->notes[0] ==
        "its 30522 tokens are left out: it has no tensor token_embd.weight whose rows they would name");
}

TEST_CASE("a real vocabulary with a table put behind it names its rows") {
  std::string file = test::read_file(test::data_file("gguf/ggml-vocab-bert-bge.gguf"));
  file.replace(8, 8, u64(1));
  file += tensor("token_embd.weight", {32, 30522}, 8, 0);
  file.resize((file.size() + 31) / 32 * 32);
  const std::uint64_t data_begin = file.size();
  file.resize(data_begin + 30522 * 34);
  const auto found = read(file);
  REQUIRE_MESSAGE(found.ok(), found.error().message);
  CHECK(found->notes.empty());
  CHECK(found->tensors[0].offset == data_begin);
  CHECK(found->tensors[0].shape == Shape{30522, 32});
  REQUIRE(found->keys.size() == 30522);
  CHECK(found->keys[0] == "[PAD]");
  CHECK(found->keys[2] == "[unused1]");
  CHECK(found->keys[30521] == "\xEF\xBD\x9E");
}
