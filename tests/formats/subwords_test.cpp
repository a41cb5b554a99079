// Words to rows and to vectors on models made by hand.
#include "rowan/subwords.hpp"

#include <doctest/doctest.h>

#include <cstring>

#include "engine/formats/fasttext_model.hpp"
#include "tests/formats/fasttext_bytes.hpp"
#include "tests/support/files.hpp"

namespace {

using namespace rowan;
using namespace rowan::test;

using Rows = std::vector<std::int64_t>;

Subwords opened(const FastTextFile& file) {
  const TemporaryFolder folder;
  write_file(folder / "m.bin", file.bytes);
  auto model = Subwords::open(folder / "m.bin");
  REQUIRE_MESSAGE(model.ok(), model.error().message);
  return *model;
}

Rows rows_of(const Subwords& model, std::string_view word) {
  Rows rows = {-7};  // to be replaced
  const auto done = model.rows_of(word, rows);
  REQUIRE_MESSAGE(done.ok(), done.error().message);
  return rows;
}

/// The bucket of an n-gram.
std::int64_t bucket(std::string_view ngram, std::uint32_t buckets) {
  std::uint32_t hash = 2166136261U;
  for (const char c : ngram) hash = (hash ^ static_cast<std::uint32_t>(int{static_cast<signed char>(c)})) * 16777619U;
  return hash % buckets;
}

Rows rows_of_ngrams(std::int64_t words, std::uint32_t buckets, const std::vector<std::string_view>& ngrams) {
  Rows rows;
  for (const auto ngram : ngrams) rows.push_back(words + bucket(ngram, buckets));
  return rows;
}

Rows with_own(std::int64_t row, Rows ngrams) {
  ngrams.insert(ngrams.begin(), row);
  return ngrams;
}

std::vector<float> vectors(const Subwords& model, const std::vector<std::string_view>& words) {
  std::vector<float> out(words.size() * model.dim(), 99.0F);
  const auto done = model.vectors(Engine(), words, out);
  REQUIRE_MESSAGE(done.ok(), done.error().message);
  return out;
}

FastTextFile with_lengths(std::int32_t minn, std::int32_t maxn) {
  FastTextFile file;
  file.minn = minn;
  file.maxn = maxn;
  file.bucket = 1000;
  return file.build();
}

}  // namespace

TEST_CASE("what a model says of itself") {
  const Subwords model = opened(FastTextFile().build());
  CHECK(model.dim() == 3);
  CHECK(model.words() == 3);
  CHECK(model.rows() == 8);
  CHECK(model.word(0) == "</s>");
  CHECK(model.word(2) == "na\xC3\xAFve");
  CHECK(!model.word(3));
  CHECK(model.find("ab") == 1);
  CHECK(model.find("abc") == -1);
  CHECK(model.find("") == -1);
}

TEST_CASE("of a word that is there twice the first row counts") {
  FastTextFile file;
  file.words = {"x", "ab", "y", "ab", "ab"};
  CHECK(opened(file.build()).find("ab") == 1);
}

TEST_CASE("n-grams of a word, known and not") {
  const Subwords model = opened(with_lengths(2, 3));
  CHECK(rows_of(model, "ab") == with_own(1, rows_of_ngrams(3, 1000, {"<a", "<ab", "ab", "ab>", "b>"})));
  CHECK(rows_of(model, "ac") == rows_of_ngrams(3, 1000, {"<a", "<ac", "ac", "ac>", "c>"}));
  CHECK(rows_of(model, "") == rows_of_ngrams(3, 1000, {"<>"}));
  CHECK(rows_of(model, "</s>") == Rows{0});
}

TEST_CASE("one character is an n-gram, but not a bracket") {
  const Subwords model = opened(with_lengths(1, 1));
  CHECK(rows_of(model, "cd") == rows_of_ngrams(3, 1000, {"c", "d"}));
  CHECK(rows_of(model, "<>") == rows_of_ngrams(3, 1000, {"<", ">"}));  // those in the middle
  CHECK(rows_of(model, "").empty());
  const Subwords none = opened(with_lengths(0, 1));
  CHECK(rows_of(none, "cd") == rows_of_ngrams(3, 1000, {"c", "d"}));
}

TEST_CASE("characters are those of UTF-8, and bytes that are none go with the one before") {
  const Subwords model = opened(with_lengths(4, 4));
  CHECK(rows_of(model, "na\xC3\xAFve") ==
        with_own(2, rows_of_ngrams(3, 1000, {"<na\xC3\xAF", "na\xC3\xAFv", "a\xC3\xAFve", "\xC3\xAFve>"})));
  CHECK(rows_of(model, "\xE6\x97\xA5\xF0\x9F\x98\x80") == rows_of_ngrams(3, 1000, {"<\xE6\x97\xA5\xF0\x9F\x98\x80>"}));
  CHECK(rows_of(model, "\x80\xFF\x80q") == rows_of_ngrams(3, 1000, {"<\x80\xFF\x80q>"}));
}

TEST_CASE("lengths that no n-gram has") {
  CHECK(rows_of(opened(with_lengths(4, 3)), "ab") == Rows{1});
  CHECK(rows_of(opened(with_lengths(0, 0)), "ab") == Rows{1});
  CHECK(rows_of(opened(with_lengths(0, 0)), "ac").empty());
  CHECK(rows_of(opened(with_lengths(3, 0x7FFFFFFF)), "c") == rows_of_ngrams(3, 1000, {"<c>"}));
}

TEST_CASE("a pruned model has the n-grams that were kept") {
  FastTextFile file;
  file.model = 3;
  file.bucket = 1000;
  file.pruned = file.quantized = true;
  file.kept = {{static_cast<std::int32_t>(bucket("<a", 1000)), 1}, {static_cast<std::int32_t>(bucket("b>", 1000)), 0}};
  CHECK(rows_of(opened(file.build()), "ab") == Rows{1, 4, 3});
  CHECK(rows_of(opened(file), "xy").empty());
  file.kept.clear();
  CHECK(rows_of(opened(file.build()), "ab") == Rows{1});
}

TEST_CASE("a vector is the mean of its rows, summed in order") {
  const Subwords model = opened(with_lengths(2, 3));
  const std::vector<std::string_view> words = {"ab", "unknown", "</s>", "na\xC3\xAFve", "ab"};
  const std::vector<float> found = vectors(model, words);
  for (std::size_t w = 0; w < words.size(); ++w) {
    const Rows rows = rows_of(model, words[w]);
    for (std::uint64_t c = 0; c < 3; ++c) {
      float sum = 0;
      for (const std::int64_t row : rows) sum += FastTextFile::value(static_cast<std::uint64_t>(row), c);
      CHECK(found[3 * w + c] == sum * static_cast<float>(1.0 / static_cast<double>(rows.size())));
    }
  }
}

TEST_CASE("a vector of a quantised model") {
  FastTextFile file;
  file.model = 3;
  file.quantized = file.norms = true;
  const Subwords model = opened(file.build());
  const std::vector<float> found = vectors(model, {"ab", "zz"});
  const auto byte = [&](const char* field, std::size_t i) {
    return std::size_t{number_at<std::uint8_t>(file.bytes, file.at.at(field) + i)};
  };
  std::size_t w = 0;
  for (const std::string_view word : {"ab", "zz"}) {
    const Rows rows = rows_of(model, word);
    for (std::size_t c = 0; c < 3; ++c) {
      float sum = 0;
      for (const std::int64_t signed_row : rows) {
        const auto row = static_cast<std::size_t>(signed_row);
        const std::size_t element = c < 2 ? 2 * byte("input", 2 * row) + c : 512 + byte("input", 2 * row + 1);
        sum += 0.25F * static_cast<float>(byte("input norm codes", row)) * (0.25F * static_cast<float>(element));
      }
      CHECK(found[3 * w + c] == sum * static_cast<float>(1.0 / static_cast<double>(rows.size())));
    }
    ++w;
  }
}

TEST_CASE("a word without rows gets zeros, beside words that have some") {
  FastTextFile file;
  file.bucket = file.minn = file.maxn = 0;
  const Subwords model = opened(file.build());
  const std::vector<float> found = vectors(model, {"none", "ab", ""});
  CHECK(found == std::vector<float>{0, 0, 0, FastTextFile::value(1, 0), FastTextFile::value(1, 1),
                                    FastTextFile::value(1, 2), 0, 0, 0});
  file.model = 3;
  file.quantized = true;
  CHECK(vectors(opened(file.build()), {"none"}) == std::vector<float>{0, 0, 0});
}

TEST_CASE("more words than a batch, and none") {
  for (const bool quantized : {false, true}) {
    FastTextFile file;
    file.quantized = quantized;
    const Subwords model = opened(file.build());
    const std::vector<float> one = vectors(model, {"ab", "cd"});
    std::vector<std::string_view> words;
    for (int i = 0; i < 20000; ++i) words.push_back(i % 2 == 0 ? "ab" : "cd");
    const std::vector<float> all = vectors(model, words);
    bool same = true;
    for (std::size_t i = 0; i < all.size(); ++i) same = same && all[i] == one[i % 6];
    CHECK(same);
    CHECK(vectors(model, {}).empty());
  }
}

TEST_CASE("refused: outputs of another size and engines that are not ok") {
  const Subwords model = opened(FastTextFile().build());
  const std::vector<std::string_view> words = {"ab"};
  std::vector<float> out(4, 5.0F);
  const auto size = model.vectors(Engine(), words, out);
  REQUIRE(!size.ok());
  CHECK(size.error().code == Code::invalid_argument);
  CHECK(contains(size.error().message, "the output has 4 elements; 1 vectors of 3 take others"));
  CHECK(out == std::vector<float>(4, 5.0F));

  Engine engine;
  const Engine taken = std::move(engine);
  CHECK(model.vectors(engine, words, std::span(out).first(3)).error().code == Code::engine_moved);
  CHECK(out == std::vector<float>(4, 5.0F));
}

TEST_CASE("the words' vectors as a table, whose rows are those of a conversion") {
  for (const bool quantized : {false, true}) {
    FastTextFile file;
    file.quantized = quantized;
    const Subwords model = opened(file.build());
    const auto table = model.table(Threads::own(2));
    REQUIRE_MESSAGE(table.ok(), table.error().message);
    REQUIRE(table->rows() == model.words());
    REQUIRE(table->dim() == model.dim());
    CHECK(table->vocabulary().find("ab") == 1);
    CHECK(table->vocabulary().find("unknown") == -1);
    std::vector<std::string_view> words;
    for (std::uint64_t row = 0; row < model.words(); ++row) words.push_back(*model.word(row));
    const std::vector<float> expected = vectors(model, words);
    CHECK(std::memcmp(table->view().data(), expected.data(), expected.size() * sizeof(float)) == 0);
  }
  FastTextFile none;
  none.words = {};
  none.labels = {"__label__a"};
  none.model = 3;
  const auto empty = opened(none.build()).table();
  REQUIRE_MESSAGE(empty.ok(), empty.error().message);
  CHECK(empty->rows() == 0);
}

TEST_CASE("refused: what is no model") {
  const TemporaryFolder folder;
  CHECK(Subwords::open(folder / "absent").error().code == Code::not_found);
  CHECK(Subwords::open(folder.path().string()).error().code == Code::invalid_argument);
  write_file(folder / "empty", "");
  CHECK(Subwords::open(folder / "empty").error().code == Code::format_unsupported);
  FastTextFile file = FastTextFile().build();
  file.bytes.pop_back();
  write_file(folder / "cut", file.bytes);
  const auto cut = Subwords::open(folder / "cut");
  REQUIRE(!cut.ok());
  CHECK(cut.error().code == Code::malformed_file);
  CHECK(cut.error().message.starts_with(folder / "cut"));
}

TEST_CASE("copies share the model, which lives as long as one of them") {
  std::optional<Subwords> first = opened(FastTextFile().build());
  const Subwords second = std::move(*first);
  CHECK(first->words() == 3);  // a move is a copy
  const std::optional<std::string_view> word = second.word(1);
  first.reset();
  CHECK(word == "ab");
}
