// Tables in other libraries' formats: read back by Rowan's own readers, and compared with bytes written by hand.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "engine/support/element.hpp"
#include "rowan/export_table.hpp"
#include "rowan/file.hpp"
#include "rowan/import.hpp"
#include "simd/scalar.hpp"
#include "tests/support/files.hpp"
#include "tests/support/random_tables.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr TargetFormat every_format[] = {TargetFormat::word2vec_text, TargetFormat::word2vec_binary, TargetFormat::npy,
                                         TargetFormat::safetensors};
constexpr DType every_type[] = {DType::f32,     DType::f16, DType::bf16, DType::f8_e4m3,
                                DType::f8_e5m2, DType::i8,  DType::i4,   DType::i2};

/// A table in a file of its own, with padded rows.
Table keyed_table(const std::string& path, DType dtype, const std::vector<std::string_view>& keys, std::uint64_t dim) {
  auto writer = TableWriter::create(path, {{.dim = dim, .dtype = dtype, .keys = KeyKind::bytes, .pad_rows = true}},
                                    {.overwrite = true});
  REQUIRE(writer.ok());
  Random random(7);
  std::vector<float> values(keys.size() * dim);
  for (float& value : values) value = small_float(random);
  REQUIRE(writer->append(0, values, keys).ok());
  REQUIRE(writer->publish().ok());
  return Table::open(path).value();
}

std::vector<float> values_of(const Table& table) {
  std::vector<float> values(table.rows() * table.dim());
  for (std::uint64_t row = 0; row < table.rows(); ++row) {
    simd::decode_row(detail::element_of(table.dtype()), table.view().data() + row * table.row_stride(), table.dim(),
                     values.data() + row * table.dim());
  }
  return values;
}

std::string exported(const Table& table, const std::string& path, TargetFormat format) {
  const auto written = export_table(table, path, format, {.overwrite = true});
  REQUIRE_MESSAGE(written.ok(), written.error().message);
  return read_file(path);
}

}  // namespace

TEST_CASE("what is written, byte for byte") {
  const TemporaryFolder folder;
  auto writer = TableWriter::create(folder / "t", {{.dim = 2, .keys = KeyKind::bytes}});
  REQUIRE(writer.ok());
  const std::vector<float> values = {1.0F, -0.5F, 0.1F, 1e-45F};
  const std::vector<std::string_view> keys = {"king", "\xFFqueen"};
  REQUIRE(writer->append(0, values, keys).ok());
  REQUIRE(writer->publish().ok());
  const Table table = Table::open(folder / "t").value();
  const auto bytes = [&](std::size_t first, std::size_t count) {
    return std::string(reinterpret_cast<const char*>(values.data() + first), count * sizeof(float));
  };
  CHECK(exported(table, folder / "x", TargetFormat::word2vec_text) == "2 2\nking 1 -0.5\n\xFFqueen 0.1 1e-45\n");
  CHECK(exported(table, folder / "x", TargetFormat::word2vec_binary) ==
        "2 2\nking " + bytes(0, 2) + "\n\xFFqueen " + bytes(2, 2) + "\n");
  const std::string npy = exported(table, folder / "x", TargetFormat::npy);
  CHECK(npy.size() == 128 + 16);
  CHECK(npy.substr(0, 10) == std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  CHECK(npy.substr(10, 60) == "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), } ");
  CHECK(npy[127] == '\n');
  CHECK(npy.substr(128) == bytes(0, 4));
  const std::string safetensors = exported(table, folder / "x", TargetFormat::safetensors);
  CHECK(safetensors.substr(8, 89) ==
        R"({"__metadata__":{},"embedding.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]})");
  CHECK(safetensors.size() % 64 == 16);
  CHECK(safetensors.substr(safetensors.size() - 16) == bytes(0, 4));
}

TEST_CASE("tables of every type come back with their values, from every format") {
  const TemporaryFolder folder;
  const std::vector<std::string_view> keys = {"a", "b", "c", "d", "e"};
  for (const DType dtype : every_type) {
    const Table table = keyed_table(folder / "t", dtype, keys, 7);
    const std::vector<float> expected = values_of(table);
    for (const TargetFormat format : every_format) {
      CAPTURE(to_string(dtype));
      CAPTURE(to_string(format));
      const std::string path = folder / "x";
      static_cast<void>(exported(table, path, format));
      const auto report = convert(path, folder / "back", {.overwrite = true});
      REQUIRE_MESSAGE(report.ok(), report.error().message);
      const Table back = Table::open(folder / "back").value();
      const std::vector<float> actual = values_of(back);
      REQUIRE(actual.size() == expected.size());
      CHECK(std::memcmp(actual.data(), expected.data(), actual.size() * sizeof(float)) == 0);
      const bool tokens = format == TargetFormat::word2vec_text || format == TargetFormat::word2vec_binary;
      CHECK(back.vocabulary().size() == (tokens ? 5 : 0));
      if (tokens) CHECK(back.vocabulary().find("d") == 3);
    }
  }
}

TEST_CASE("keys that a format cannot hold are refused, and nothing is left") {
  const TemporaryFolder folder;
  const auto refusal = [&](std::string_view key, TargetFormat format) {
    const Table table = keyed_table(folder / "t", DType::f32, {"a", key}, 2);
    const auto written = export_table(table, folder / "x", format);
    CHECK(!std::filesystem::exists(folder / "x"));
    return written.ok() ? std::string() : written.error().message;
  };
  const auto allowed = [&](std::string_view key, TargetFormat format) {
    const Table table = keyed_table(folder / "t", DType::f32, {"a", key}, 2);
    return export_table(table, folder / "x", format, {.overwrite = true}).ok();
  };
  CHECK(refusal("b\nc", TargetFormat::word2vec_text).find("row 1") != std::string::npos);
  CHECK(refusal("b\nc", TargetFormat::word2vec_binary).find("a line feed") != std::string::npos);
  CHECK(refusal("b c", TargetFormat::word2vec_binary).find("a space") != std::string::npos);
  CHECK(refusal("b\r", TargetFormat::word2vec_text).find("a carriage return at its end") != std::string::npos);
  CHECK(allowed("b c", TargetFormat::word2vec_text));
  CHECK(allowed("b\nc", TargetFormat::npy));
}

TEST_CASE("tables without keys, ids, and targets that exist") {
  const TemporaryFolder folder;
  const Table bare = Table::create({.rows = 3, .dim = 2, .init = Init::zeros()}).value();
  CHECK(export_table(bare, folder / "x", TargetFormat::word2vec_text).error().code == Code::invalid_argument);
  CHECK(export_table(bare, folder / "x", TargetFormat::npy).ok());
  CHECK(export_table(bare, folder / "x", TargetFormat::npy).error().code == Code::already_exists);

  auto writer = TableWriter::create(folder / "t", {{.dim = 1, .keys = KeyKind::u64}});
  const std::vector<float> values = {1, std::numeric_limits<float>::infinity(), std::nanf("")};
  const std::vector<std::uint64_t> ids = {18446744073709551615U, 0, 7};
  REQUIRE(writer->append(0, values, ids).ok());
  REQUIRE(writer->publish().ok());
  CHECK(exported(Table::open(folder / "t").value(), folder / "x", TargetFormat::word2vec_text) ==
        "3 1\n18446744073709551615 1\n0 inf\n7 nan\n");
  const Table empty = Table::create({.rows = 0, .dim = 4}).value();
  CHECK(exported(empty, folder / "x", TargetFormat::npy).size() == 128);
}

TEST_CASE("names of formats") {
  for (const TargetFormat format : every_format) CHECK(parse_target_format(to_string(format)) == format);
  CHECK(!parse_target_format("Word2Vec"));
}
