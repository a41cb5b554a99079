// Quantised rows: PyTorch's to the bit, mapped from memory and from files, in any floating-point mode.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/file.hpp"
#include "rowan/table.hpp"
#include "simd/scalar.hpp"
#include "tests/support/files.hpp"

using namespace rowan;

namespace {

struct TorchRow {
  DType dtype;
  std::vector<float> values;
  std::string_view packed;  // two digits a byte
  std::vector<float> unpacked;
};

#include "tests/golden/torch_rows.inc"

constexpr DType quantized[] = {DType::i8, DType::i4, DType::i2};
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float greatest = std::numeric_limits<float>::max();

simd::Element element_of(DType dtype) { return static_cast<simd::Element>(dtype); }

std::string hex(std::span<const std::byte> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += digits[std::to_integer<unsigned>(byte) >> 4];
    text += digits[std::to_integer<unsigned>(byte) & 15U];
  }
  return text;
}

std::vector<std::byte> bytes_of(std::string_view digits) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

std::vector<float> decoded(const TableView& view, std::uint64_t row) {
  std::vector<float> values(view.dim());
  for (std::uint64_t c = 0; c < view.dim(); ++c) {
    values[c] = simd::decode(element_of(view.dtype()), view.data() + row * view.row_stride(), view.dim(), c);
  }
  return values;
}

/// That row 0 of a table has the values of a row that PyTorch prepacked: each is rounded once. PyTorch rounds the
/// product before it adds the bias, so that its own may be half of the product's last place and half of the sum's away.
void check_values(const TableView& view, const TorchRow& row) {
  const std::vector<float> values = decoded(view, 0);
  REQUIRE(values.size() == row.unpacked.size());
  const simd::Element element = element_of(row.dtype);
  const auto [scale, bias] = simd::decode_parameters(element, view.data() + simd::packed_bytes(element, values.size()));
  for (std::size_t c = 0; c < values.size(); ++c) {
    const auto code = static_cast<float>(simd::code_at(element, view.data(), c));
    CHECK(values[c] == std::fma(code, scale, bias));
    const float limit = (std::abs(code * scale) + std::abs(bias)) * 0x1p-23F + 1e-45F;
    CHECK(std::abs(values[c] - row.unpacked[c]) <= limit);
  }
}

std::vector<std::byte> encoded(DType dtype, const std::vector<float>& values) {
  std::vector<std::byte> row(*row_bytes(dtype, values.size()), std::byte{0xAA});
  REQUIRE(simd::encode(element_of(dtype), values.data(), values.size(), row.data()) == simd::Encoded::ok);
  return row;
}

}  // namespace

TEST_CASE("rows are quantised as PyTorch does, to the bit") {
  for (const TorchRow& row : torch_rows) {
    CAPTURE(to_string(row.dtype));
    CHECK(hex(encoded(row.dtype, row.values)) == row.packed);
  }
}

TEST_CASE("rows that PyTorch prepacked are mapped as they are") {
  for (const TorchRow& row : torch_rows) {
    CAPTURE(row.packed);
    // At any alignment, and the last byte of the row is the last there is.
    for (const std::size_t misalignment : {0U, 1U, 3U}) {
      std::vector<std::byte> memory(misalignment);
      const std::vector<std::byte> packed = bytes_of(row.packed);
      memory.insert(memory.end(), packed.begin(), packed.end());
      const auto view =
          TableView::over(std::span<const std::byte>(memory).subspan(misalignment), 1, row.values.size(), row.dtype);
      REQUIRE_MESSAGE(view.ok(), view.error().message);
      check_values(*view, row);
    }
  }
}

TEST_CASE("a file of rows that PyTorch prepacked has their bytes") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "t.safetensors";
  for (const TorchRow& row : torch_rows) {
    const TableLayout layout{.name = "t", .dim = row.values.size(), .dtype = row.dtype};
    auto writer = TableWriter::create(path, {layout}, {.overwrite = true});
    REQUIRE(writer.ok());
    REQUIRE(writer->append_encoded(0, bytes_of(row.packed), {}, {}).ok());
    REQUIRE(writer->append(0, row.values).ok());
    REQUIRE(writer->publish().ok());
    const auto table = Table::open(path);
    REQUIRE(table.ok());
    REQUIRE(table->rows() == 2);
    check_values(table->view(), row);
    CHECK(std::memcmp(table->view().data(), table->view().data() + table->row_stride(), table->row_stride()) == 0);
  }
}

TEST_CASE("an odd dim has the codes of the even one, and zeros in the bits that are left") {
  for (const DType dtype : {DType::i4, DType::i2}) {
    for (std::size_t dim = 1; dim <= 13; ++dim) {
      std::vector<float> values;
      for (std::size_t c = 0; c < dim; ++c) values.push_back(c % 3 == 0 ? 1.5F : static_cast<float>(c) / 4);
      const std::vector<std::byte> odd = encoded(dtype, values);
      std::vector<float> even = values;
      while (even.size() % 4 != 0) even.push_back(values.front());  // changes neither the least nor the greatest
      const std::vector<std::byte> whole = encoded(dtype, even);
      for (std::size_t c = 0; c < dim; ++c) {
        CHECK(simd::decode(element_of(dtype), odd.data(), dim, c) ==
              simd::decode(element_of(dtype), whole.data(), even.size(), c));
      }
      const std::size_t used = dim * element_bits(dtype) % 8;
      const auto last = std::to_integer<unsigned>(odd[odd.size() - 5]);
      if (used != 0) CHECK((last >> used) == 0);
    }
  }
}

TEST_CASE("values come back within half a step of their row") {
  std::vector<float> values;
  for (int c = 0; c < 97; ++c) values.push_back(std::sin(static_cast<float>(c)) * 3 + 1);
  for (const DType dtype : quantized) {
    const std::vector<std::byte> row = encoded(dtype, values);
    const float step = 6.0F / static_cast<float>((1 << element_bits(dtype)) - 1);
    float worst = 0;
    for (std::size_t c = 0; c < values.size(); ++c) {
      const float x = simd::decode(element_of(dtype), row.data(), values.size(), c);
      worst = std::max(worst, std::abs(x - values[c]));
    }
    CHECK(worst <= step * 0.51F);
    CHECK(worst >= step * 0.4F);
  }
}

TEST_CASE("rows that no scale and bias can hold are refused by their number") {
  const test::TemporaryFolder folder;
  struct Bad {
    DType dtype;
    std::vector<float> values;
    std::string_view reason;
  };
  const float nan = std::nanf("");
  const Bad cases[] = {
      {DType::i8, {nan, 1, 2}, "has a NaN or an infinity"},
      {DType::i8, {1, 2, infinity}, "has a NaN or an infinity"},
      {DType::i8, {1, -infinity, 2}, "has a NaN or an infinity"},
      {DType::i8, {greatest, -greatest, 0}, "too far apart, for the f32 scale"},
      {DType::i4, {1, nan, 2}, "has a NaN or an infinity"},
      {DType::i4, {65520, 65520, 65520}, "too large, or too far apart, for the f16 scale"},
      {DType::i4, {-65520, 0, 0}, "for the f16 scale"},
      {DType::i4, {0, 0, 1e6F}, "for the f16 scale"},
      {DType::i2, {0, 2e5F, 0}, "for the f16 scale"},
      {DType::i2, {greatest, -greatest, 0}, "for the f16 scale"},
      {DType::i2, {infinity, infinity, infinity}, "has a NaN or an infinity"},
  };
  for (const Bad& bad : cases) {
    CAPTURE(to_string(bad.dtype));
    CAPTURE(bad.reason);
    auto writer = TableWriter::create(folder / "t.safetensors", {{.name = "users", .dim = 3, .dtype = bad.dtype}});
    REQUIRE(writer.ok());
    REQUIRE(writer->append(0, std::vector<float>{1, 2, 3, 4, 5, 6}).ok());
    std::vector<float> values = {7, 8, 9};
    values.insert(values.end(), bad.values.begin(), bad.values.end());
    const auto refused = writer->append(0, values);
    REQUIRE(!refused.ok());
    CHECK(refused.error().code == Code::invalid_argument);
    CHECK(refused.error().message.starts_with("row 3 of table 'users' has "));
    CHECK(refused.error().message.find(bad.reason) != std::string::npos);
    CHECK(!writer->publish().ok());
  }
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("the widest rows that there is a scale for are held") {
  const std::vector<std::byte> wide = encoded(DType::i8, {greatest / 2, -greatest / 2, 0});
  CHECK(simd::decode(simd::Element::i8, wide.data(), 3, 1) == -greatest / 2);
  const std::vector<std::byte> half = encoded(DType::i4, {65504, -65504, 0});
  CHECK(simd::decode(simd::Element::i4, half.data(), 3, 1) == -65504);
  CHECK(std::isfinite(simd::decode(simd::Element::i4, half.data(), 3, 0)));
}

TEST_CASE("the caller's floating-point mode shows neither in files nor in new tables") {
  const test::TemporaryFolder folder;
  std::vector<float> values;
  for (const TorchRow& row : torch_rows) {
    if (row.dtype == DType::i4 && row.values.size() == 8)
      values.insert(values.end(), row.values.begin(), row.values.end());
  }
  const auto write = [&](DType dtype) {
    const std::string path = folder / "t.safetensors";
    auto writer = TableWriter::create(path, {{.name = "t", .dim = 8, .dtype = dtype}}, {.overwrite = true});
    const bool good = writer.ok() && writer->append(0, values).ok() && writer->publish().ok();
    const bool made =
        create_table_file(folder / "new.safetensors", {.rows = 50, .dim = 9, .dtype = dtype}, {.overwrite = true}).ok();
    return good && made ? test::read_file(path) + test::read_file(folder / "new.safetensors") : std::string();
  };
  for (const DType dtype : quantized) {
    const std::string expected = write(dtype);
    CHECK(!expected.empty());
    const unsigned before = __builtin_ia32_stmxcsr();
    for (const unsigned mode : {0x8040U, 0x2000U, 0x4000U, 0x6000U, 0xE040U}) {  // FTZ and DAZ; down, up, to zero; all
      __builtin_ia32_ldmxcsr(before | mode);
      const std::string found = write(dtype);
      __builtin_ia32_ldmxcsr(before);
      CHECK(found == expected);
    }
  }
}

TEST_CASE("saved tables keep their rows, at strides of their own too") {
  const test::TemporaryFolder folder;
  for (const DType dtype : quantized) {
    for (const bool pad : {false, true}) {
      for (const std::uint64_t dim : {1U, 7U, 100U}) {
        const auto made = Table::create({.rows = 20, .dim = dim, .dtype = dtype, .pad_rows = pad, .name = "t"});
        REQUIRE_MESSAGE(made.ok(), made.error().message);
        const std::string path = folder / "saved.safetensors";
        const auto saved = save_tables(path, std::vector<Table>{*made}, {.overwrite = true});
        REQUIRE_MESSAGE(saved.ok(), saved.error().message);
        const auto table = Table::open(path);
        REQUIRE_MESSAGE(table.ok(), table.error().message);
        CHECK(table->dtype() == dtype);
        CHECK(table->dim() == dim);
        CHECK(table->row_stride() == made->row_stride());
        CHECK(std::memcmp(table->view().data(), made->view().data(), 20 * made->row_stride()) == 0);
        CHECK(verify(path).ok());
      }
    }
  }
}

TEST_CASE("a new table whose rows cannot be quantised is refused by the first of them") {
  // A range beyond f32's, in one row of several: tiles find others sooner or later than it.
  const NewTable wide{.rows = 100'000, .dim = 2, .dtype = DType::i8, .init = Init::uniform(-1.75e38F, 1.75e38F, 1)};
  std::string expected;
  for (const int threads : {1, 2, 3}) {
    const auto table = Table::create(wide, Threads::own(threads));
    REQUIRE(!table.ok());
    CHECK(table.error().code == Code::invalid_argument);
    CHECK(
        table.error().message.ends_with("of the new table has values too large, or too far apart, for the f32 scale "
                                        "and bias of a row of i8"));
    if (expected.empty()) expected = table.error().message;
    CHECK(table.error().message == expected);
  }
  CHECK(
      Table::create({.rows = 3, .dim = 9, .dtype = DType::i2, .init = Init::uniform(1e6F, 2e6F, 0)}).error().message ==
      "row 0 of the new table has values too large, or too far apart, for the f16 scale and bias of a row of i2");
}
