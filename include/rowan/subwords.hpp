// fastText models: vectors of words, known or not, from the rows of the word and of its n-grams.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/engine.hpp"
#include "rowan/export.hpp"
#include "rowan/status.hpp"
#include "rowan/table.hpp"
#include "rowan/threads.hpp"

namespace rowan {

/// The input matrix of a fastText model (.bin or .ftz, versions 11 and 12) and what its rows stand for: the first
/// words() rows are those of the vocabulary, the others those of n-grams. A word's vector is the mean of its rows.
///
/// Values are those of fastText's getWordVector() to the last bit, where fastText is compiled without fused
/// multiply-adds (as distributions do): rows are added in order and the sum is multiplied by 1 / n in f32. A word may
/// be any bytes; n-grams are counted in UTF-8 characters. Labels of supervised models are no words.
///
/// The file is mapped and must stay as it is: it is replaced by renaming another over it. Copies share everything; any
/// number of threads may ask.
class ROWAN_API Subwords {
 public:
  /// Maps a model and reads its dictionary, all of which is held against the file. An Error says what a file that is
  /// refused has wrong, or is instead.
  static Result<Subwords> open(const std::string& path);

  Subwords(const Subwords&) = default;  // a move is a copy: none is ever without its model
  Subwords& operator=(const Subwords&) = default;
  ~Subwords() = default;

  std::uint64_t dim() const noexcept;
  std::uint64_t words() const noexcept;  ///< of the vocabulary, without labels
  std::uint64_t rows() const noexcept;   ///< of the matrix: the words' and behind them the n-grams'

  /// A word of the vocabulary; valid as long as a copy of this lives. Empty optional from words() on.
  std::optional<std::string_view> word(std::uint64_t row) const noexcept;
  /// The row of a word of the vocabulary (the first, where it is there twice), or -1.
  std::int64_t find(std::string_view word) const noexcept;

  /// Replaces `rows` by the rows that the word's vector is the mean of, in the order in which they are added: its own,
  /// where it is in the vocabulary, and those of its n-grams. There may be none, and one may be there twice.
  Result<void> rows_of(std::string_view word, std::vector<std::int64_t>& rows) const;

  /// Vectors of words: `out` is [words, dim], row after row. A word without any row gets zeros. Fails, writing nothing,
  /// where `out` has another size or the engine is not ok.
  Result<void> vectors(const Engine& engine, std::span<const std::string_view> words, std::span<float> out) const;

  /// The vectors of all words of the vocabulary as a table of f32 in memory, with the words as its keys: row i is of
  /// word(i). Takes words() x dim() x 4 bytes. A conversion writes the same table to a file.
  Result<Table> table(Threads threads = Threads::caller()) const;

 private:
  struct State;
  explicit Subwords(std::shared_ptr<const State> state) noexcept;
  std::shared_ptr<const State> state_;
};

}  // namespace rowan
