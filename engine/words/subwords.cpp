// The public face of subword_vectors.hpp.
#include "rowan/subwords.hpp"

#include <memory>
#include <utility>

#include "engine/files/opened_file.hpp"
#include "engine/support/error.hpp"
#include "engine/table/memory_keys.hpp"
#include "engine/table/table_maker.hpp"
#include "engine/words/subword_vectors.hpp"

namespace rowan {

struct Subwords::State {
  detail::SubwordVectors vectors;
};

Subwords::Subwords(std::shared_ptr<const State> state) noexcept : state_(std::move(state)) {}

Result<Subwords> Subwords::open(const std::string& path) {
  return detail::guarded([&]() -> Result<Subwords> {
    auto opened = detail::MappedFile::open(path);
    if (!opened) return opened.error();
    const auto file = std::make_shared<const detail::Mapping>(std::move(opened->mapping));
    auto model = detail::parse_fasttext(file->bytes(), path);
    if (!model) return model.error();
    auto vectors = detail::SubwordVectors::make(file, std::make_shared<const detail::SubwordModel>(*std::move(model)));
    if (!vectors) return vectors.error();
    return Subwords(std::make_shared<const State>(State{*std::move(vectors)}));
  });
}

std::uint64_t Subwords::dim() const noexcept { return state_->vectors.model().dim; }
std::uint64_t Subwords::words() const noexcept { return state_->vectors.model().words.size(); }
std::uint64_t Subwords::rows() const noexcept { return state_->vectors.model().input.shape[0]; }

std::optional<std::string_view> Subwords::word(std::uint64_t row) const noexcept {
  if (row >= words()) return std::nullopt;
  return state_->vectors.model().words[row];
}

std::int64_t Subwords::find(std::string_view word) const noexcept { return state_->vectors.find(word); }

Result<void> Subwords::rows_of(std::string_view word, std::vector<std::int64_t>& rows) const {
  return detail::guarded([&]() -> Result<void> {
    rows.clear();
    state_->vectors.append_rows(word, rows);
    return {};
  });
}

Result<void> Subwords::vectors(const Engine& engine, std::span<const std::string_view> words,
                               std::span<float> out) const {
  return detail::guarded([&] { return state_->vectors.vectors(engine, words, out); });
}

namespace {

/// What a table of words' vectors keeps alive.
struct WordTable {
  Table rows;
  detail::MemoryKeys keys;
};

}  // namespace

Result<Table> Subwords::table(Threads threads) const {
  return detail::guarded([&]() -> Result<Table> {
    const std::span<const std::string_view> all = state_->vectors.model().words;
    auto made = Table::create({.rows = all.size(), .dim = dim(), .init = Init::zeros()}, threads);
    if (!made) return made.error();
    const auto view = made->mutable_view();
    if (!view) return view.error();
    const Engine engine({.threads = threads});
    if (!engine.status()) return Error{engine.status().code, engine.status().message()};
    const std::span<float> values(reinterpret_cast<float*>(view->mutable_data()), all.size() * dim());
    if (const auto good = state_->vectors.vectors(engine, all, values); !good) return good.error();
    const auto owner = std::make_shared<const WordTable>(WordTable{*std::move(made), detail::MemoryKeys(all)});
    return detail::TableMaker::table({.name = owner->rows.name(),
                                      .view = owner->rows.view(),
                                      .owner = owner,
                                      .keys = detail::TableMaker::vocabulary(owner->keys.index())});
  });
}

}  // namespace rowan
