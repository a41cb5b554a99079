// Rows of product-quantised matrices against a reading that shares nothing with the decoder.
#include "engine/formats/product.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "engine/support/bytes.hpp"
#include "tests/formats/little_endian.hpp"

namespace {

using namespace rowan;
using namespace rowan::test;
using detail::as_bytes;
using detail::FoundTensor;

constexpr std::uint64_t greatest = std::numeric_limits<std::uint64_t>::max();

float number(std::uint64_t i) { return 0.01F * static_cast<float>(i % 1009) - 3.0F; }

struct Matrix {
  std::string bytes = "?";  // what follows is aligned for nothing
  FoundTensor tensor;

  std::uint64_t append(std::uint64_t count) {
    const std::uint64_t begin = bytes.size();
    for (std::uint64_t i = 0; i < count; ++i) put(bytes, number(31 * i + begin));
    return begin;
  }
};

struct Shape {
  std::uint64_t rows, dim, parts, part_columns, centroids;
};

enum class Norms { none, numbers, codes };

Matrix make(const Shape& shape, Norms norms, bool projection) {
  Matrix made;
  detail::ProductQuantized product{
      .parts = shape.parts, .part_columns = shape.part_columns, .centroids = shape.centroids};
  if (projection) product.projection_offset = made.append(shape.dim * shape.dim);
  product.centroids_offset = made.append(shape.centroids * shape.dim);
  if (norms == Norms::numbers) product.norms_offset = made.append(shape.rows);
  if (norms == Norms::codes) {
    product.norm_centroids_offset = made.append(256);
    product.norm_codes_offset = made.bytes.size();
    for (std::uint64_t i = 0; i < shape.rows; ++i) put(made.bytes, static_cast<std::uint8_t>(83 * i + 250));
  }
  made.tensor.name = "t";
  made.tensor.encoding = detail::Encoding::product;
  made.tensor.shape = {shape.rows, shape.dim};
  made.tensor.offset = made.bytes.size();
  for (std::uint64_t i = 0; i < shape.rows * shape.parts; ++i) {
    put(made.bytes, static_cast<std::uint8_t>((97 * i + 13) % shape.centroids));
  }
  made.tensor.product = product;
  return made;
}

float f32(const Matrix& matrix, std::uint64_t begin, std::uint64_t i) {
  return number_at<float>(matrix.bytes, begin + 4 * i);
}

/// Element (row, column) of the centroids, before projection and norm.
float quantized(const Matrix& matrix, std::uint64_t row, std::uint64_t column) {
  const detail::ProductQuantized& product = *matrix.tensor.product;
  const std::uint64_t part = column / product.part_columns;
  const std::uint64_t first = part * product.part_columns;
  const std::uint64_t columns = std::min(product.part_columns, matrix.tensor.shape[1] - first);
  const auto code = number_at<std::uint8_t>(matrix.bytes, matrix.tensor.offset + row * product.parts + part);
  return f32(matrix, product.centroids_offset, first * product.centroids + code * columns + column - first);
}

float norm(const Matrix& matrix, std::uint64_t row) {
  const detail::ProductQuantized& product = *matrix.tensor.product;
  if (product.norms_offset) return f32(matrix, *product.norms_offset, row);
  if (!product.norm_codes_offset) return 1;
  const auto code = number_at<std::uint8_t>(matrix.bytes, *product.norm_codes_offset + row);
  return f32(matrix, *product.norm_centroids_offset, code);
}

constexpr Shape shapes[] = {
    {7, 1, 1, 1, 256},  {7, 6, 3, 2, 256}, {5, 15, 4, 4, 256}, {5, 15, 1, 15, 256},
    {9, 40, 10, 4, 16}, {3, 37, 2, 36, 1}, {4, 5, 5, 1, 200},  {3, 5, 1, 9, 8},
};

}  // namespace

TEST_CASE("columns are the centroid times the norm, rounded once") {
  for (const Shape& shape : shapes) {
    for (const Norms norms : {Norms::none, Norms::numbers, Norms::codes}) {
      const Matrix matrix = make(shape, norms, false);
      const auto good = detail::check_product(as_bytes(matrix.bytes), matrix.tensor, "p");
      REQUIRE_MESSAGE(good.ok(), good.error().message);
      std::vector<float> row(shape.dim + 1, 77.0F);
      for (std::uint64_t r = 0; r < shape.rows; ++r) {
        detail::decode_product_row(as_bytes(matrix.bytes), matrix.tensor, r, row.data());
        for (std::uint64_t c = 0; c < shape.dim; ++c) CHECK(row[c] == norm(matrix, r) * quantized(matrix, r, c));
        CHECK(row[shape.dim] == 77.0F);
      }
    }
  }
}

TEST_CASE("a projection is multiplied by its transpose, and the norm scales what comes out") {
  for (const Shape& shape : shapes) {
    const Matrix matrix = make(shape, Norms::numbers, true);
    REQUIRE(detail::check_product(as_bytes(matrix.bytes), matrix.tensor, "p").ok());
    std::vector<float> row(shape.dim);
    for (std::uint64_t r = 0; r < shape.rows; ++r) {
      detail::decode_product_row(as_bytes(matrix.bytes), matrix.tensor, r, row.data());
      for (std::uint64_t c = 0; c < shape.dim; ++c) {
        double sum = 0;
        double sizes = 0;
        for (std::uint64_t k = 0; k < shape.dim; ++k) {
          const double term =
              static_cast<double>(quantized(matrix, r, k)) *
              static_cast<double>(f32(matrix, *matrix.tensor.product->projection_offset, c * shape.dim + k));
          sum += term;
          sizes += std::abs(term);
        }
        const double scale = static_cast<double>(norm(matrix, r));
        CHECK(std::abs(static_cast<double>(row[c]) - sum * scale) <= 1e-6 * (sizes * std::abs(scale) + 1e-6));
      }
    }
  }
}

TEST_CASE("a code that turned bad after the check names the last centroid") {
  Matrix matrix = make({1, 4, 2, 2, 8}, Norms::none, false);
  matrix.bytes[matrix.tensor.offset] = static_cast<char>(0xFF);
  std::vector<float> row(4);
  detail::decode_product_row(as_bytes(matrix.bytes), matrix.tensor, 0, row.data());
  CHECK(row[0] == f32(matrix, matrix.tensor.product->centroids_offset, 7 * 2));
}

TEST_CASE("no rows") {
  const Matrix matrix = make({0, 4, 2, 2, 256}, Norms::codes, true);
  CHECK(detail::check_product(as_bytes(matrix.bytes), matrix.tensor, "p").ok());
}

TEST_CASE("refused: shapes, places and codes that contradict the file") {
  struct Hostile {
    std::function<void(Matrix&)> change;
    const char* sentence;
  };
  const Hostile changes[] = {
      {[](Matrix& m) { m.tensor.product.reset(); }, "no description of its codes"},
      {[](Matrix& m) { m.tensor.encoding = detail::Encoding::f32; }, "no description of its codes"},
      {[](Matrix& m) { m.tensor.shape = {4}; }, "has 1 dimensions; it needs two"},
      {[](Matrix& m) {
         m.tensor.strides = {1, 6};
       },
       "read in place only"},
      {[](Matrix& m) { m.tensor.big_endian = true; }, "read in place only"},
      {[](Matrix& m) { m.tensor.deflated.emplace(); }, "read in place only"},
      {[](Matrix& m) { m.tensor.shape[1] = 0; }, "has 0 columns"},
      {[](Matrix& m) { m.tensor.shape[1] = 7; }, "has 7 columns, which 3 parts of 2 columns"},
      {[](Matrix& m) { m.tensor.shape[1] = 4; }, "has 4 columns"},
      {[](Matrix& m) { m.tensor.product->parts = 0; }, "0 parts of 2"},
      {[](Matrix& m) { m.tensor.product->parts = greatest; }, "parts of 2 columns"},
      {[](Matrix& m) { m.tensor.product->part_columns = 0; }, "3 parts of 0"},
      {[](Matrix& m) { m.tensor.product->part_columns = greatest; }, "parts of 18446744073709551615"},
      {[](Matrix& m) { m.tensor.product->centroids = 0; }, "has 0 centroids for a part"},
      {[](Matrix& m) { m.tensor.product->centroids = 257; }, "has 257 centroids for a part"},
      {[](Matrix& m) { m.tensor.product->norm_centroids_offset.reset(); }, "neither numbers nor codes"},
      {[](Matrix& m) { m.tensor.product->norm_codes_offset.reset(); }, "neither numbers nor codes"},
      {[](Matrix& m) { m.tensor.product->norms_offset = 0; }, "neither numbers nor codes"},
      {[](Matrix& m) { m.tensor.product->centroids_offset = m.bytes.size() - 4; }, "has centroids at byte"},
      {[](Matrix& m) { m.tensor.product->centroids_offset = greatest; }, "has centroids at byte 18446744073709551615"},
      {[](Matrix& m) { m.tensor.product->projection_offset = greatest - 3; }, "has projections at byte"},
      {[](Matrix& m) { m.tensor.product->norm_codes_offset = m.bytes.size() - 3; }, "has codes of norms at byte"},
      {[](Matrix& m) { m.tensor.product->norm_centroids_offset = m.bytes.size(); }, "has centroids of norms at byte"},
      {[](Matrix& m) { m.tensor.offset += 1; }, "has codes at byte"},
      {[](Matrix& m) { m.bytes.pop_back(); }, "has codes at byte"},
      {[](Matrix& m) { m.tensor.shape[0] = greatest; }, "that end beyond the"},
      {[](Matrix& m) { m.tensor.shape[0] = greatest / 3; }, "that end beyond the"},
      {[](Matrix& m) { m.bytes[m.tensor.offset + 5] = 100; }, "has the code 100 at byte"},
  };
  for (const Hostile& hostile : changes) {
    CAPTURE(hostile.sentence);
    Matrix matrix = make({4, 6, 3, 2, 100}, Norms::codes, true);
    hostile.change(matrix);
    const auto refused = detail::check_product(as_bytes(matrix.bytes), matrix.tensor, "p");
    REQUIRE(!refused.ok());
    CAPTURE(refused.error().message);
    CHECK(refused.error().code == Code::malformed_file);
    CHECK(refused.error().message.starts_with("p: the product-quantised tensor 't' "));
    CHECK(contains(refused.error().message, hostile.sentence));
  }
  Matrix matrix = make({4, 6, 3, 2, 100}, Norms::numbers, false);
  matrix.tensor.product->norms_offset = matrix.bytes.size() - 15;
  CHECK(
      contains(detail::check_product(as_bytes(matrix.bytes), matrix.tensor, "p").error().message, "has norms at byte"));
}
