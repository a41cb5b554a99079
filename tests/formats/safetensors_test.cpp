// Safetensors files of others: every type, tensors at every alignment, and real files. What a header may not be is
// tested where it is parsed, in tests/files/safetensors_header_test.cpp.
#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "engine/formats/registry.hpp"
#include "engine/support/error.hpp"
#include "tests/formats/damaged.hpp"
#include "tests/native/samples.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
using namespace std::literals;
using detail::concat;
using detail::Encoding;
using detail::FoundFile;
using detail::FoundTensor;
using test::safetensors_file;
using Shape = std::vector<std::uint64_t>;

namespace {

Result<FoundFile> read(std::span<const std::byte> file) {
  return detail::safetensors_format.read(file, "t.safetensors");
}
Result<FoundFile> read(std::string_view file) { return read(detail::as_bytes(file)); }

Result<FoundFile> read_real(std::string_view name) { return read(test::read_file(test::data_file(name))); }

const FoundTensor& named(const FoundFile& found, std::string_view name) {
  for (const FoundTensor& tensor : found.tensors) {
    if (tensor.name == name) return tensor;
  }
  FAIL("there is no tensor ", name);
  return found.tensors.front();
}

struct TypeCase {
  std::string_view name;
  Encoding encoding;
  std::uint64_t bytes;  ///< of a tensor [2, 4]
};
constexpr TypeCase type_cases[] = {
    {"F32", Encoding::f32, 32},      {"F16", Encoding::f16, 16},        {"BF16", Encoding::bf16, 16},
    {"F64", Encoding::f64, 64},      {"I8", Encoding::i8, 8},           {"F8_E4M3", Encoding::f8_e4m3, 8},
    {"U8", Encoding::other, 8},      {"F8_E5M2", Encoding::f8_e5m2, 8}, {"BOOL", Encoding::other, 8},
    {"I16", Encoding::other, 16},    {"U16", Encoding::other, 16},      {"I32", Encoding::other, 32},
    {"U32", Encoding::other, 32},    {"I64", Encoding::other, 64},      {"U64", Encoding::other, 64},
    {"F4", Encoding::other, 4},      {"F6_E2M3", Encoding::other, 6},   {"F6_E3M2", Encoding::other, 6},
    {"F8_E8M0", Encoding::other, 8}, {"C64", Encoding::other, 64},
};

}  // namespace

TEST_CASE("tensors of every type are found where they lie") {
  std::string json = R"({"__metadata__":{"format":"pt"})";
  std::uint64_t end = 0;
  for (const TypeCase& type : type_cases) {
    json += concat(",\"a.", type.name, R"(":{"dtype":")", type.name, R"(","shape":[2,4],"data_offsets":[)", end, ",",
                   end + type.bytes, "]}");
    end += type.bytes;
  }
  const std::string file = safetensors_file(json + "}", std::string(end, 'x'));
  const auto found = read(file);
  REQUIRE_MESSAGE(found.ok(), found.error().message);
  CHECK(found->what == "a safetensors file");
  CHECK(found->table.empty());
  CHECK(found->keys.empty());
  CHECK(found->keys_owner == nullptr);
  CHECK(found->rows_of_keys.empty());
  CHECK(found->weights_of_keys.empty());
  CHECK(found->notes.empty());
  REQUIRE(found->tensors.size() == std::size(type_cases));
  std::uint64_t offset = file.size() - end;
  for (std::size_t i = 0; i < found->tensors.size(); ++i) {
    const FoundTensor& tensor = found->tensors[i];
    CHECK(tensor.name == concat("a.", type_cases[i].name));
    CHECK(tensor.type == type_cases[i].name);
    CHECK(tensor.encoding == type_cases[i].encoding);
    CHECK(tensor.shape == Shape{2, 4});
    CHECK(tensor.strides.empty());
    CHECK_FALSE(tensor.big_endian);
    CHECK(tensor.offset == offset);
    CHECK_FALSE(tensor.deflated);
    CHECK_FALSE(tensor.product);
    offset += type_cases[i].bytes;
  }
}

TEST_CASE("data begins at any byte, and so do tensors") {
  const std::string json =
      R"({"odd":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"BF16","shape":[1,2],"data_offsets":[1,5]}})";
  const std::string data = "\x01\x80\x3F\x00\xC0"s;
  for (std::size_t begin = 128; begin < 192; ++begin) {  // the real ones begin at 8, 16, 24, 40 and 56 mod 64
    const std::string file = safetensors_file(json, data, begin);
    const auto found = read(file);
    REQUIRE_MESSAGE(found.ok(), found.error().message);
    CHECK(named(*found, "odd").offset == begin);
    CHECK(named(*found, "b").offset == begin + 1);
    CHECK(file.substr(begin + 1) == "\x80\x3F\x00\xC0"sv);  // 1 and -2
  }
}

TEST_CASE("empty tensors and those of rank 0 are found") {
  const auto found = read(safetensors_file(
      R"({"empty":{"dtype":"F32","shape":[3,0],"data_offsets":[0,0]},"one":{"dtype":"BF16","shape":[],"data_offsets":[0,2]}})",
      "\x80\x3F"));
  REQUIRE_MESSAGE(found.ok(), found.error().message);
  CHECK(named(*found, "empty").shape == Shape{3, 0});
  CHECK(named(*found, "one").shape.empty());
  CHECK(read(safetensors_file("{}", ""))->tensors.empty());
}

TEST_CASE("what the header refuses is refused, by its path and reason") {
  struct Refused {
    std::string file;
    std::string_view reason;
  };
  const Refused cases[] = {
      {"", "t.safetensors: the safetensors header is refused: the file has 0 bytes"},
      {safetensors_file("[]", ""), "does not start with '{'"},
      {"\0\0\0\0\2\0\0\0{}"s, "claims 8589934592 bytes"},
      {safetensors_file(R"({"a":{"dtype":"F32","shape":[8589934592],"data_offsets":[0,34359738368]}})", ""),
       "cut short"},
      {safetensors_file(R"({"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}})", "1234"), "unknown dtype 'F99'"},
  };
  for (const Refused& refused : cases) {
    const auto found = read(refused.file);
    REQUIRE_MESSAGE(!found.ok(), refused.reason);
    CHECK(found.error().code == Code::malformed_file);
    CHECK_MESSAGE(found.error().message.find(refused.reason) != std::string::npos, found.error().message);
  }
}

TEST_CASE("a damaged file is refused or read, and never more than that") {
  const std::string file = safetensors_file(
      R"({"__metadata__":{"a":"b"},"t":{"dtype":"F16","shape":[2,2],"data_offsets":[0,8]}})", "12345678");
  test::survive_damage(file, [](std::span<const std::byte> bytes) { return read(bytes); });
}

TEST_CASE("real files are read") {
  const auto mnist = read_real("safetensors/mnist.safetensors");
  REQUIRE_MESSAGE(mnist.ok(), mnist.error().message);
  CHECK(mnist->tensors.size() == 20);
  CHECK(named(*mnist, "norm1.num_batches_tracked").shape.empty());
  CHECK(named(*mnist, "norm1.num_batches_tracked").encoding == Encoding::other);
  CHECK(named(*mnist, "norm1.num_batches_tracked").offset % 64 == 56);
  CHECK(named(*mnist, "conv2.weight").shape == Shape{16, 8, 3, 3});
  CHECK(named(*mnist, "conv2.weight").encoding == Encoding::f32);

  const auto layers = read_real("safetensors/multi_layer.safetensors");
  REQUIRE_MESSAGE(layers.ok(), layers.error().message);
  CHECK(layers->tensors.size() == 9);
  CHECK(named(*layers, "norm1.num_batches_tracked").offset % 64 == 16);
  CHECK(named(*layers, "fc1.weight").shape == Shape{16, 256});
  CHECK(named(*layers, "fc1.weight").offset == 17624 - 16968 + 520);
}
