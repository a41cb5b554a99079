// fastText's .bin and .ftz files: the model that one holds, all of it held against the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/formats/found.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// What a model was trained for; the numbers are the file's.
enum class FastTextKind : std::int32_t { cbow = 1, skipgram = 2, supervised = 3 };

/// Views into the file, which outlives it.
struct SubwordModel {
  std::int32_t version = 0;  ///< 11 or 12
  FastTextKind kind = FastTextKind::cbow;
  std::uint64_t dim = 0;     ///< at least 1
  std::uint64_t bucket = 0;  ///< that hashes of n-grams are taken modulo; at least 1 where maxn is
  std::uint64_t minn = 0;    ///< least characters of an n-gram
  std::uint64_t maxn = 0;    ///< most characters of an n-gram; 0: words have none
  std::uint64_t labels = 0;
  std::vector<std::string_view> words;  ///< without the labels, which come behind them

  /// Of a pruned model, the n-grams that are left: buckets, ascending and each once, and rows behind those of the
  /// words. All of a model that is not pruned are left, bucket b in row words + b.
  bool pruned = false;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> kept;

  FoundTensor input;          ///< [words + n-grams, dim], f32 or product
  FoundTensor output;         ///< [labels of a supervised model or else words, dim], f32 or product
  std::uint64_t surplus = 0;  ///< bytes behind it in the file
};

/// `path` is for messages. Errors as Format::read has them.
Result<SubwordModel> parse_fasttext(std::span<const std::byte> file, const std::string& path);

}  // namespace rowan::detail
