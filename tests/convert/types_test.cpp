// Conversion to every element type, the error that it reports, and rows that a type cannot hold.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/convert/conversion.hpp"
#include "tests/support/random_tables.hpp"

using namespace rowan;
using namespace rowan::test;
using Values = std::vector<float>;

namespace {

/// Rows as they are stored and read back.
Values rounded(DType dtype, const Rows& rows, bool saturate = false) {
  Values values = rows.values;
  std::vector<std::byte> bytes(*row_bytes(dtype, rows.dim));
  const auto element = static_cast<simd::Element>(dtype);
  for (std::size_t at = 0; at < values.size(); at += rows.dim) {
    REQUIRE(simd::encode(element, values.data() + at, rows.dim, bytes.data(), saturate) == simd::Encoded::ok);
    simd::decode_row(element, bytes.data(), rows.dim, values.data() + at);
  }
  return values;
}

/// The definition, for finite values.
StorageError error_of(const Rows& rows, const Values& stored) {
  StorageError error;
  double squares = 0;
  double cosines = 0;
  double directions = 0;
  for (std::size_t at = 0; at < stored.size(); at += rows.dim) {
    double row = 0;
    double dot = 0;
    double length = 0;
    double other = 0;
    for (std::size_t c = at; c < at + rows.dim; ++c) {
      const double x = rows.values[c];
      const double y = stored[c];
      error.max = std::max(error.max, std::abs(x - y));
      row += (x - y) * (x - y);
      dot += x * y;
      length += x * x;
      other += y * y;
    }
    squares += row;
    error.max_row_rms = std::max(error.max_row_rms, std::sqrt(row / static_cast<double>(rows.dim)));
    if (length == 0) continue;
    const double cosine = other == 0 ? 0 : dot / std::sqrt(length * other);
    error.min_cosine = std::min(error.min_cosine, cosine);
    cosines += cosine;
    ++directions;
  }
  error.rms = std::sqrt(squares / static_cast<double>(stored.size()));
  error.mean_cosine = cosines / directions;
  return error;
}

void check_close(const StorageError& a, const StorageError& b) {
  CHECK(a.max == b.max);
  CHECK(a.rms == doctest::Approx(b.rms).epsilon(1e-12));
  CHECK(a.max_row_rms == doctest::Approx(b.max_row_rms).epsilon(1e-12));
  CHECK(a.min_cosine == doctest::Approx(b.min_cosine).epsilon(1e-12));
  CHECK(a.mean_cosine == doctest::Approx(b.mean_cosine).epsilon(1e-12));
  CHECK(a.lost == b.lost);
}

bool same(const StorageError& a, const StorageError& b) {
  return a.max == b.max && a.rms == b.rms && a.max_row_rms == b.max_row_rms && a.min_cosine == b.min_cosine &&
         a.mean_cosine == b.mean_cosine && a.lost == b.lost;
}

Rows random_rows(std::uint64_t dim, std::size_t count) {
  Random random(2026 + dim);
  Rows rows{.dim = dim, .tokens = {}, .values = {}};
  for (std::size_t row = 0; row < count; ++row) {
    rows.tokens.push_back("w" + std::to_string(row));
    for (std::uint64_t c = 0; c < dim; ++c) rows.values.push_back(row == 5 ? 0.0F : small_float(random));
  }
  return rows;
}

}  // namespace

TEST_CASE("every type, at every number of threads and size of batches, with the same error") {
  for (const std::uint64_t dim : {1U, 2U, 7U, 64U}) {
    const Rows rows = random_rows(dim, 200);
    for (const DType dtype : every_type) {
      CAPTURE(dim);
      CAPTURE(to_string(dtype));
      Conversion conversion;
      conversion.options.dtype = dtype;
      conversion.options.from = SourceFormat::word2vec_binary;
      const Values expected = rounded(dtype, rows);
      std::optional<StorageError> first;
      for (const int threads : {1, 2, 3}) {
        conversion.options.threads = Threads::own(threads);
        conversion.options.pad_rows = threads == 2;
        conversion.sizes = {.batch = std::size_t{1} << (8 * threads),
                            .head = 1000,
                            .row = 1 << 20,
                            .chunk = std::size_t{100} * static_cast<std::size_t>(threads)};
        const auto report = conversion.run(word2vec_binary(rows, true));
        REQUIRE_MESSAGE(report.ok(), report.error().message);
        CHECK(same_bits(conversion.read_back().values, expected));
        CHECK(verify(conversion.target()).ok());
        CHECK(report->error.has_value() == (dtype != DType::f32));
        if (!report->error) continue;
        if (!first) first = report->error;
        CHECK(same(*report->error, *first));
        check_close(*report->error, error_of(rows, expected));
      }
    }
  }
}

TEST_CASE("text") {
  Conversion conversion;
  const std::string text = "a 0.1 0.2 0.3\nb 1000 -1000 3\nc 0 0 0\nd 7 7 7\n";
  const Rows rows{
      .dim = 3, .tokens = {"a", "b", "c", "d"}, .values = {0.1F, 0.2F, 0.3F, 1000, -1000, 3, 0, 0, 0, 7, 7, 7}};
  for (const DType dtype : every_type) {
    if (dtype == DType::f8_e4m3) continue;  // below, with what is beyond its range
    conversion.options.dtype = dtype;
    const auto report = conversion.run(text);
    REQUIRE(report.ok());
    CHECK(same_bits(conversion.read_back().values, rounded(dtype, rows)));
    if (report->error) check_close(*report->error, error_of(rows, rounded(dtype, rows)));
  }
}

TEST_CASE("what is beyond f8's range is counted, or stored as the greatest") {
  Conversion conversion;
  const std::string text = "a 1000 -1e30 3\nb 0.5 0.25 4\nc inf 1 2\nd nan 0 0\n";
  conversion.options.dtype = DType::f8_e4m3;
  auto report = conversion.run(text);
  REQUIRE(report.ok());
  Values values = conversion.read_back().values;
  CHECK(std::isnan(values[0]));
  CHECK(std::isnan(values[1]));
  CHECK(std::isnan(values[6]));
  CHECK(std::isnan(values[9]));
  REQUIRE(report->error);
  CHECK(report->error->lost == 2);  // infinity and NaN were not finite before
  CHECK(report->error->max == 0);
  CHECK(report->error->min_cosine == 1);

  conversion.options.saturate = true;
  report = conversion.run(text);
  REQUIRE(report.ok());
  values = conversion.read_back().values;
  CHECK(values[0] == 448);
  CHECK(values[1] == -448);
  CHECK(values[6] == 448);
  CHECK(std::isnan(values[9]));
  CHECK(report->error->lost == 0);
  CHECK(report->error->max == static_cast<double>(1e30F) - 448);

  conversion.options.dtype = DType::f8_e5m2;
  CHECK(conversion.rows(text).values[1] == -57344);
  conversion.options.saturate = false;
  CHECK(conversion.rows(text).values[1] == -std::numeric_limits<float>::infinity());
}

TEST_CASE("a row whose stored form is zero has a cosine of 0, and one without direction has none") {
  Conversion conversion;
  conversion.options.dtype = DType::f8_e4m3;
  const auto report = conversion.run("a 1e-5 1e-5\nb 1 1\nc 0 0\n");
  REQUIRE(report.ok());
  REQUIRE(report->error);
  CHECK(report->error->min_cosine == 0);
  CHECK(report->error->mean_cosine == 0.5);
  const auto none = conversion.run("a 0 0\n");
  REQUIRE(none.ok());
  CHECK(none->error->mean_cosine == 1);
}

TEST_CASE("a row that cannot be quantised is refused by its line, the first of them at any number of threads") {
  Conversion conversion;
  conversion.sizes.chunk = 64;
  std::string text;
  for (int row = 0; row < 4000; ++row) text += row == 1234 || row == 1300 || row == 3999 ? "x 1 nan\n" : "x 1 2\n";
  conversion.options.keys = KeyKind::none;
  for (const int threads : {1, 2, 3, 8}) {
    conversion.options.threads = Threads::own(threads);
    for (const DType dtype : {DType::i8, DType::i4, DType::i2}) {
      conversion.options.dtype = dtype;
      CHECK(conversion.refusal(text, Code::invalid_argument) ==
            "FILE: line 1235 has a NaN or an infinity, which quantised rows of " + std::string(to_string(dtype)) +
                " cannot hold");
    }
  }
  CHECK(conversion.refusal("a 1 2\nb 1e6 2\n", Code::invalid_argument) ==
        "FILE: line 2 has values too large, or too far apart, for the f16 scale and bias of a row of i2");
  conversion.options.dtype = DType::i8;
  CHECK(conversion.rows("a 1 2\nb 1e6 2\n").values[2] == 1e6F);
  CHECK(conversion.refusal("2 2\na 1 2\nb 3e38 -3e38\n", Code::invalid_argument) ==
        "FILE: line 3 has values too large, or too far apart, for the f32 scale and bias of a row of i8");
}

TEST_CASE("a row of a binary file that cannot be quantised is refused by its number") {
  Conversion conversion;
  conversion.options.dtype = DType::i4;
  conversion.sizes = {.batch = 200, .head = 100, .row = 1 << 16, .chunk = 30};
  Rows rows = random_rows(3, 100);
  rows.values[3 * 71 + 2] = std::numeric_limits<float>::infinity();
  rows.values[3 * 80 + 1] = std::nanf("");
  for (const int threads : {1, 3}) {
    conversion.options.threads = Threads::own(threads);
    CHECK(conversion.refusal(word2vec_binary(rows, false), Code::invalid_argument) ==
          "FILE: row 71 (counted from 0) has a NaN or an infinity, which quantised rows of i4 cannot hold");
  }
}

TEST_CASE("the caller's floating-point mode shows neither in quantised rows nor in the error") {
  const std::string text = "a 0.1 0.7 1e-40 0.3333\nb -3.7 12.25 8 0.0625\n";
  Conversion conversion;
  for (const DType dtype : {DType::i8, DType::i4, DType::i2}) {
    conversion.options.dtype = dtype;
    const auto usual = conversion.run(text);
    const std::string expected = read_file(conversion.target());
    const unsigned before = __builtin_ia32_stmxcsr();
    for (const unsigned mode : {0x8040U, 0x2000U, 0x4000U, 0x6000U, 0xE040U}) {  // FTZ and DAZ; down, up, to zero; all
      __builtin_ia32_ldmxcsr(before | mode);
      const auto report = conversion.run(text);
      __builtin_ia32_ldmxcsr(before);
      REQUIRE(report.ok());
      CHECK(read_file(conversion.target()) == expected);
      CHECK(same(*report->error, *usual->error));
    }
  }
}
