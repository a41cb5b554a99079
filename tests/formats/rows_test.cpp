// Rows as f32, however their elements are stored: types, orders of bytes, strides, and rows that tokens share.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "engine/formats/check.hpp"
#include "engine/formats/decoded_rows.hpp"

using namespace rowan;
using namespace rowan::detail;

namespace {

constexpr std::uint64_t rows = 3;
constexpr std::uint64_t dim = 150;  // more than is converted at a time

/// Small whole numbers, which every type holds.
float value(std::uint64_t row, std::uint64_t column) { return static_cast<float>((row * dim + column) % 97) - 48.0F; }

std::uint16_t half_bits(float value) {  // of such numbers
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (value == 0) return 0;
  return static_cast<std::uint16_t>((bits >> 16 & 0x8000) | ((bits >> 23 & 0xFF) - 112) << 10 | (bits >> 13 & 0x3FF));
}

std::vector<std::byte> element(Encoding encoding, float value) {
  const auto bytes_of = [](auto number) {
    std::vector<std::byte> bytes(sizeof number);
    std::memcpy(bytes.data(), &number, sizeof number);
    return bytes;
  };
  switch (encoding) {
    case Encoding::f64:
      return bytes_of(static_cast<double>(value));
    case Encoding::f16:
      return bytes_of(half_bits(value));
    case Encoding::bf16:
      return bytes_of(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16));
    case Encoding::i8:
      return bytes_of(static_cast<std::int8_t>(value));
    default:
      return bytes_of(value);
  }
}

/// The file of a tensor whose elements lie where its strides say, behind a byte of something else.
std::vector<std::byte> lay_out(const FoundTensor& tensor) {
  std::vector<std::byte> file(1, std::byte{7});
  for (std::uint64_t r = 0; r < rows; ++r) {
    for (std::uint64_t c = 0; c < dim; ++c) {
      std::vector<std::byte> bytes = element(tensor.encoding, value(r, c));
      if (tensor.big_endian) std::reverse(bytes.begin(), bytes.end());
      const std::uint64_t at =
          1 + bytes.size() * (tensor.strides.empty() ? r * dim + c : r * tensor.strides[0] + c * tensor.strides[1]);
      file.resize(std::max<std::size_t>(file.size(), at + bytes.size()), std::byte{7});
      std::copy(bytes.begin(), bytes.end(), file.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  return file;
}

std::vector<float> read(std::span<const std::byte> file, const FoundFile& found, bool derived, std::uint64_t count) {
  const auto table = check_tensor(file, found.tensors[0], "FILE");
  REQUIRE_MESSAGE(table.ok(), table.error().message);
  auto source = rows_of(file, found, *table, derived, "FILE");
  REQUIRE(source.ok());
  std::vector<float> values(count * dim);
  REQUIRE((*source)->read(0, 1, values.data()).ok());
  REQUIRE((*source)->read(1, count, values.data() + dim).ok());
  return values;
}

FoundFile file_of(Encoding encoding, bool big_endian, std::vector<std::uint64_t> strides) {
  FoundFile found;
  FoundTensor& tensor = found.tensors.emplace_back();
  tensor.encoding = encoding;
  tensor.shape = {rows, dim};
  tensor.strides = std::move(strides);
  tensor.big_endian = big_endian;
  tensor.offset = 1;
  return found;
}

}  // namespace

TEST_CASE("every type, in both orders of bytes, in rows, with gaps and in columns") {
  const std::vector<std::uint64_t> layouts[] = {{}, {dim + 5, 1}, {1, rows}, {2 * dim, 2}};
  for (const Encoding encoding : {Encoding::f32, Encoding::f64, Encoding::f16, Encoding::bf16, Encoding::i8}) {
    for (const bool big_endian : {false, true}) {
      for (const auto& strides : layouts) {
        CAPTURE(static_cast<int>(encoding));
        CAPTURE(big_endian);
        CAPTURE(strides.size());
        const FoundFile found = file_of(encoding, big_endian, strides);
        const std::vector<float> values = read(lay_out(found.tensors[0]), found, false, rows);
        std::size_t wrong = 0;
        for (std::uint64_t i = 0; i < values.size(); ++i) wrong += values[i] != value(i / dim, i % dim) ? 1 : 0;
        CHECK(wrong == 0);
      }
    }
  }
}

TEST_CASE("f64 is rounded to nearest even") {
  FoundFile found = file_of(Encoding::f64, false, {});
  std::vector<std::byte> file = lay_out(found.tensors[0]);
  const double between = 1 + 0x1p-24;  // of 1 and the next f32
  const double above = 1 + 0x1.8p-23;  // of the next two
  std::memcpy(file.data() + 1, &between, sizeof between);
  std::memcpy(file.data() + 9, &above, sizeof above);
  const std::vector<float> values = read(file, found, false, rows);
  CHECK(values[0] == 1.0F);
  CHECK(values[1] == 1.0F + 0x1p-22F);
}

TEST_CASE("rows that tokens share, with weights and without") {
  FoundFile found = file_of(Encoding::f32, false, {});
  const std::vector<std::byte> file = lay_out(found.tensors[0]);
  found.rows_of_keys = {2, 0, 2, 1};
  std::vector<float> values = read(file, found, true, 4);
  for (std::uint64_t key = 0; key < 4; ++key) CHECK(values[key * dim + 5] == value(found.rows_of_keys[key], 5));
  found.weights_of_keys = {0.5F, 2, -1, 3};
  values = read(file, found, true, 4);
  for (std::uint64_t key = 0; key < 4; ++key) {
    CHECK(values[key * dim + 5] == value(found.rows_of_keys[key], 5) * found.weights_of_keys[key]);
  }
}
