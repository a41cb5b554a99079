// Words to rows by fastText's rules, and rows to vectors in its order of operations.
#include "rowan/subwords.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "engine/formats/fasttext_model.hpp"
#include "engine/formats/product.hpp"
#include "engine/support/checked.hpp"
#include "engine/support/error.hpp"
#include "engine/table/file_map.hpp"

namespace rowan {
namespace {

using detail::FastTextModel;

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
void append_ngram(const FastTextModel& model, std::uint64_t bucket, std::vector<std::int64_t>& rows) {
  if (model.pruned) {
    const auto kept = std::lower_bound(model.kept.begin(), model.kept.end(), bucket,
                                       [](const auto& pair, std::uint64_t wanted) { return pair.first < wanted; });
    if (kept == model.kept.end() || kept->first != bucket) return;
    bucket = kept->second;
  }
  rows.push_back(static_cast<std::int64_t>(model.words.size() + bucket));
}

/// Appends the rows of a word's n-grams: of minn to maxn characters of "<word>", none of them a bracket alone.
void append_ngrams(const FastTextModel& model, std::string_view word, std::vector<std::int64_t>& rows) {
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

}  // namespace

struct Subwords::State {
  /// A word's hash and row, in this order: however many words share a hash, sorting them takes no longer.
  using Entry = std::pair<std::size_t, std::uint64_t>;

  static std::size_t hash(std::string_view word) noexcept { return std::hash<std::string_view>()(word); }

  void build_index() {
    index.reserve(model.words.size());
    for (std::uint64_t row = 0; row < model.words.size(); ++row) index.emplace_back(hash(model.words[row]), row);
    std::sort(index.begin(), index.end());
  }
  std::int64_t find(std::string_view word) const noexcept {
    const Entry first(hash(word), 0);
    for (auto at = std::lower_bound(index.begin(), index.end(), first); at != index.end(); ++at) {
      if (at->first != first.first) break;
      if (model.words[at->second] == word) return static_cast<std::int64_t>(at->second);
    }
    return -1;
  }
  void append_rows(std::string_view word, std::vector<std::int64_t>& rows) const {
    const std::int64_t row = find(word);
    if (row >= 0) rows.push_back(row);
    append_ngrams(model, word, rows);
  }

  /// Sums of the rows of bags that `offsets` cuts the rows into, one more offset than bags.
  Result<void> sums(const Engine& engine, const std::vector<std::int64_t>& rows,
                    const std::vector<std::int64_t>& offsets, std::span<float> out) const {
    if (dense) {
      const BagOptions options{.pooling = Pooling::sum, .include_last_offset = true};
      const Status summed = engine.embedding_bag(*dense, Bags(rows, offsets), out, options);
      if (!summed) return Error{summed.code, summed.message(*dense)};
      return {};
    }
    std::fill(out.begin(), out.end(), 0.0F);
    std::vector<float> decoded(model.dim);
    for (std::size_t bag = 0; bag + 1 < offsets.size(); ++bag) {
      float* const sum = out.data() + bag * model.dim;
      for (auto at = static_cast<std::size_t>(offsets[bag]); at < static_cast<std::size_t>(offsets[bag + 1]); ++at) {
        detail::decode_product_row(mapping.bytes(), model.input, static_cast<std::uint64_t>(rows[at]), decoded.data());
        for (std::size_t c = 0; c < model.dim; ++c) sum[c] += decoded[c];
      }
    }
    return {};
  }

  detail::Mapping mapping;
  FastTextModel model;             ///< views into the mapping
  std::optional<TableView> dense;  ///< the input matrix, unless it is quantised
  std::vector<Entry> index;        ///< sorted
};

Subwords::Subwords(std::shared_ptr<const State> state) noexcept : state_(std::move(state)) {}

Result<Subwords> Subwords::open(const std::string& path) {
  return detail::guarded([&]() -> Result<Subwords> {
    const auto file = detail::open_regular(path);
    if (!file) return file.error();
    auto mapping = detail::Mapping::of_file(*file, path, false);
    if (!mapping) return mapping.error();
    auto state = std::make_shared<State>();
    state->mapping = std::move(*mapping);
    auto model = detail::parse_fasttext(state->mapping.bytes(), path);
    if (!model) return model.error();
    state->model = std::move(*model);
    const detail::FoundTensor& input = state->model.input;
    if (!input.product) {
      const auto view =
          TableView::over(state->mapping.bytes().subspan(input.offset), input.shape[0], input.shape[1], DType::f32);
      if (!view) return view.error();
      state->dense = *view;
    }
    state->build_index();
    return Subwords(std::move(state));
  });
}

std::uint64_t Subwords::dim() const noexcept { return state_->model.dim; }
std::uint64_t Subwords::words() const noexcept { return state_->model.words.size(); }
std::uint64_t Subwords::rows() const noexcept { return state_->model.input.shape[0]; }

std::optional<std::string_view> Subwords::word(std::uint64_t row) const noexcept {
  if (row >= words()) return std::nullopt;
  return state_->model.words[row];
}

std::int64_t Subwords::find(std::string_view word) const noexcept { return state_->find(word); }

Result<void> Subwords::rows_of(std::string_view word, std::vector<std::int64_t>& rows) const {
  return detail::guarded([&]() -> Result<void> {
    rows.clear();
    state_->append_rows(word, rows);
    return {};
  });
}

Result<void> Subwords::vectors(const Engine& engine, std::span<const std::string_view> words,
                               std::span<float> out) const {
  return detail::guarded([&]() -> Result<void> {
    if (!engine.status()) return Error{engine.status().code, engine.status().message()};
    const auto elements = detail::checked_multiply(words.size(), dim());
    if (elements != out.size()) {
      return detail::make_error(Code::invalid_argument, "the output has ", out.size(), " elements; ", words.size(),
                                " vectors of ", dim(), " take others");
    }
    std::vector<std::int64_t> rows;
    std::vector<std::int64_t> offsets;
    for (std::size_t first = 0; first < words.size();) {
      rows.clear();
      offsets.assign(1, 0);
      while (first + offsets.size() - 1 < words.size() && rows.size() < batch_rows) {
        state_->append_rows(words[first + offsets.size() - 1], rows);
        offsets.push_back(static_cast<std::int64_t>(rows.size()));
      }
      const std::size_t bags = offsets.size() - 1;
      const auto batch = out.subspan(first * dim(), bags * dim());
      if (auto summed = state_->sums(engine, rows, offsets, batch); !summed) return summed;
      for (std::size_t bag = 0; bag < bags; ++bag) {
        const std::int64_t count = offsets[bag + 1] - offsets[bag];
        if (count == 0) continue;
        const auto share = static_cast<float>(1.0 / static_cast<double>(count));
        for (float& value : batch.subspan(bag * dim(), dim())) value *= share;
      }
      first += bags;
    }
    return {};
  });
}

}  // namespace rowan
