// One conversion as the tests of importers make it: a source in a folder of its own, the result opened.
#pragma once

#include <doctest/doctest.h>
#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/convert/convert.hpp"
#include "engine/support/error.hpp"
#include "rowan/rowan.hpp"
#include "simd/scalar.hpp"
#include "tests/support/files.hpp"

namespace rowan::test {

inline constexpr DType every_type[] = {DType::f32,     DType::f16, DType::bf16, DType::f8_e4m3,
                                       DType::f8_e5m2, DType::i8,  DType::i4,   DType::i2};

/// Rows of a table with their tokens, as a test expects or finds them.
struct Rows {
  std::uint64_t dim = 0;
  std::vector<std::string> tokens;
  std::vector<float> values;
};

/// A converter with a folder; every call of run() writes the source and the target anew.
class Conversion {
 public:
  detail::BatchSizes sizes;
  ConvertOptions options;

  const TemporaryFolder& folder() const { return folder_; }
  std::string source() const { return folder_ / "source"; }
  std::string target() const { return folder_ / "target.safetensors"; }

  Result<ConvertReport> run(std::string_view bytes) {
    write_file(source(), bytes);
    options.overwrite = true;
    return detail::guarded([&] { return detail::convert_in_batches(source(), target(), options, sizes); });
  }

  /// Converts what must be convertible and returns what the file then holds.
  Rows rows(std::string_view bytes) {
    const auto report = run(bytes);
    REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().message));
    return read_back();
  }

  Rows read_back() const {
    const auto table = Table::open(target());
    REQUIRE_MESSAGE(table.ok(), (table.ok() ? "" : table.error().message));
    Rows found{.dim = table->dim(), .tokens = {}, .values = {}};
    found.values.resize(table->rows() * table->dim());
    for (std::uint64_t row = 0; row < table->rows(); ++row) {
      simd::decode_row(static_cast<simd::Element>(table->dtype()), table->view().data() + row * table->row_stride(),
                       table->dim(), found.values.data() + row * table->dim());
      const auto key = table->vocabulary().key(row);
      if (key) found.tokens.emplace_back(*key);
    }
    return found;
  }

  /// Converts what must be refused: the sentence, and a check that nothing is left behind.
  std::string refusal(std::string_view bytes, Code expected = Code::malformed_file) {
    std::filesystem::remove(target());
    const auto report = run(bytes);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().code == expected);
    CHECK(files() == 1);  // the source
    std::string message = report.error().message;
    const std::size_t at = message.find(source());
    if (at != std::string::npos) message.replace(at, source().size(), "FILE");
    return message;
  }

  std::size_t files() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_.path())) ++count;
    return count;
  }

 private:
  TemporaryFolder folder_;
};

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

/// One gzip member.
inline std::string gzip(std::string_view bytes) {
  z_stream stream = {};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// A word2vec binary file.
inline std::string word2vec_binary(const Rows& rows, bool newlines) {
  std::string bytes = std::to_string(rows.tokens.size()) + " " + std::to_string(rows.dim) + "\n";
  for (std::size_t row = 0; row < rows.tokens.size(); ++row) {
    bytes += rows.tokens[row] + " ";
    bytes.append(reinterpret_cast<const char*>(rows.values.data() + row * rows.dim), rows.dim * sizeof(float));
    if (newlines) bytes += '\n';
  }
  return bytes;
}

}  // namespace rowan::test
