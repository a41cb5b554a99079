// finalfusion files made by hand: every kind of chunk, and refusals of what contradicts the file.
#include <doctest/doctest.h>

#include <functional>
#include <limits>

#include "engine/formats/registry.hpp"
#include "engine/support/bytes.hpp"
#include "tests/formats/damaged.hpp"
#include "tests/formats/little_endian.hpp"

namespace {

using namespace rowan;
using namespace rowan::test;
using detail::as_bytes;
using detail::Encoding;
using detail::FoundFile;

constexpr std::uint64_t greatest = std::numeric_limits<std::uint64_t>::max();

/// A file of chunks that are given as their content, which is told where it begins.
class FinalfusionFile {
 public:
  using Content = std::function<std::string(std::size_t begin)>;

  FinalfusionFile& add(std::uint32_t id, Content content) {
    chunks_.emplace_back(id, std::move(content));
    return *this;
  }
  FinalfusionFile& add(std::uint32_t id, std::string content) {
    return add(id, [content = std::move(content)](std::size_t) { return content; });
  }
  std::string bytes() const {
    std::string file = "FiFu";
    put(file, std::uint32_t{0});
    put(file, static_cast<std::uint32_t>(chunks_.size()));
    for (const auto& [id, content] : chunks_) put(file, id);
    for (const auto& [id, content] : chunks_) {
      const std::string body = content(file.size() + 12);
      put(file, id);
      put(file, std::uint64_t{body.size()});
      file += body;
    }
    return file;
  }

 private:
  std::vector<std::pair<std::uint32_t, Content>> chunks_;
};

void put_text(std::string& bytes, std::string_view text) {
  put(bytes, static_cast<std::uint32_t>(text.size()));
  bytes += text;
}

void put_padding(std::string& bytes, std::size_t begin) { bytes.append(4 - (begin + bytes.size()) % 4, '\xAA'); }

std::string simple(const std::vector<std::string_view>& words) {
  std::string bytes;
  put(bytes, std::uint64_t{words.size()});
  for (const auto word : words) put_text(bytes, word);
  return bytes;
}

std::string buckets(const std::vector<std::string_view>& words, std::uint32_t count) {
  std::string bytes;
  put(bytes, std::uint64_t{words.size()});
  for (const std::uint32_t number : {3U, 6U, count}) put(bytes, number);
  for (const auto word : words) put_text(bytes, word);
  return bytes;
}

std::string explicit_ngrams(const std::vector<std::string_view>& words, const std::vector<std::uint64_t>& rows) {
  std::string bytes;
  put(bytes, std::uint64_t{words.size()});
  put(bytes, std::uint64_t{rows.size()});
  for (const std::uint32_t number : {3U, 6U}) put(bytes, number);
  for (const auto word : words) put_text(bytes, word);
  for (const std::uint64_t row : rows) {
    put_text(bytes, "<ab");
    put(bytes, row);
  }
  return bytes;
}

std::string floret(std::uint64_t count, std::uint32_t hashes) {
  std::string bytes;
  for (const std::uint32_t number : {4U, 5U}) put(bytes, number);
  put(bytes, count);
  for (const std::uint32_t number : {hashes, 2166136261U}) put(bytes, number);
  for (const std::string_view bracket : {"<", ">"}) put_text(bytes, bracket);
  return bytes;
}

FinalfusionFile::Content array(std::uint64_t rows, std::uint32_t columns, std::uint32_t type = 10) {
  return [=](std::size_t begin) {
    std::string bytes;
    put(bytes, rows);
    put(bytes, columns);
    put(bytes, type);
    put_padding(bytes, begin);
    for (std::uint64_t i = 0; i < rows * columns; ++i) put(bytes, static_cast<float>(i));
    return bytes;
  };
}

FinalfusionFile::Content norms(std::uint64_t count) {
  return [=](std::size_t begin) {
    std::string bytes;
    put(bytes, count);
    put(bytes, std::uint32_t{10});
    put_padding(bytes, begin);
    for (std::uint64_t i = 0; i < count; ++i) put(bytes, static_cast<float>(i) + 0.5F);
    return bytes;
  };
}

/// 2 parts of 2 columns, 3 centroids.
FinalfusionFile::Content quantized(std::uint64_t rows, bool projection, bool with_norms) {
  return [=](std::size_t begin) {
    std::string bytes;
    for (const std::uint32_t number : {std::uint32_t{projection}, std::uint32_t{with_norms}, 2U, 4U, 3U}) {
      put(bytes, number);
    }
    put(bytes, rows);
    for (const std::uint32_t type : {1U, 10U}) put(bytes, type);
    put_padding(bytes, begin);
    for (int i = 0; i < (projection ? 16 : 0); ++i) put(bytes, 1.0F);
    for (int i = 0; i < 12; ++i) put(bytes, static_cast<float>(i));
    for (std::uint64_t i = 0; i < (with_norms ? rows : 0); ++i) put(bytes, 2.0F);
    for (std::uint64_t i = 0; i < 2 * rows; ++i) put(bytes, static_cast<std::uint8_t>(i % 3));
    return bytes;
  };
}

FoundFile found_in(const FinalfusionFile& file, std::string& bytes) {
  bytes = file.bytes();
  auto found = detail::finalfusion_format.read(as_bytes(bytes), "f.fifu");
  REQUIRE_MESSAGE(found.ok(), found.error().message);
  CHECK(found->what == "finalfusion embeddings");
  CHECK(found->table == "embedding");
  return std::move(*found);
}

std::string refusal(const std::string& bytes, Code code = Code::malformed_file) {
  const auto found = detail::finalfusion_format.read(as_bytes(bytes), "f.fifu");
  REQUIRE(!found.ok());
  CHECK(found.error().code == code);
  CHECK(found.error().message.starts_with("f.fifu"));
  return found.error().message;
}

FinalfusionFile two_words() { return FinalfusionFile().add(1, simple({"ab", "c"})).add(2, array(2, 3)); }

}  // namespace

TEST_CASE("words and a matrix, which begins behind its padding wherever the words end") {
  for (std::size_t length = 0; length < 5; ++length) {
    std::string bytes;
    const std::string word(length, 'w');
    const FoundFile found = found_in(FinalfusionFile().add(1, simple({word, "c"})).add(2, array(2, 3)), bytes);
    CHECK(found.keys == std::vector<std::string_view>{word, "c"});
    CHECK(found.keys_owner == nullptr);
    CHECK(found.notes.empty());
    REQUIRE(found.tensors.size() == 1);
    CHECK(found.tensors[0].name == "embedding");
    CHECK(found.tensors[0].type == "f32");
    CHECK(found.tensors[0].encoding == Encoding::f32);
    CHECK(found.tensors[0].shape == std::vector<std::uint64_t>{2, 3});
    CHECK(found.tensors[0].offset == bytes.size() - 2 * 3 * 4);
    CHECK(found.tensors[0].offset % 4 == 0);
  }
}

TEST_CASE("norms and metadata, in any order") {
  std::string bytes;
  const FoundFile found = found_in(
      FinalfusionFile().add(5, "a = 1\n").add(6, norms(2)).add(2, array(2, 3)).add(1, simple({"ab", "c"})), bytes);
  REQUIRE(found.tensors.size() == 2);
  CHECK(found.tensors[0].name == "norms");
  CHECK(found.tensors[0].shape == std::vector<std::uint64_t>{2});
  CHECK(number_at<float>(bytes, found.tensors[0].offset) == 0.5F);
  CHECK(number_at<float>(bytes, found.tensors[1].offset + 4) == 1.0F);
  REQUIRE(found.notes.size() == 2);
  CHECK(contains(found.notes[0], "its metadata, 6 bytes of TOML at byte 40, are left out"));
  CHECK(contains(found.notes[1], "rows are unit vectors"));
}

TEST_CASE("a quantised matrix") {
  for (const bool projection : {false, true}) {
    for (const bool with_norms : {false, true}) {
      std::string bytes;
      const FoundFile found =
          found_in(FinalfusionFile().add(1, simple({"ab", "c"})).add(4, quantized(2, projection, with_norms)), bytes);
      const detail::FoundTensor& matrix = found.tensors.at(0);
      CHECK(matrix.encoding == Encoding::product);
      CHECK(matrix.shape == std::vector<std::uint64_t>{2, 4});
      CHECK(matrix.offset == bytes.size() - 4);
      REQUIRE(matrix.product);
      CHECK(matrix.product->parts == 2);
      CHECK(matrix.product->part_columns == 2);
      CHECK(matrix.product->centroids == 3);
      const std::size_t norms_begin = bytes.size() - 4 - (with_norms ? 8 : 0);
      CHECK(matrix.product->norms_offset == (with_norms ? std::optional<std::uint64_t>(norms_begin) : std::nullopt));
      CHECK(matrix.product->centroids_offset == norms_begin - 48);
      CHECK(matrix.product->projection_offset ==
            (projection ? std::optional<std::uint64_t>(norms_begin - 48 - 64) : std::nullopt));
      CHECK(!matrix.product->norm_codes_offset);
    }
  }
}

TEST_CASE("vocabularies with n-grams") {
  struct Case {
    std::uint32_t id;
    std::string content;
    std::uint64_t rows;
    std::size_t keys;
    const char* note;
  };
  const Case cases[] = {
      {3, buckets({"ab", "c"}, 2), 6, 2, "rows 2 to 5 are n-grams of 3 to 6 characters"},
      {7, buckets({"ab", "c"}, 3), 5, 2, "rows 2 to 4 are n-grams"},
      {8, explicit_ngrams({"ab", "c"}, {0, 1, 0, 2}), 5, 2, "rows 2 to 4 are n-grams"},
      {9, floret(4, 2), 4, 0, "rows 0 to 3 are n-grams of 4 to 5 characters"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.id);
    std::string bytes;
    const FoundFile found = found_in(FinalfusionFile().add(one.id, one.content).add(2, array(one.rows, 3)), bytes);
    CHECK(found.keys.size() == one.keys);
    REQUIRE(found.notes.size() == 1);
    CHECK(contains(found.notes[0], one.note));
    const std::string more = FinalfusionFile().add(one.id, one.content).add(2, array(one.rows + 1, 3)).bytes();
    CHECK(contains(refusal(more), "words and its n-grams take"));
  }
}

TEST_CASE("no vocabulary, and chunks of types that are not known") {
  std::string bytes;
  const FoundFile found = found_in(
      FinalfusionFile().add(77, "abc").add(0, "").add(77, "").add(78, "").add(79, "").add(2, array(2, 3)), bytes);
  CHECK(found.keys.empty());
  REQUIRE(found.notes.size() == 5);
  CHECK(contains(found.notes[0], "a chunk of the unknown type 77, 3 bytes at byte 48, is left out"));
  CHECK(contains(found.notes[3], "it has no vocabulary"));
  CHECK(contains(found.notes[4], "2 more chunks of unknown types are left out"));
}

TEST_CASE("refused: headers") {
  const std::string good = two_words().bytes();
  const auto changed = [&](std::size_t place, std::uint32_t number) {
    std::string bytes = good;
    put_at(bytes, place, number);
    return bytes;
  };
  CHECK(contains(refusal(changed(0, 0)), "does not begin with finalfusion's 'FiFu'"));
  CHECK(contains(refusal(changed(4, 1), Code::format_unsupported), "version 1; version 0 is read"));
  CHECK(contains(refusal(changed(8, 0xFFFFFFFF)), "claims 4294967295 chunks"));
  CHECK(contains(refusal(changed(8, 1)), "has a chunk of type 2 at byte 16 where its header lists type 1"));
  CHECK(contains(refusal(changed(16, 1)), "has a chunk of type 2 at byte"));
  // What its own library leaves alone is noted.
  const std::string more = good + "x";
  const auto longer = detail::finalfusion_format.read(as_bytes(more), "f.fifu");
  REQUIRE(longer.ok());
  CHECK(longer->notes.back() == "1 byte behind its last chunk is left out");
  CHECK(contains(refusal(changed(24, 0x7FFFFFFF)), "claims 2147483647 bytes"));
  CHECK(contains(refusal(changed(28, 0xFFFFFFFF)), "that claims 184467440"));
  CHECK(contains(refusal(""), "does not begin"));
  CHECK(contains(refusal(FinalfusionFile().bytes(), Code::format_unsupported), "without a matrix"));
  CHECK(contains(refusal(FinalfusionFile().add(1, simple({"a"})).bytes(), Code::format_unsupported),
                 "without a matrix of embeddings"));
}

TEST_CASE("refused: chunks that occur twice or do not agree") {
  CHECK(contains(refusal(two_words().add(1, simple({})).bytes()), "has a second vocabulary chunk"));
  CHECK(
      contains(refusal(two_words().add(7, buckets({}, 0)).bytes()), "has a second fastText subword vocabulary chunk"));
  CHECK(
      contains(refusal(two_words().add(4, quantized(2, false, false)).bytes()), "has a second quantised matrix chunk"));
  CHECK(contains(refusal(two_words().add(6, norms(2)).add(6, norms(2)).bytes()), "has a second norms chunk"));
  CHECK(contains(refusal(two_words().add(5, "").add(5, "").bytes()), "has a second metadata chunk"));
  CHECK(contains(refusal(two_words().add(6, norms(1)).bytes()), "has 1 norms for 2 words"));
  CHECK(contains(refusal(FinalfusionFile().add(2, array(2, 3)).add(6, norms(3)).bytes()), "has 3 norms"));
  CHECK(contains(refusal(FinalfusionFile().add(1, simple({"a"})).add(2, array(2, 3)).bytes()),
                 "has a matrix of 2 rows, and its 1 words and its n-grams take 1"));
}

TEST_CASE("refused: contents of chunks") {
  // A chunk alone, its content at byte 28, and a number in it changed.
  struct Case {
    std::uint32_t id;
    FinalfusionFile::Content content;
    std::size_t place;
    std::uint64_t number;
    std::size_t width;
    const char* sentence;
    Code code = Code::malformed_file;
  };
  const auto constant = [](std::string text) { return [text = std::move(text)](std::size_t) { return text; }; };
  const std::string words = simple({"ab", "c"});
  const Code unsupported = Code::format_unsupported;
  const Case cases[] = {
      {1, constant(words), 0, 1, 8,
       "f.fifu: its vocabulary chunk at byte 28 claims 5 bytes more than its content takes"},
      {1, constant(words), 0, 3, 8, "claims 3 words, at least 4 bytes each, and has 11 left"},
      {1, constant(words), 0, greatest, 8, "claims 18446744073709551615 words, at least 4 bytes each, and has 11 left"},
      {1, constant(words), 8, 0xFFFFFFFF, 4, "ends at byte 47, in its words"},
      {3, constant(buckets({"ab"}, 4)), 16, 64, 4, "has 2^64 buckets; at most 2^63"},
      {3, constant(buckets({"ab"}, 4)), 0, greatest / 4, 8, "words, at least 4 bytes each"},
      {8, constant(explicit_ngrams({}, {0, 1})), 8, greatest, 8, "in its n-grams"},
      {8, constant(explicit_ngrams({}, {0, 2})), 0, 0, 8, "has the n-gram '<ab' in row 2 of 2 n-grams"},
      {8, constant(explicit_ngrams({}, {0, 1})), 8, 1, 8, "claims 15 bytes more"},
      {9, constant(floret(4, 2)), 16, 0, 4, "has 0 hashes for an n-gram"},
      {9, constant(floret(4, 2)), 16, 5, 4, "has 5 hashes for an n-gram"},
      {9, constant(floret(4, 2)), 24, 7, 4, "in its beginning of a word"},
      {9, constant(floret(4, 2)), 29, 2, 4, "in its end of a word"},
      {2, array(2, 3), 0, greatest, 8, "claims a matrix of 18446744073709551615 x 3 elements of 4 bytes and has 24"},
      {2, array(2, 3), 0, std::uint64_t{1} << 62, 8, "claims a matrix of 4611686018427387904 x 3"},
      {2, array(2, 3), 0, 1, 8, "f.fifu: its matrix chunk at byte 28 claims 12 bytes more"},
      {2, array(2, 3), 8, 0, 4, "has 0 columns"},
      {2, array(2, 3), 8, 4, 4, "claims a matrix of 2 x 4 elements of 4 bytes and has 24 bytes left"},
      {2, array(2, 3), 12, 11, 4, "has elements of type 11 as values; type 10 (f32) is read", unsupported},
      {6, norms(2), 0, greatest, 8, "claims norms of 18446744073709551615 x 1"},
      {6, norms(2), 8, 1, 4, "has elements of type 1 as values", unsupported},
      {4, quantized(2, true, true), 0, 0, 4, "bytes more than its content takes"},
      {4, quantized(2, true, true), 4, 0, 4, "claims 8 bytes more"},
      {4, quantized(2, true, true), 8, 0, 4, "has 4 columns in 0 parts"},
      {4, quantized(2, true, true), 8, 3, 4, "has 4 columns in 3 parts, which are not all alike"},
      {4, quantized(2, true, true), 12, 0, 4, "has 0 columns in 2 parts"},
      {4, quantized(2, true, true), 12, 0xFFFFFFFE, 4, "claims a projection of 4294967294 x 4294967294"},
      {4, quantized(2, true, true), 16, 0xFFFFFFFF, 4, "claims centroids of 4294967295 x 4"},
      {4, quantized(2, true, true), 20, greatest, 8, "claims norms of 18446744073709551615 x 1"},
      {4, quantized(2, true, false), 20, greatest, 8, "claims codes of 18446744073709551615 x 2"},
      {4, quantized(2, false, false), 28, 2, 4, "has elements of type 2 as codes; type 1 (u8) is read", unsupported},
      {4, quantized(2, false, false), 32, 1, 4, "has elements of type 1 as values", unsupported},
      {4, quantized(2, false, false), 88, 3, 1,
       "tensor 'embedding' has the code 3 at byte 116, and its parts have 3 centroids"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.id);
    CAPTURE(one.sentence);
    std::string bytes = FinalfusionFile().add(one.id, one.content).bytes();
    std::memcpy(bytes.data() + 28 + one.place, &one.number, one.width);
    const std::string message = refusal(bytes, one.code);
    CAPTURE(message);
    CHECK(contains(message, one.sentence));
  }
}

TEST_CASE("cut anywhere, and with any byte changed") {
  const FinalfusionFile files[] = {
      FinalfusionFile(two_words()).add(6, norms(2)).add(5, "a = 1"),
      FinalfusionFile().add(8, explicit_ngrams({"ab", "c"}, {0, 1})).add(4, quantized(4, true, true)),
      FinalfusionFile().add(7, buckets({"ab", "c"}, 3)).add(2, array(5, 1)),
  };
  for (const FinalfusionFile& file : files) {
    std::size_t accepted = 0;
    for_each_damage(file.bytes(), few_changes, [&](std::span<const std::byte> bytes, bool whole) {
      const auto found = detail::finalfusion_format.read(bytes, "f.fifu");
      CHECK((whole || !found.ok()));
      accepted += found.ok() ? 1 : 0;
    });
    CHECK(accepted > 0);
  }
}
