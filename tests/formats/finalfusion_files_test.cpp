// The finalfusion files of its own test data, against values that were read independently.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <sstream>

#include "engine/formats/product.hpp"
#include "engine/formats/registry.hpp"
#include "engine/support/bytes.hpp"
#include "tests/formats/little_endian.hpp"
#include "tests/support/files.hpp"

namespace {

using namespace rowan;
using namespace rowan::test;
using detail::as_bytes;

detail::FoundFile found_in(const std::string& bytes) {
  auto found = detail::finalfusion_format.read(as_bytes(bytes), "f.fifu");
  REQUIRE_MESSAGE(found.ok(), found.error().message);
  return std::move(*found);
}

struct Row {
  std::string word;
  std::vector<float> values;
};

/// The table as text, which finalfusion wrote beside the others.
std::vector<Row> text_rows() {
  std::istringstream lines(read_file(data_file("finalfusion/similarity.txt")));
  std::string line;
  std::getline(lines, line);  // the shape
  std::vector<Row> rows;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    Row row;
    fields >> row.word;
    for (float value = 0; fields >> value;) row.values.push_back(value);
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

TEST_CASE("similarity.fifu is similarity.txt") {
  const std::string bytes = read_file(data_file("finalfusion/similarity.fifu"));
  const detail::FoundFile found = found_in(bytes);
  const std::vector<Row> rows = text_rows();
  REQUIRE(rows.size() == 41);
  REQUIRE(found.tensors.size() == 1);
  const detail::FoundTensor& matrix = found.tensors[0];
  CHECK(matrix.shape == std::vector<std::uint64_t>{41, 100});
  CHECK(matrix.offset == 576);
  CHECK(found.notes.empty());
  REQUIRE(found.keys.size() == 41);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    CHECK(found.keys[r] == rows[r].word);
    REQUIRE(rows[r].values.size() == 100);
    for (std::size_t c = 0; c < 100; ++c) {
      CHECK(number_at<float>(bytes, matrix.offset + 4 * (100 * r + c)) == rows[r].values[c]);
    }
  }
}

TEST_CASE("quantized.fifu comes near to similarity.txt, and to known values") {
  const std::string bytes = read_file(data_file("finalfusion/quantized.fifu"));
  const detail::FoundFile found = found_in(bytes);
  const std::vector<Row> rows = text_rows();
  REQUIRE(found.tensors.size() == 1);
  const detail::FoundTensor& matrix = found.tensors[0];
  CHECK(matrix.shape == std::vector<std::uint64_t>{41, 100});
  CHECK(matrix.offset == 13560);
  CHECK(matrix.product->parts == 50);
  CHECK(matrix.product->part_columns == 2);
  CHECK(matrix.product->centroids == 32);
  CHECK(matrix.product->centroids_offset == 596);
  CHECK(matrix.product->norms_offset == 13396);
  CHECK(!matrix.product->projection_offset);
  REQUIRE(found.keys.size() == 41);
  CHECK(found.keys.back() == "Berlin-Spandau");

  std::vector<float> row(100);
  double errors = 0;
  double squares = 0;
  for (std::size_t r = 0; r < 41; ++r) {
    CHECK(found.keys[r] == rows[r].word);
    detail::decode_product_row(as_bytes(bytes), matrix, r, row.data());
    for (std::size_t c = 0; c < 100; ++c) {
      errors += std::pow(static_cast<double>(row[c]) - static_cast<double>(rows[r].values[c]), 2.0);
      squares += std::pow(static_cast<double>(rows[r].values[c]), 2.0);
    }
  }
  CHECK(std::sqrt(errors / squares) < 0.1);
  detail::decode_product_row(as_bytes(bytes), matrix, 0, row.data());
  CHECK(row[0] == doctest::Approx(1.4724287).epsilon(1e-6));
  CHECK(row[1] == doctest::Approx(-3.0660472).epsilon(1e-6));
  detail::decode_product_row(as_bytes(bytes), matrix, 5, row.data());
  CHECK(row[50] == doctest::Approx(-0.9842732).epsilon(1e-6));
}

TEST_CASE("quantized_storage.bin, which is a chunk alone, behind a header") {
  std::string bytes = "FiFu";
  for (const std::uint32_t number : {0U, 1U, 4U}) put(bytes, number);
  bytes += read_file(data_file("finalfusion/quantized_storage.bin"));
  const detail::FoundFile found = found_in(bytes);
  const detail::FoundTensor& matrix = found.tensors.at(0);
  CHECK(matrix.shape == std::vector<std::uint64_t>{100, 100});
  CHECK(matrix.product->parts == 10);
  CHECK(matrix.product->part_columns == 10);
  CHECK(matrix.product->centroids == 16);
  CHECK(found.keys.empty());
  std::vector<float> row(100);
  detail::decode_product_row(as_bytes(bytes), matrix, 5, row.data());
  CHECK(row[50] == doctest::Approx(550.1083).epsilon(1e-6));
  detail::decode_product_row(as_bytes(bytes), matrix, 99, row.data());
  CHECK(row[99] == doctest::Approx(10004.298).epsilon(1e-6));
}

TEST_CASE("cut anywhere") {
  for (const char* name : {"finalfusion/similarity.fifu", "finalfusion/quantized.fifu"}) {
    const std::string bytes = read_file(data_file(name));
    bool refused = true;
    for (std::size_t size = 0; size < bytes.size(); size += 7) {
      refused =
          refused && !detail::finalfusion_format.read(as_bytes(std::string_view(bytes).substr(0, size)), name).ok();
    }
    CHECK(refused);
  }
}
