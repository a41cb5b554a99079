// What is written comes back: every element type, stride and kind of key, over several tables in one file.
#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "rowan/file.hpp"
#include "rowan/table.hpp"
#include "simd/scalar.hpp"
#include "tests/support/effort.hpp"
#include "tests/support/files.hpp"

using namespace rowan;

namespace {

float value_of(std::uint64_t row, std::uint64_t column) {
  return static_cast<float>(row) * 1.37F - static_cast<float>(column) * 0.011F + 1e-3F;
}

std::vector<float> values_of(std::uint64_t rows, std::uint64_t dim) {
  std::vector<float> values;
  for (std::uint64_t row = 0; row < rows; ++row) {
    for (std::uint64_t column = 0; column < dim; ++column) values.push_back(value_of(row, column));
  }
  return values;
}

float stored(const Table& table, std::uint64_t row, std::uint64_t column) {
  return simd::decode(static_cast<simd::Element>(table.dtype()), table.view().data() + row * table.row_stride(),
                      table.dim(), column);
}

/// A row as it is stored and read back.
std::vector<float> rounded(DType dtype, std::uint64_t row, std::uint64_t dim) {
  std::vector<float> values;
  for (std::uint64_t c = 0; c < dim; ++c) values.push_back(value_of(row, c));
  std::vector<std::byte> bytes(*row_bytes(dtype, dim));
  CHECK(simd::encode(static_cast<simd::Element>(dtype), values.data(), dim, bytes.data()) == simd::Encoded::ok);
  simd::decode_row(static_cast<simd::Element>(dtype), bytes.data(), dim, values.data());
  return values;
}

std::string key_of(std::uint64_t row) { return "key " + std::to_string(row * row); }
std::uint64_t id_of(std::uint64_t row) { return row * 0x9E3779B97F4A7C15U; }

void append(TableWriter& writer, std::size_t number, const TableLayout& layout, std::uint64_t rows) {
  const std::vector<float> values = values_of(rows, layout.dim);
  std::vector<std::string> text;
  std::vector<std::uint64_t> ids;
  for (std::uint64_t row = 0; row < rows; ++row) {
    text.push_back(key_of(row));
    ids.push_back(id_of(row));
  }
  const std::vector<std::string_view> keys(text.begin(), text.end());
  if (layout.keys == KeyKind::none) REQUIRE(writer.append(number, values).ok());
  if (layout.keys == KeyKind::bytes) REQUIRE(writer.append(number, values, keys).ok());
  if (layout.keys == KeyKind::u64) REQUIRE(writer.append(number, values, ids).ok());
}

void check(const Table& table, const TableLayout& layout, std::uint64_t rows) {
  CHECK(table.name() == layout.name);
  REQUIRE(table.rows() == rows);
  REQUIRE(table.dim() == layout.dim);
  REQUIRE(table.dtype() == layout.dtype);
  CHECK(reinterpret_cast<std::uintptr_t>(table.view().data()) % 64 == 0);
  const std::uint64_t row_bytes = *rowan::row_bytes(layout.dtype, layout.dim);
  CHECK(table.row_stride() == (layout.pad_rows ? (row_bytes + 63) / 64 * 64 : row_bytes));
  const Vocabulary& keys = table.vocabulary();
  CHECK(keys.kind() == layout.keys);
  CHECK(keys.size() == (layout.keys == KeyKind::none ? 0 : rows));
  std::uint64_t wrong = 0;
  for (std::uint64_t row = 0; row < rows; ++row) {
    const std::vector<float> expected = rounded(layout.dtype, row, layout.dim);
    for (std::uint64_t c = 0; c < layout.dim; ++c) {
      const float x = stored(table, row, c);
      const float y = expected[c];
      wrong += std::memcmp(&x, &y, sizeof x) != 0;
    }
    const std::byte* padding = table.view().data() + row * table.row_stride() + row_bytes;
    for (std::uint64_t i = row_bytes; i < table.row_stride(); ++i) wrong += padding[i - row_bytes] != std::byte{0};
    if (layout.keys == KeyKind::bytes) {
      wrong += keys.key(row) != key_of(row) || keys.find(key_of(row)) != static_cast<std::int64_t>(row);
    }
    if (layout.keys == KeyKind::u64) {
      wrong += keys.id(row) != id_of(row) || keys.find(id_of(row)) != static_cast<std::int64_t>(row);
    }
  }
  CHECK(wrong == 0);
  CHECK(keys.find("no such key") == -1);
  CHECK(keys.find(std::uint64_t{12345}) == -1);
  CHECK(!keys.key(rows));
  CHECK(!keys.id(rows));
}

constexpr DType dtypes[] = {DType::f32,     DType::f16, DType::bf16, DType::f8_e4m3,
                            DType::f8_e5m2, DType::i8,  DType::i4,   DType::i2};
constexpr KeyKind kinds[] = {KeyKind::none, KeyKind::bytes, KeyKind::u64};

}  // namespace

TEST_CASE("a table of any type, stride, size and kind of key comes back") {
  const test::TemporaryFolder folder;
  for (const DType dtype : dtypes) {
    for (const KeyKind kind : kinds) {
      for (const bool pad : {false, true}) {
        for (const std::uint64_t dim : {1U, 3U, 16U, 25U, 300U}) {
          for (const std::uint64_t rows : {0U, 1U, 7U, test::reduced_effort() ? 100U : 1000U}) {
            CAPTURE(to_string(dtype));
            CAPTURE(static_cast<int>(kind));
            CAPTURE(pad);
            CAPTURE(dim);
            CAPTURE(rows);
            const TableLayout layout{.name = "words", .dim = dim, .dtype = dtype, .keys = kind, .pad_rows = pad};
            const std::string path = folder / "table.safetensors";
            auto writer = TableWriter::create(path, {layout}, {.overwrite = true});
            REQUIRE(writer.ok());
            append(*writer, 0, layout, rows);
            const auto report = writer->publish();
            REQUIRE_MESSAGE(report.ok(), report.error().message);
            CHECK(report->rows == rows);
            CHECK(report->duplicates == 0);
            const auto table = Table::open(path);
            REQUIRE_MESSAGE(table.ok(), table.error().message);
            check(*table, layout, rows);
            const auto verified = verify(path);
            REQUIRE_MESSAGE(verified.ok(), verified.error().message);
          }
        }
      }
    }
  }
}
