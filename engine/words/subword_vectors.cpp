#include "engine/words/subword_vectors.hpp"

#include <algorithm>
#include <functional>
#include <string>

#include "engine/formats/product.hpp"
#include "engine/support/checked.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

constexpr std::string_view end_of_sentence = "</s>";  // the one word without n-grams
constexpr std::size_t batch_rows = std::size_t{1} << 16;

/// FNV-1a over bytes that are extended by their sign, as every model that there is was trained with.
class NgramHash {
 public:
  void add(char c) noexcept {
    value_ ^= static_cast<std::uint32_t>(static_cast<std::int8_t>(c));
    value_ *= 16777619U;
  }
  std::uint32_t value() const noexcept { return value_; }

 private:
  std::uint32_t value_ = 2166136261U;
};

bool continues_character(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// Appends the row of a bucket's n-grams, unless the model was pruned of them.
void append_ngram(const SubwordModel& model, std::uint64_t bucket, std::vector<std::int64_t>& rows) {
  if (model.pruned) {
    const auto kept = std::lower_bound(model.kept.begin(), model.kept.end(), bucket,
                                       [](const auto& pair, std::uint64_t wanted) { return pair.first < wanted; });
    if (kept == model.kept.end() || kept->first != bucket) return;
    bucket = kept->second;
  }
  rows.push_back(static_cast<std::int64_t>(model.words.size() + bucket));
}

/// Appends the rows of a word's n-grams: of minn to maxn characters of "<word>", none of them a bracket alone.
void append_ngrams(const SubwordModel& model, std::string_view word, std::vector<std::int64_t>& rows) {
  if (word == end_of_sentence || model.maxn == 0) return;
  std::string text;
  text.reserve(word.size() + 2);
  text.append("<").append(word).append(">");
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    if (continues_character(text[begin])) continue;
    NgramHash hash;
    std::size_t end = begin;
    for (std::uint64_t characters = 1; characters <= model.maxn && end < text.size(); ++characters) {
      do hash.add(text[end++]);
      while (end < text.size() && continues_character(text[end]));
      const bool bracket = characters == 1 && (begin == 0 || end == text.size());
      if (characters >= model.minn && !bracket) append_ngram(model, hash.value() % model.bucket, rows);
    }
  }
}

std::size_t hash_of_word(std::string_view word) noexcept { return std::hash<std::string_view>()(word); }

}  // namespace

Result<SubwordVectors> SubwordVectors::make(std::shared_ptr<const Mapping> file,
                                            std::shared_ptr<const SubwordModel> model) {
  SubwordVectors made;
  made.file_ = std::move(file);
  made.model_ = std::move(model);
  const FoundTensor& input = made.model_->input;
  if (!input.product) {
    const auto view =
        TableView::over(made.file_->bytes().subspan(input.offset), input.shape[0], input.shape[1], DType::f32);
    if (!view) return view.error();
    made.dense_ = *view;
  }
  const std::vector<std::string_view>& words = made.model_->words;
  made.index_.reserve(words.size());
  for (std::uint64_t row = 0; row < words.size(); ++row) made.index_.emplace_back(hash_of_word(words[row]), row);
  std::sort(made.index_.begin(), made.index_.end());
  return made;
}

std::int64_t SubwordVectors::find(std::string_view word) const noexcept {
  const Entry first(hash_of_word(word), 0);
  for (auto at = std::lower_bound(index_.begin(), index_.end(), first); at != index_.end(); ++at) {
    if (at->first != first.first) break;
    if (model_->words[at->second] == word) return static_cast<std::int64_t>(at->second);
  }
  return -1;
}

void SubwordVectors::append_rows(std::string_view word, std::vector<std::int64_t>& rows) const {
  const std::int64_t row = find(word);
  if (row >= 0) rows.push_back(row);
  append_ngrams(*model_, word, rows);
}

/// Sums of the rows of bags that `offsets` cuts the rows into, one more offset than bags.
Result<void> SubwordVectors::sums(const Engine& engine, const std::vector<std::int64_t>& rows,
                                  const std::vector<std::int64_t>& offsets, std::span<float> out) const {
  if (dense_) {
    const BagOptions options{.pooling = Pooling::sum, .include_last_offset = true};
    const Status summed = engine.embedding_bag(*dense_, Bags(rows, offsets), out, options);
    if (!summed) return Error{summed.code, summed.message(*dense_)};
    return {};
  }
  std::fill(out.begin(), out.end(), 0.0F);
  std::vector<float> decoded(model_->dim);
  for (std::size_t bag = 0; bag + 1 < offsets.size(); ++bag) {
    float* const sum = out.data() + bag * model_->dim;
    for (auto at = static_cast<std::size_t>(offsets[bag]); at < static_cast<std::size_t>(offsets[bag + 1]); ++at) {
      decode_product_row(file_->bytes(), model_->input, static_cast<std::uint64_t>(rows[at]), decoded.data());
      for (std::size_t c = 0; c < model_->dim; ++c) sum[c] += decoded[c];
    }
  }
  return {};
}

Result<void> SubwordVectors::vectors(const Engine& engine, std::span<const std::string_view> words,
                                     std::span<float> out) const {
  if (!engine.status()) return Error{engine.status().code, engine.status().message()};
  const std::uint64_t dim = model_->dim;
  const auto elements = checked_multiply(words.size(), dim);
  if (elements != out.size()) {
    return make_error(Code::invalid_argument, "the output has ", out.size(), " elements; ", words.size(),
                      " vectors of ", dim, " take others");
  }
  std::vector<std::int64_t> rows;
  std::vector<std::int64_t> offsets;
  for (std::size_t first = 0; first < words.size();) {
    rows.clear();
    offsets.assign(1, 0);
    while (first + offsets.size() - 1 < words.size() && rows.size() < batch_rows) {
      append_rows(words[first + offsets.size() - 1], rows);
      offsets.push_back(static_cast<std::int64_t>(rows.size()));
    }
    const std::size_t bags = offsets.size() - 1;
    const auto batch = out.subspan(first * dim, bags * dim);
    if (auto summed = sums(engine, rows, offsets, batch); !summed) return summed;
    for (std::size_t bag = 0; bag < bags; ++bag) {
      const std::int64_t count = offsets[bag + 1] - offsets[bag];
      if (count == 0) continue;
      const auto share = static_cast<float>(1.0 / static_cast<double>(count));
      for (float& value : batch.subspan(bag * dim, dim)) value *= share;
    }
    first += bags;
  }
  return {};
}

}  // namespace rowan::detail
