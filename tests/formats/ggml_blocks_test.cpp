// Every quantised type of ggml against values that were computed by another program.
#include "engine/formats/ggml_blocks.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using rowan::detail::block_size;
using rowan::detail::BlockSize;
using rowan::detail::decode_blocks;
using rowan::detail::Encoding;

namespace {

struct Case {
  Encoding encoding;
  std::string_view block;
  std::string_view values;
};
constexpr Case cases[] = {
#include "tests/formats/ggml_blocks.inc"
};

std::string from_hexadecimal(std::string_view digits) {
  const auto value = [](char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes += static_cast<char>(value(digits[i]) * 16 + value(digits[i + 1]));
  }
  return bytes;
}

/// The values of a row, which is read at that distance from an aligned place and ends where memory ends.
std::string decoded(Encoding encoding, std::string_view row, std::size_t distance) {
  const auto memory = std::make_unique<std::byte[]>(row.size() + distance);
  std::memcpy(memory.get() + distance, row.data(), row.size());
  const BlockSize block = block_size(encoding);
  std::vector<float> values(row.size() / block.bytes * block.elements);
  decode_blocks(encoding, memory.get() + distance, values.size(), values.data());
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

}  // namespace

TEST_CASE("blocks have the sizes that ggml gives them") {
  CHECK(block_size(Encoding::f32) == BlockSize{1, 4});
  CHECK(block_size(Encoding::f16) == BlockSize{1, 2});
  CHECK(block_size(Encoding::bf16) == BlockSize{1, 2});
  CHECK(block_size(Encoding::f8_e4m3) == BlockSize{1, 1});
  CHECK(block_size(Encoding::f8_e5m2) == BlockSize{1, 1});
  CHECK(block_size(Encoding::f64) == BlockSize{1, 8});
  CHECK(block_size(Encoding::i8) == BlockSize{1, 1});
  CHECK(block_size(Encoding::q4_0) == BlockSize{32, 18});
  CHECK(block_size(Encoding::q4_1) == BlockSize{32, 20});
  CHECK(block_size(Encoding::q5_0) == BlockSize{32, 22});
  CHECK(block_size(Encoding::q5_1) == BlockSize{32, 24});
  CHECK(block_size(Encoding::q8_0) == BlockSize{32, 34});
  CHECK(block_size(Encoding::q4_k) == BlockSize{256, 144});
  CHECK(block_size(Encoding::q5_k) == BlockSize{256, 176});
  CHECK(block_size(Encoding::q6_k) == BlockSize{256, 210});
  CHECK(block_size(Encoding::product) == BlockSize{0, 0});
  CHECK(block_size(Encoding::other) == BlockSize{0, 0});
}

TEST_CASE("a block has the values that were computed independently, bit by bit, at any alignment") {
  for (const Case& expected : cases) {
    const std::string block = from_hexadecimal(expected.block);
    REQUIRE(block.size() == block_size(expected.encoding).bytes);
    REQUIRE(expected.values.size() == block_size(expected.encoding).elements * 8);
    for (std::size_t distance = 0; distance < 4; ++distance) {
      const bool same = decoded(expected.encoding, block, distance) == from_hexadecimal(expected.values);
      CHECK_MESSAGE(same, "encoding ", static_cast<int>(expected.encoding), ", block ", expected.block);
    }
  }
}

TEST_CASE("a row has the values of its blocks, one behind the other") {
  std::map<Encoding, std::pair<std::string, std::string>> rows;
  for (const Case& expected : cases) {
    rows[expected.encoding].first += from_hexadecimal(expected.block);
    rows[expected.encoding].second += from_hexadecimal(expected.values);
  }
  CHECK(rows.size() == 8);
  for (const auto& row : rows) {
    const auto& [blocks, values] = row.second;
    CHECK_MESSAGE(decoded(row.first, blocks, 1) == values, "encoding ", static_cast<int>(row.first));
  }
}

TEST_CASE("a row of no blocks has no values") { decode_blocks(Encoding::q4_0, nullptr, 0, nullptr); }

TEST_CASE("a few values by hand") {
  // 1.5 = 0x3E00; codes 8 everywhere but in byte 0, which holds those of elements 0 and 16.
  std::string block = std::string("\x00\x3E", 2) + std::string(16, '\x88');
  block[2] = '\x0F';
  float values[32];
  decode_blocks(Encoding::q4_0, reinterpret_cast<const std::byte*>(block.data()), 32, values);
  CHECK(values[0] == 10.5F);
  CHECK(values[16] == -12.0F);
  CHECK(values[1] == 0.0F);
  CHECK(values[31] == 0.0F);
}
