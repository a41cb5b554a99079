// Every real table converts and gives back each value to the last bit, held against a reading that shares
// nothing with the importers: strtof for text, memcpy for binary, zlib's file functions for gzip.
#include <doctest/doctest.h>
#include <zlib.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "tests/convert/conversion.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

std::string unpacked(const std::string& path) {
  std::string bytes;
  gzFile file = gzopen(path.c_str(), "rb");  // reads plain files as they are
  REQUIRE(file != nullptr);
  char buffer[8192];
  for (int got = 0; (got = gzread(file, buffer, sizeof buffer)) > 0;)
    bytes.append(buffer, static_cast<std::size_t>(got));
  gzclose(file);
  return bytes;
}

/// No token of these files holds a space.
Rows read_text(const std::string& bytes, bool header) {
  Rows rows;
  std::istringstream lines(bytes);
  std::string line;
  if (header) std::getline(lines, line);
  while (std::getline(lines, line)) {
    const std::size_t space = line.find(' ');
    rows.tokens.push_back(line.substr(0, space));
    rows.dim = 0;
    for (const char* p = line.c_str() + space; *p != '\0';) {
      char* end = nullptr;
      const float value = std::strtof(p, &end);
      if (end == p) break;
      rows.values.push_back(value);
      ++rows.dim;
      p = end;
    }
  }
  return rows;
}

Rows read_binary(const std::string& bytes, bool newlines) {
  std::istringstream header(bytes);
  std::size_t count = 0;
  Rows rows;
  header >> count >> rows.dim;
  std::size_t at = bytes.find('\n') + 1;
  rows.values.resize(count * rows.dim);
  for (std::size_t row = 0; row < count; ++row) {
    const std::size_t space = bytes.find(' ', at);
    rows.tokens.push_back(bytes.substr(at, space - at));
    std::memcpy(rows.values.data() + row * rows.dim, bytes.data() + space + 1, rows.dim * sizeof(float));
    at = space + 1 + rows.dim * sizeof(float) + (newlines ? 1 : 0);
  }
  REQUIRE(at == bytes.size());
  return rows;
}

struct RealFile {
  const char* path;
  SourceFormat format;
  bool newlines;
  std::uint64_t rows;
  std::uint64_t dim;
  std::uint64_t invalid_utf8;
};

constexpr auto glove = SourceFormat::glove_text;
constexpr auto text = SourceFormat::word2vec_text;
constexpr auto binary = SourceFormat::word2vec_binary;

constexpr RealFile real_files[] = {
    {"tables/bnosac.example.bin", binary, true, 640, 15, 0},
    {"tables/bnosac.example.txt", text, true, 640, 15, 0},
    {"tables/glove.6B.100d.sample.txt.gz", glove, true, 100, 100, 0},
    {"tables/glove.6B.300d.sample.txt.gz", glove, true, 100, 300, 0},
    {"tables/glove.6B.50d.first2446.txt", glove, true, 2446, 50, 5},
    {"tables/medallia.tokensModel.bin", binary, true, 1186, 200, 0},
    {"tables/medallia.tokensModel.txt", text, true, 1186, 200, 0},
    {"word2vec/EN.1-10.cbow1_wind5_hs0_neg10_size300_smpl1e-05.txt", text, true, 20, 300, 0},
    {"word2vec/IT.1-10.cbow1_wind5_hs0_neg10_size300_smpl1e-05.txt", text, true, 20, 300, 0},
    {"word2vec/euclidean_vectors.bin", binary, false, 2747, 10, 0},
    {"word2vec/high_precision.kv.bin", binary, false, 2, 2, 0},
    {"word2vec/high_precision.kv.txt", text, true, 2, 2, 0},
    {"word2vec/poincare_vectors.bin", binary, false, 1182, 10, 0},
    {"word2vec/test_glove.txt", glove, true, 76, 50, 0},
    {"word2vec/w2v_keyedvectors_load_test.modeldata", text, true, 2, 3, 2},
    {"word2vec/word2vec_pre_kv_c", text, true, 1750, 10, 0},
    {"fasttext/crime-and-punishment.vec", text, true, 291, 5, 0},
    {"fasttext/lee_fasttext.vec", text, true, 1762, 10, 0},
    {"fasttext/toy-model.vec", text, true, 22, 5, 0},
};

double length(const Rows& rows, std::size_t row) {
  double squares = 0;
  for (std::size_t c = 0; c < rows.dim; ++c) squares += std::pow(rows.values[row * rows.dim + c], 2.0);
  return std::sqrt(squares);
}

Rows converted(const std::string& path) {
  Conversion conversion;
  REQUIRE(convert(path, conversion.target()).ok());
  return conversion.read_back();
}

}  // namespace

TEST_CASE("every real table, to the last bit") {
  for (const RealFile& file : real_files) {
    CAPTURE(file.path);
    const std::string path = data_file(file.path);
    const std::string bytes = unpacked(path);
    const Rows expected =
        file.format == binary ? read_binary(bytes, file.newlines) : read_text(bytes, file.format == text);
    for (const int threads : {1, 2}) {
      Conversion conversion;
      const auto report = convert(path, conversion.target(), {.threads = Threads::own(threads)});
      REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().message));
      CHECK(report->from == file.format);
      CHECK(report->rows == file.rows);
      CHECK(report->dim == file.dim);
      CHECK(report->invalid_utf8 == file.invalid_utf8);
      CHECK(report->duplicates == 0);
      CHECK(verify(conversion.target()).ok());
      const Rows found = conversion.read_back();
      CHECK(found.tokens == expected.tokens);
      CHECK(same_bits(found.values, expected.values));
    }
  }
}

TEST_CASE("no real table is left out") {
  for (const char* folder : {"tables", "word2vec"}) {
    for (const auto& entry : std::filesystem::directory_iterator(data_file(folder))) {
      const std::string name = std::string(folder) + "/" + entry.path().filename().string();
      bool listed = name == "word2vec/w2v_keyedvectors_load_test.vocab";  // refused, below
      for (const RealFile& file : real_files) listed = listed || name == file.path;
      CHECK_MESSAGE(listed, name);
    }
  }
}

TEST_CASE("binary and text of one model agree") {
  const Rows medallia_bin = converted(data_file("tables/medallia.tokensModel.bin"));
  const Rows medallia_txt = converted(data_file("tables/medallia.tokensModel.txt"));
  CHECK(medallia_bin.tokens == medallia_txt.tokens);
  REQUIRE(medallia_bin.values.size() == medallia_txt.values.size());
  for (std::size_t i = 0; i < medallia_bin.values.size(); ++i) {  // %f: six decimals
    CHECK(std::abs(medallia_bin.values[i] - medallia_txt.values[i]) <= 5.1e-7F);
  }
  const Rows bnosac_bin = converted(data_file("tables/bnosac.example.bin"));
  const Rows bnosac_txt = converted(data_file("tables/bnosac.example.txt"));
  CHECK(bnosac_bin.tokens == bnosac_txt.tokens);
  // This text has every row scaled to a mean square of 1: directions agree.
  REQUIRE(bnosac_bin.values.size() == bnosac_txt.values.size());
  for (std::size_t i = 0; i < bnosac_bin.values.size(); ++i) {
    const std::size_t row = i / bnosac_bin.dim;
    CHECK(std::abs(bnosac_bin.values[i] / length(bnosac_bin, row) - bnosac_txt.values[i] / length(bnosac_txt, row)) <
          1e-7);
  }
  const Rows precise_bin = converted(data_file("word2vec/high_precision.kv.bin"));
  const Rows precise_txt = converted(data_file("word2vec/high_precision.kv.txt"));
  CHECK(precise_bin.tokens == precise_txt.tokens);
  REQUIRE(precise_bin.values.size() == precise_txt.values.size());
  for (std::size_t i = 0; i < precise_bin.values.size(); ++i) {  // the binary was rounded to 16 bits
    CHECK(std::abs(precise_bin.values[i] - precise_txt.values[i]) < 3e-7F);
  }
}
