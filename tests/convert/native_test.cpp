// Native files as sources: all tables or one, keys kept, rows decoded and encoded anew.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "tests/convert/conversion.hpp"
#include "tests/support/random_tables.hpp"

using namespace rowan;
using namespace rowan::test;
using Values = std::vector<float>;

namespace {

/// A native file's bytes: one table of each type, without keys, with tokens or with ids in turn, rows of all
/// kinds of stride.
std::string file_of_every_type(std::uint64_t rows) {
  const TemporaryFolder folder;
  std::vector<TableLayout> layouts;
  for (const DType dtype : every_type) {
    const std::size_t number = layouts.size();
    layouts.push_back({.name = std::string(to_string(dtype)),
                       .dim = 5 + number,
                       .dtype = dtype,
                       .keys = static_cast<KeyKind>(number % 3),
                       .pad_rows = number % 2 == 0});
  }
  auto writer = TableWriter::create(folder / "t", layouts);
  REQUIRE(writer.ok());
  Random random(77);
  for (std::size_t i = 0; i < layouts.size(); ++i) {
    Values values(rows * layouts[i].dim);
    for (float& value : values) value = small_float(random);
    std::vector<std::string> text;
    std::vector<std::uint64_t> ids;
    for (std::uint64_t row = 0; row < rows; ++row) {
      text.push_back("\xFFkey " + std::to_string(row));
      ids.push_back(row * 7);
    }
    const std::vector<std::string_view> keys(text.begin(), text.end());
    const auto good = layouts[i].keys == KeyKind::none    ? writer->append(i, values)
                      : layouts[i].keys == KeyKind::bytes ? writer->append(i, values, keys)
                                                          : writer->append(i, values, ids);
    REQUIRE_MESSAGE(good.ok(), good.error().message);
  }
  REQUIRE(writer->publish().ok());
  return read_file(folder / "t");
}

Values row_of(const Table& table, std::uint64_t row) {
  Values values(table.dim());
  simd::decode_row(static_cast<simd::Element>(table.dtype()), table.view().data() + row * table.row_stride(),
                   table.dim(), values.data());
  return values;
}

/// A row in another type, and read back.
Values stored(Values values, DType dtype) {
  std::vector<std::byte> bytes(*row_bytes(dtype, values.size()));
  REQUIRE(simd::encode(static_cast<simd::Element>(dtype), values.data(), values.size(), bytes.data()) ==
          simd::Encoded::ok);
  simd::decode_row(static_cast<simd::Element>(dtype), bytes.data(), values.size(), values.data());
  return values;
}

}  // namespace

TEST_CASE("every type to every type, with keys, at every number of threads") {
  const std::uint64_t rows = 300;
  const std::string bytes = file_of_every_type(rows);
  Conversion conversion;
  for (const DType dtype : every_type) {
    CAPTURE(to_string(dtype));
    std::string expected;
    for (const int threads : {1, 2, 3}) {
      conversion.options.dtype = dtype;
      conversion.options.threads = Threads::own(threads);
      conversion.sizes.batch = std::size_t{500} * static_cast<std::size_t>(threads * threads);
      conversion.sizes.chunk = 100;
      const auto report = conversion.run(bytes);
      REQUIRE_MESSAGE(report.ok(), report.error().message);
      CHECK(report->from == SourceFormat::native);
      CHECK(report->tables == 8);
      CHECK(report->rows == 8 * rows);
      CHECK(report->dim == 0);
      CHECK(report->invalid_utf8 == 3 * rows);
      CHECK(report->error.has_value() == (dtype != DType::f32));
      if (expected.empty()) expected = read_file(conversion.target());
      CHECK(read_file(conversion.target()) == expected);
    }
    const auto before = Table::open_all(conversion.source());
    const auto after = Table::open_all(conversion.target());
    REQUIRE(before.ok());
    REQUIRE_MESSAGE(after.ok(), after.error().message);
    REQUIRE(after->size() == 8);
    CHECK(verify(conversion.target()).ok());
    for (std::size_t i = 0; i < 8; ++i) {
      const Table& from = before->at(i);
      const Table& to = after->at(i);
      CHECK(to.name() == from.name());
      REQUIRE(to.dim() == from.dim());
      CHECK(to.dtype() == dtype);
      CHECK(to.row_stride() == *row_bytes(dtype, to.dim()));
      CHECK(to.vocabulary().kind() == from.vocabulary().kind());
      std::size_t wrong = 0;
      for (std::uint64_t row = 0; row < rows; ++row) {
        const Values kept = row_of(from, row);
        wrong += !same_bits(row_of(to, row), from.dtype() == dtype ? kept : stored(kept, dtype));
        wrong += to.vocabulary().key(row) != from.vocabulary().key(row);
        wrong += to.vocabulary().id(row) != from.vocabulary().id(row);
        if (from.dtype() != dtype) continue;
        wrong += std::memcmp(to.view().data() + row * to.row_stride(), from.view().data() + row * from.row_stride(),
                             to.view().row_bytes()) != 0;
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("one table of several, renamed, cut and without its keys") {
  Conversion conversion;
  const std::string bytes = file_of_every_type(20);
  conversion.options.table = "i4";
  conversion.options.limit = 7;
  auto report = conversion.run(bytes);
  REQUIRE_MESSAGE(report.ok(), report.error().message);
  CHECK(report->tables == 1);
  CHECK(report->rows == 7);
  CHECK(report->dim == 11);
  CHECK(!report->error);
  CHECK(Table::open(conversion.target())->name() == "i4");
  CHECK(Table::open(conversion.target())->vocabulary().find(std::string_view("\xFFkey 6")) == -1);
  conversion.options.table = "f16";
  conversion.options.name = "words";
  conversion.options.keys = KeyKind::none;
  conversion.options.pad_rows = true;
  report = conversion.run(bytes);
  REQUIRE(report.ok());
  const auto table = Table::open(conversion.target());
  CHECK(table->name() == "words");
  CHECK(table->row_stride() == 64);
  CHECK(table->vocabulary().kind() == KeyKind::none);
}

TEST_CASE("types that hold all values of the source's report no error") {
  Conversion conversion;
  const std::string bytes = file_of_every_type(20);
  for (const auto& [from, to, lossy] : {std::tuple{"f8_e4m3", DType::f16, false},
                                        {"f8_e5m2", DType::bf16, false},
                                        {"f16", DType::bf16, true},
                                        {"bf16", DType::f16, true},
                                        {"f8_e4m3", DType::f8_e5m2, true},
                                        {"i8", DType::i8, false},
                                        {"i8", DType::f16, true},
                                        {"i2", DType::f32, false}}) {
    conversion.options.table = from;
    conversion.options.dtype = to;
    const auto report = conversion.run(bytes);
    REQUIRE(report.ok());
    CHECK(report->error.has_value() == lossy);
  }
}

TEST_CASE("what is refused of native sources") {
  Conversion conversion;
  const std::string bytes = file_of_every_type(3);
  const auto refusal = [&](Code code = Code::invalid_argument) {
    std::string message = conversion.refusal(bytes, code);
    conversion.options = {};
    return message;
  };
  conversion.options.table = "i16";
  CHECK(refusal(Code::not_found).starts_with("FILE has no table 'i16'; it has 'f32', 'f16'"));
  conversion.options.name = "words";
  CHECK(refusal() == "FILE is a Rowan file: it holds 8 tables, and one name is given for all of them");
  conversion.options.keys = KeyKind::u64;
  CHECK(refusal() == "FILE is a Rowan file: the keys of its table 'f16' stay the tokens that they are");
  conversion.options.keys = KeyKind::u64;
  conversion.options.ids_from = "ids.npy";
  CHECK(refusal() == "FILE is a Rowan file: its rows keep their keys and take no ids from a file");
  conversion.options.dim = 5;
  CHECK(refusal() == "FILE: table 'f16' has rows of 6 numbers, and 5 are asked for");
  conversion.options.from = SourceFormat::glove_text;
  CHECK(refusal() == "FILE is a Rowan file, and glove is asked for");
  CHECK(conversion.refusal(gzip(bytes), Code::format_unsupported) ==
        "FILE is a compressed Rowan file; decompress it with: gzip -dc " + conversion.source() + " > " +
            conversion.source() + ".unpacked");
  std::string damaged = bytes;
  damaged[3000] = '\n';
  CHECK(conversion.refusal(damaged, Code::checksum_mismatch).find("does not match its checksum") != std::string::npos);
  CHECK(conversion.refusal(bytes.substr(0, bytes.size() - 1)).find("cut short") != std::string::npos);
  conversion.options.from = SourceFormat::native;
  CHECK(conversion.refusal("a 1 2\nb 3 4\n", Code::needs_conversion).starts_with("FILE is GloVe text"));
  conversion.options = {};
  conversion.options.table = "words";
  CHECK(conversion.refusal("a 1 2\nb 3 4\n", Code::invalid_argument) ==
        "FILE holds one table without a name; only of a Rowan file can 'words' be chosen");
}

TEST_CASE("a row of a native file that cannot be quantised is refused by its number, the first of them") {
  const TemporaryFolder folder;
  Values values(4000, 1.0F);
  values[4 * 500 + 1] = std::nanf("");
  values[4 * 700 + 1] = std::nanf("");
  auto writer = TableWriter::create(folder / "t", {{.name = "words", .dim = 4, .dtype = DType::bf16}});
  REQUIRE(writer->append(0, values).ok());
  REQUIRE(writer->publish().ok());
  Conversion conversion;
  conversion.options.dtype = DType::i8;
  conversion.sizes.chunk = 64;
  for (const int threads : {1, 2, 3}) {
    conversion.options.threads = Threads::own(threads);
    CHECK(conversion.refusal(read_file(folder / "t"), Code::invalid_argument) ==
          "FILE: row 500 of table 'words' has a NaN or an infinity, which quantised rows of i8 cannot hold");
  }
}

TEST_CASE("files without tables and tables without rows") {
  Conversion conversion;
  const TemporaryFolder folder;
  REQUIRE(create_table_file(folder / "t", {.rows = 0, .dim = 3, .dtype = DType::i4, .name = "none"}).ok());
  const auto report = conversion.run(read_file(folder / "t"));
  REQUIRE_MESSAGE(report.ok(), report.error().message);
  CHECK(report->rows == 0);
  CHECK(Table::open(conversion.target())->dim() == 3);
  CHECK(Table::open(conversion.target())->dtype() == DType::f32);
}

TEST_CASE("what lies between padded rows is zero, in every batch, whatever the source") {
  const std::string lines = [] {
    std::string text;
    for (int row = 0; row < 500; ++row) text += "w" + std::to_string(row) + " 1 2 3 4 5\n";
    return text;
  }();
  Conversion conversion;
  conversion.sizes = {.batch = 1 << 10, .head = 1 << 10, .row = 1 << 16, .chunk = 1 << 8};
  conversion.options.pad_rows = true;
  const auto check_padding = [&] {
    const Table table = Table::open(conversion.target()).value();
    REQUIRE(table.rows() == 500);
    REQUIRE(table.row_stride() == 64);
    for (std::uint64_t row = 0; row < table.rows(); ++row) {
      const std::byte* const end = table.view().data() + row * 64;
      CHECK(std::all_of(end + table.view().row_bytes(), end + 64, [](std::byte b) { return b == std::byte{0}; }));
    }
  };
  for (const DType dtype : every_type) {
    CAPTURE(to_string(dtype));
    conversion.options.dtype = dtype;
    REQUIRE(conversion.run(lines).ok());
    check_padding();
    const std::string native = read_file(conversion.target());
    conversion.options.dtype = DType::f32;
    REQUIRE(conversion.run(native).ok());  // of another type
    check_padding();
    conversion.options.dtype = dtype;
    REQUIRE(conversion.run(native).ok());  // of its own
    check_padding();
  }
}
