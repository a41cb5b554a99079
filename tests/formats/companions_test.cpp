// Codes and what scales them, which stands in tensors beside them: multiplied, or refused by both names.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/support/error.hpp"
#include "rowan/import.hpp"
#include "rowan/table.hpp"
#include "simd/scalar.hpp"
#include "tests/formats/samples.hpp"
#include "tests/native/samples.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
using namespace rowan::test;
using detail::concat;

namespace {

std::string bf16(float value) { return u16(simd::encode_bf16(value)); }
std::string codes(std::size_t count, std::uint8_t first = 0x30) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>(first + i % 16);
  return bytes;
}
float e4m3(char code) {
  float value = 0;
  simd::decode_row(simd::Element::f8_e4m3, reinterpret_cast<const std::byte*>(&code), 1, &value);
  return value;
}

struct Converted {
  TemporaryFolder folder;
  Result<ConvertReport> report = detail::make_error(Code::not_found, "nothing yet");
  std::vector<float> values;
};

void convert_into(Converted& done, std::string_view bytes, std::string_view config = {}) {
  write_file(done.folder / "m.safetensors", bytes);
  if (!config.empty()) write_file(done.folder / "config.json", config);
  done.report = convert(done.folder / "m.safetensors", done.folder / "t", {.overwrite = true});
  if (!done.report) return;
  const auto table = Table::open(done.folder / "t");
  REQUIRE(table.ok());
  const auto* const rows = reinterpret_cast<const float*>(table->view().data());
  done.values.assign(rows, rows + table->rows() * table->dim());
}

/// Values that opening must not give, because codes are no values.
void check_not_mapped(const Converted& done, std::string_view why) {
  const auto opened = Table::open(done.folder / "m.safetensors");
  REQUIRE_FALSE(opened.ok());
  CHECK_MESSAGE(opened.error().message.find(why) != std::string::npos, opened.error().message);
}

}  // namespace

TEST_CASE("one scale for all codes of F8_E4M3") {
  for (const std::string_view shape : {"[1]", "[]", "[1,1]"}) {
    Converted done;
    const std::string bytes = codes(4);
    convert_into(done,
                 file_of({{"a.weight", "F8_E4M3", "[2,2]", bytes}, {"a.weight_scale", "BF16", shape, bf16(0.375F)}}));
    REQUIRE_MESSAGE(done.report.ok(), done.report.error().message);
    for (std::size_t i = 0; i < 4; ++i) CHECK(done.values[i] == e4m3(bytes[i]) * 0.375F);
    check_not_mapped(done, "its codes are scaled by 'a.weight_scale'");
    CHECK(Table::open(done.folder / "m.safetensors").error().code == Code::needs_conversion);
  }
  // Shards have theirs in common.
  Converted done;
  const std::string bytes = codes(4);
  convert_into(done,
               file_of({{"n.shard_0.weight", "F8_E4M3", "[2,2]", bytes}, {"n.weight_scale", "F32", "[1]", raw(2.0F)}}));
  REQUIRE_MESSAGE(done.report.ok(), done.report.error().message);
  CHECK(done.values[3] == e4m3(bytes[3]) * 2);
}

TEST_CASE("an exponent for each 32 columns") {
  for (const std::string_view type : {"F8_E8M0", "U8"}) {
    Converted done;
    const std::string bytes = codes(128);
    const std::string scales = "\x7F\x80\x00\xFF"s;  // 1, 2; 2^-127, NaN
    convert_into(done, file_of({{"e.weight", "F8_E4M3", "[2,64]", bytes}, {"e.scale", type, "[2,2]", scales}}));
    REQUIRE_MESSAGE(done.report.ok(), done.report.error().message);
    for (std::size_t i = 0; i < 128; ++i) {
      CAPTURE(i);
      const float code = e4m3(bytes[i]);
      if (i < 32) CHECK(done.values[i] == code);
      if (i >= 32 && i < 64) CHECK(done.values[i] == 2 * code);
      if (i >= 64 && i < 96) CHECK(done.values[i] == static_cast<float>(double{code} * std::ldexp(1.0, -127)));
      if (i >= 96) CHECK(std::isnan(done.values[i]));
    }
    check_not_mapped(done, "its codes are scaled by 'e.scale'");
  }
}

TEST_CASE("packed codes with a scale and a bias for each group") {
  std::string packed;
  for (std::uint64_t word = 0; word < 8; ++word) packed += u32(0x76543210 + word);  // 2 rows of 4 words
  const auto model = [&](std::string_view groups, const std::string& scales) {
    return file_of({{"q.weight", "U32", "[2,4]", packed},
                    {"q.scales", "BF16", groups, scales},
                    {"q.biases", "BF16", groups, scales}});
  };
  const auto code = [&](std::size_t i, std::uint32_t bits) {
    const std::size_t bit = i * bits;
    return static_cast<float>((static_cast<std::uint8_t>(packed[bit / 8]) >> bit % 8) & ((1U << bits) - 1));
  };
  Converted done;  // four bits in groups of 32, where nothing else is said
  convert_into(done, model("[2,1]", bf16(0.5F) + bf16(-2)));
  REQUIRE_MESSAGE(done.report.ok(), done.report.error().message);
  REQUIRE(done.values.size() == 64);
  for (std::size_t i = 0; i < 64; ++i) {
    CHECK(done.values[i] == (i < 32 ? 0.5F * code(i, 4) + 0.5F : -2 * code(i, 4) - 2));
  }
  check_not_mapped(done, "its codes are scaled by 'q.biases' and 'q.scales'");
  Converted eight;
  convert_into(eight, model("[2,1]", bf16(0.5F) + bf16(-2)), R"({"quantization":{"bits":8,"group_size":16}})");
  REQUIRE_MESSAGE(eight.report.ok(), eight.report.error().message);
  REQUIRE(eight.values.size() == 32);
  for (std::size_t i = 0; i < 16; ++i) CHECK(eight.values[i] == 0.5F * code(i, 8) + 0.5F);
  Converted wrong;  // the configuration is of another layout
  convert_into(wrong, model("[2,1]", bf16(1) + bf16(1)), R"({"quantization":{"bits":4,"group_size":64}})");
  CHECK(wrong.report.error().message.find("'q.biases' and 'q.scales'") != std::string::npos);
}

TEST_CASE("scales in a layout that is not known refuse their codes by both names") {
  const std::string f32 = raw(1.0F);
  const std::vector<Part> refused[] = {
      {{"a.weight", "F8_E4M3", "[2,2]", codes(4)}, {"a.weight_scale_inv", "F32", "[1,1]", f32}},
      {{"a.weight", "F8_E4M3", "[2,2]", codes(4)}, {"a.weight_scale", "F32", "[2]", f32 + f32}},
      {{"a.weight", "F8_E5M2", "[2,2]", codes(4)}, {"a.weight_scale", "F32", "[1]", f32}},
      {{"a.weight", "F8_E4M3", "[2,2]", codes(4)}, {"a.scale", "F8_E8M0", "[2,1]", "\x7F\x7F"}},
      {{"a.weight", "I8", "[2,2]", codes(4)}, {"a.weight_scale", "F32", "[1]", f32}},
      {{"a.weight", "I8", "[2,2]", codes(4)}, {"a.SCB", "F32", "[2]", f32 + f32}},
      {{"a.weight", "U8", "[2,2]", codes(4)}, {"a.weight.absmax", "F32", "[1]", f32}},
      {{"a.qweight", "I32", "[2,2]", codes(16)}, {"a.scales", "F16", "[2]", "\0\x3C\0\x3C"s}},
      {{"a.weight", "U32", "[2,4]", codes(32)}, {"a.scales", "BF16", "[2,1]", bf16(1) + bf16(1)}},
      {{"a.weight", "U32", "[2,4]", codes(32)},
       {"a.scales", "BF16", "[2,3]", codes(12)},
       {"a.biases", "BF16", "[2,3]", codes(12)}},
  };
  for (const std::vector<Part>& parts : refused) {
    CAPTURE(parts[1].name);
    Converted done;
    convert_into(done, file_of(parts));
    REQUIRE_FALSE(done.report.ok());
    CHECK(done.report.error().code == Code::format_unsupported);
    CHECK(done.report.error().message.find(concat("'", parts[0].name, "'")) != std::string::npos);
    CHECK(done.report.error().message.find(concat("'", parts[1].name, "'")) != std::string::npos);
    check_not_mapped(done, parts[1].name);
    const std::string named(parts[0].name);  // nor for whoever names it
    CHECK_FALSE(Table::open(done.folder / "m.safetensors", named).ok());
    CHECK_FALSE(convert(done.folder / "m.safetensors", done.folder / "t", {.table = named}).ok());
    const auto info = inspect(done.folder / "m.safetensors");
    REQUIRE(info.ok());
    CHECK(info->tensors[0].why_not_mapped.find(parts[1].name) != std::string::npos);
  }
  // What is no code has no scales: a layer's own.
  Converted plain;
  convert_into(plain, file_of({{"a.weight", "F32", "[1,2]", f32 + f32}, {"a.weight_scale", "F32", "[1]", f32}}));
  CHECK(plain.report.ok());
}
