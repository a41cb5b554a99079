// Words to rows by fastText's rules, and rows to vectors in its order of operations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/files/file_map.hpp"
#include "engine/formats/fasttext_model.hpp"
#include "rowan/engine.hpp"
#include "rowan/status.hpp"
#include "rowan/view.hpp"

namespace rowan::detail {

/// What rowan/subwords.hpp promises of a model. Any number of threads may ask.
class SubwordVectors {
 public:
  /// The model is one of the mapped file, against which it has been held.
  static Result<SubwordVectors> make(std::shared_ptr<const Mapping> file, std::shared_ptr<const SubwordModel> model);

  const SubwordModel& model() const noexcept { return *model_; }
  std::int64_t find(std::string_view word) const noexcept;
  void append_rows(std::string_view word, std::vector<std::int64_t>& rows) const;
  Result<void> vectors(const Engine& engine, std::span<const std::string_view> words, std::span<float> out) const;

 private:
  /// A word's hash and row, in this order: however many words share a hash, sorting them takes no longer.
  using Entry = std::pair<std::size_t, std::uint64_t>;

  SubwordVectors() = default;
  Result<void> sums(const Engine& engine, const std::vector<std::int64_t>& rows,
                    const std::vector<std::int64_t>& offsets, std::span<float> out) const;

  std::shared_ptr<const Mapping> file_;
  std::shared_ptr<const SubwordModel> model_;  ///< views into the file
  std::optional<TableView> dense_;             ///< the input matrix, unless it is quantised
  std::vector<Entry> index_;                   ///< sorted
};

}  // namespace rowan::detail
