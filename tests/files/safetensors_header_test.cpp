// Every way in which a header can be wrong is refused, and the sentence says which it was.
#include "engine/files/safetensors_header.hpp"

#include <doctest/doctest.h>

#include <chrono>

#include "engine/support/error.hpp"
#include "rowan/table.hpp"
#include "tests/native/samples.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
using detail::concat;
using test::safetensors_file;
using namespace std::literals;

namespace {

Result<detail::Header> parse(const std::string& file) {
  return detail::Header::parse(detail::as_bytes(file), "t.safetensors");
}

struct Refused {
  std::string json;
  std::size_t data_bytes;
  std::string_view reason;
};

/// One tensor "a" with these fields.
std::string tensor(std::string_view dtype, std::string_view shape, std::string_view offsets) {
  return concat("{\"a\":{\"dtype\":\"", dtype, "\",\"shape\":", shape, ",\"data_offsets\":", offsets, "}}");
}

constexpr std::string_view u64_max = "18446744073709551615";

}  // namespace

TEST_CASE("headers that other writers make are read") {
  const auto header = parse(safetensors_file(
      R"({"b":{"data_offsets":[4,12],"dtype":"F16","shape":[2,2]}, "scalar":{"shape":[],"dtype":"F32","data_offsets":[0,4]},
          "empty":{"dtype":"I64","shape":[0,18446744073709551615,7],"data_offsets":[4,4]},
          "__metadata__":{"x":"1","\u00e9":"\"y\""} }   )",
      std::string(12, 'x')));
  REQUIRE_MESSAGE(header.ok(), header.error().message);
  REQUIRE(header->tensors().size() == 3);
  CHECK(header->tensors()[0].name == "scalar");
  CHECK(header->tensors()[1].name == "empty");
  REQUIRE(header->find("b") != nullptr);
  CHECK(header->find("b")->shape == std::vector<std::uint64_t>{2, 2});
  CHECK(header->find("c") == nullptr);
  CHECK(header->metadata("\xC3\xA9") == "\"y\"");
  CHECK(!header->metadata("y"));
  CHECK(parse(safetensors_file("{}", "")).ok());
}

TEST_CASE("a damaged header is refused by its reason") {
  const std::string a = R"("a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
  const std::string_view max = u64_max;
  const Refused cases[] = {
      {"[]", 0, "does not start with '{'"},
      {" {}", 0, "does not start with '{'"},
      {"", 0, "does not start with '{'"},
      {"{", 0, "is not JSON at byte"},
      {"{}}", 0, "is not JSON at byte"},
      {"{} x", 0, "is not JSON at byte"},
      {"{\"a\"}", 0, "is not JSON at byte"},
      {"{\"\xFF\":{}}", 0, "is not JSON at byte"},
      {"{\"a\":1}", 0, "a number stands"},
      {"{\"a\":null}", 0, "null stands"},
      {"{\"a\":true}", 0, "a boolean stands"},
      {"{\"a\":\"x\"}", 0, "a string stands"},
      {"{\"a\":[]}", 0, "an array stands"},
      {"{\"a\":{}}", 0, "lacks one of"},
      {"{\"__metadata__\":[]}", 0, "an array stands"},
      {"{\"__metadata__\":{\"k\":1}}", 0, "a number stands"},
      {"{\"__metadata__\":{\"k\":{}}}", 0, "an object stands"},
      {"{\"__metadata__\":{\"k\":\"1\",\"k\":\"1\"}}", 0, "the key 'k' twice"},
      {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__ occurs twice"},
      {concat("{", a, ",", a, "}"), 4, "begins at byte 0"},
      {R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})",
       0, "the tensor 'a' twice"},
      {R"({"a":{"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 4, "has dtype twice"},
      {R"({"a":{"dtype":"U8","shape":[4],"shape":[4],"data_offsets":[0,4]}})", 4, "has shape twice"},
      {R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"data_offsets":[0,4]}})", 4, "has data_offsets twice"},
      {R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"more":1}})", 4, "unknown field 'more'"},
      {R"({"a":{"shape":[4],"data_offsets":[0,4]}})", 4, "lacks one of"},
      {R"({"a":{"dtype":"U8","data_offsets":[0,4]}})", 4, "lacks one of"},
      {R"({"a":{"dtype":"U8","shape":[4]}})", 4, "lacks one of"},
      {tensor("Q7", "[4]", "[0,4]"), 4, "unknown dtype 'Q7'"},
      {tensor("", "[4]", "[0,4]"), 4, "unknown dtype ''"},
      {tensor("U8", "4", "[0,4]"), 4, "a number stands"},
      {tensor("U8", "[[4]]", "[0,4]"), 4, "an array stands"},
      {tensor("U8", "[\"4\"]", "[0,4]"), 4, "a string stands"},
      {tensor("U8", "[4.0]", "[0,4]"), 4, "not an unsigned 64-bit integer"},
      {tensor("U8", "[-4]", "[0,4]"), 4, "is negative"},
      {tensor("U8", "[18446744073709551616]", "[0,4]"), 4, "not an unsigned 64-bit integer"},
      {tensor("U8", "[4]", "[0]"), 4, "has not two data_offsets"},
      {tensor("U8", "[4]", "[]"), 4, "has not two data_offsets"},
      {tensor("U8", "[4]", "[0,4,4]"), 4, "a number stands"},
      {tensor("U8", "[4]", "[4,0]"), 4, "ends before"},
      {tensor("U8", "[5]", "[0,4]"), 4, "contradict"},
      {tensor("U16", "[4]", "[0,4]"), 4, "contradict"},
      {tensor("U8", "[]", "[0,4]"), 4, "contradict"},
      {tensor("F4", "[7]", "[0,4]"), 4, "contradict"},
      {tensor("U8", concat("[", max, "]"), "[0,4]"), 4, "contradict"},
      {tensor("U8", concat("[", max, ",", max, "]"), "[0,4]"), 4, "contradict"},
      {tensor("F32", "[4611686018427387905]", "[0,4]"), 4, "contradict"},  // times 4 is 4, modulo 2^64
      {tensor("U8", "[4294967296,4294967296]", "[0,0]"), 0, "contradict"},
      {tensor("U8", concat("[", max, "]"), concat("[0,", max, "]")), 4, "contradict"},  // more bits than 64 can count
      {tensor("U8", "[4]", concat("[", max, ",", max, "]")), 4, "contradict"},
      {tensor("U8", "[2305843009213693951]", "[0,2305843009213693951]"), 4, "cut short"},
      {tensor("U8", "[4]", "[1,5]"), 5, "begins at byte 1"},
      {tensor("U8", "[4]", "[0,4]"), 3, "cut short"},
      {tensor("U8", "[4]", "[0,4]"), 5, "something was appended"},
      {"{}", 1, "something was appended"},
      {concat("{", a, R"(,"b":{"dtype":"U8","shape":[4],"data_offsets":[5,9]}})"), 9, "tensor 'b' begins at byte 5"},
      {concat("{", a, R"(,"b":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}})"), 7, "tensor 'b' begins at byte 3"},
      {concat("{", a, R"(,"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})"), 4, "begins at byte 0"},
  };
  for (const Refused& one : cases) {
    CAPTURE(one.json);
    const auto header = parse(safetensors_file(one.json, std::string(one.data_bytes, '\0')));
    CHECK(!header.ok());
    if (header.ok()) continue;
    CAPTURE(header.error().message);
    CHECK(header.error().code == Code::malformed_file);
    CHECK(header.error().message.starts_with("t.safetensors: "));
    CHECK(header.error().message.find(one.reason) != std::string::npos);
  }
}

TEST_CASE("extreme sizes and offsets are refused") {
  constexpr std::string_view extremes[] = {
      "0",          "1",          "2147483647",          "2147483648",          "2147483649",          "4294967295",
      "4294967296", "4294967297", "9223372036854775807", "9223372036854775808", "9223372036854775809", u64_max};
  std::size_t accepted = 0;
  for (const std::string_view x : extremes) {
    for (const std::string_view y : extremes) {
      const std::string pair = concat("[", x, ",", y, "]");
      for (const std::string_view dtype : {"U8", "F32", "U64"}) {
        // The only valid ones: an empty tensor, and none of the others has its bytes.
        accepted += parse(safetensors_file(tensor(dtype, pair, "[0,4]"), "")).ok();
        accepted += parse(safetensors_file(tensor(dtype, "[4]", pair), "")).ok();
        accepted += parse(safetensors_file(tensor(dtype, pair, pair), "")).ok() && pair != "[0,0]";
      }
    }
  }
  CHECK(accepted == 0);
}

TEST_CASE("the length of the header is checked before anything else") {
  for (const std::uint64_t length :
       {std::uint64_t{1}, std::uint64_t{73}, std::uint64_t{100'000'000}, std::uint64_t{100'000'001},
        std::uint64_t{1} << 35, std::uint64_t{1} << 63, UINT64_MAX - 7, UINT64_MAX}) {
    std::string file = safetensors_file("{}"s + std::string(70, ' '), "");
    REQUIRE(file.size() == 80);
    std::memcpy(file.data(), &length, 8);
    CHECK(!parse(file).ok());
  }
  for (std::size_t size = 0; size < 8; ++size) CHECK(!parse(std::string(size, '\0')).ok());
}

TEST_CASE("a file of 80 bytes that claims 32 GB is refused at once") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "claim.safetensors";
  const std::string json = R"({"w.weight":{"dtype":"F32","shape":[8000000000,1],"data_offsets":[0,32000000000]}})";
  const auto start = std::chrono::steady_clock::now();
  for (const std::string& file : {safetensors_file(json, ""), safetensors_file(json, "").substr(0, 80)}) {
    test::write_file(path, file);
    const auto table = Table::open(path);
    REQUIRE(!table.ok());
    CHECK(table.error().code == Code::malformed_file);
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
}

TEST_CASE("a hostile depth of JSON is refused without recursion") {
  CHECK(!parse(safetensors_file("{\"a\":{\"shape\":"s + std::string(1'000'000, '['), "")).ok());
  CHECK(!parse(safetensors_file("{\"a\":"s + std::string(1'000'000, '{'), "")).ok());
}

TEST_CASE("what was serialised is parsed") {
  const std::vector<std::pair<std::string, std::string>> metadata = {{"k\"\n", "v\xC3\xA9"}};
  const std::vector<detail::Tensor> tensors = {{"a\\b", "F32", {1, 2}, 0, 8}, {"z", "U8", {3}, 8, 11}};
  const std::string header = detail::serialise(metadata, tensors);
  for (const std::size_t size : {header.size(), header.size() + 1, std::size_t{4096}}) {
    const auto parsed = parse(detail::pad_header(header, size) + std::string(11, 'x'));
    REQUIRE_MESSAGE(parsed.ok(), parsed.error().message);
    CHECK(parsed->data_begin() == size);
    REQUIRE(parsed->tensors().size() == 2);
    CHECK(parsed->tensors()[0].name == "a\\b");
    CHECK(parsed->tensors()[1].end == 11);
    CHECK(parsed->metadata("k\"\n") == "v\xC3\xA9");
  }
}
