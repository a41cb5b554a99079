#include "engine/formats/model2vec.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/support/checked.hpp"
#include "engine/support/error.hpp"
#include "simd/scalar.hpp"

namespace rowan::detail {
namespace {

const FoundTensor* find(const FoundFile& found, std::string_view name) {
  const auto at = std::find_if(found.tensors.begin(), found.tensors.end(),
                               [name](const FoundTensor& tensor) { return tensor.name == name; });
  return at == found.tensors.end() ? nullptr : &*at;
}

/// The type and shape of a tensor, as "F32 [3, 4]".
std::string describe(const FoundTensor& tensor) {
  constexpr std::size_t shown = 8;
  std::string text = concat(tensor.type, " [");
  for (std::size_t i = 0; i < std::min(shown, tensor.shape.size()); ++i) {
    text += concat(i == 0 ? "" : ", ", tensor.shape[i]);
  }
  return text + (tensor.shape.size() > shown ? ", ...]" : "]");
}

/// The bytes of a tensor that is a row of such numbers; empty for any other.
std::optional<std::span<const std::byte>> numbers_of(std::span<const std::byte> file, const FoundTensor& tensor,
                                                     std::uint64_t number_bytes) {
  if (tensor.shape.size() != 1 || number_bytes == 0) return std::nullopt;
  const auto bytes = checked_multiply(tensor.shape.front(), number_bytes);
  if (!bytes || tensor.offset > file.size() || *bytes > file.size() - tensor.offset) return std::nullopt;
  return file.subspan(tensor.offset, *bytes);
}

template <class Number>
Number number_at(std::span<const std::byte> numbers, std::uint64_t i) noexcept {
  Number number{};
  std::memcpy(&number, numbers.data() + i * sizeof number, sizeof number);
  return number;
}

/// Row of the table by token.
Result<std::vector<std::uint64_t>> read_mapping(std::span<const std::byte> file, const FoundTensor& tensor,
                                                std::uint64_t rows, const std::string& path) {
  const std::uint64_t bytes = tensor.type == "I32" ? 4 : tensor.type == "I64" ? 8 : 0;
  const auto numbers = numbers_of(file, tensor, bytes);
  if (!numbers) {
    return make_error(Code::malformed_file, path, ": the tensor mapping is ", describe(tensor),
                      "; I32 or I64 [tokens] would be read");
  }
  const std::uint64_t count = numbers->size() / bytes;
  std::vector<std::uint64_t> mapping;
  mapping.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::int64_t row = bytes == 4 ? number_at<std::int32_t>(*numbers, i) : number_at<std::int64_t>(*numbers, i);
    if (row < 0 || static_cast<std::uint64_t>(row) >= rows) {
      return make_error(Code::malformed_file, path, ": mapping[", i, "] is ", row, ", and embeddings has ", rows,
                        " rows");
    }
    mapping.push_back(static_cast<std::uint64_t>(row));
  }
  return mapping;
}

/// Weight of each of `tokens` tokens, as f32.
Result<std::vector<float>> read_weights(std::span<const std::byte> file, const FoundTensor& tensor,
                                        std::uint64_t tokens, const std::string& path) {
  const std::uint64_t bytes = tensor.type == "F64" ? 8 : tensor.type == "F32" ? 4 : tensor.type == "F16" ? 2 : 0;
  const auto numbers = numbers_of(file, tensor, bytes);
  if (!numbers || tensor.shape.front() != tokens) {
    return make_error(Code::malformed_file, path, ": the tensor weights is ", describe(tensor), "; F64, F32 or F16 [",
                      tokens, "], one for each token, would be read");
  }
  std::vector<float> weights;
  weights.reserve(tokens);
  for (std::uint64_t i = 0; i < tokens; ++i) {
    const double weight = bytes == 8   ? number_at<double>(*numbers, i)
                          : bytes == 4 ? number_at<float>(*numbers, i)
                                       : simd::decode_f16(number_at<std::uint16_t>(*numbers, i));
    if (!(std::abs(weight) <= std::numeric_limits<float>::max())) {
      return make_error(Code::malformed_file, path, ": weights[", i, "] is ", weight, ", which is no finite f32");
    }
    weights.push_back(static_cast<float>(weight));
  }
  return weights;
}

/// Gives the `count` rows or entries of the mapping their keys.
void add_keys(FoundFile& found, std::vector<std::string> tokens, std::uint64_t count) {
  if (tokens.size() != count) {
    found.notes.push_back(concat("the tokens of its tokenizer.json are left out: they are ", tokens.size(),
                                 ", and the model has ", count));
    return;
  }
  const auto owner = std::make_shared<const std::vector<std::string>>(std::move(tokens));
  found.keys.assign(owner->begin(), owner->end());
  found.keys_owner = owner;
  found.rows_are_ids = true;
}

}  // namespace

bool has_model2vec_names(const FoundFile& found) noexcept {
  const FoundTensor* const table = find(found, "embeddings");
  return table != nullptr && table->shape.size() == 2;
}

Result<void> add_model2vec(FoundFile& found, std::span<const std::byte> file,
                           std::optional<std::vector<std::string>> tokens, const std::string& path) {
  if (!has_model2vec_names(found)) return {};
  const FoundTensor* const table = find(found, "embeddings");
  const FoundTensor* const mapping = find(found, "mapping");
  const FoundTensor* const weights = find(found, "weights");
  std::uint64_t count = table->shape.front();
  if (mapping != nullptr) count = mapping->shape.size() == 1 ? mapping->shape.front() : 0;
  if (found.config.model_type != "model2vec" && !(tokens && tokens->size() == count)) {
    for (const FoundTensor* const left_out : {mapping, weights}) {
      if (left_out == nullptr) continue;
      found.notes.push_back(concat("its tensor ", left_out->name,
                                   " is not applied to the rows: nothing beside it says ",
                                   "that it is a model2vec model"));
    }
    return {};
  }
  found.what = "a model2vec model";
  found.table = table->name;
  if (mapping != nullptr) {
    auto rows = read_mapping(file, *mapping, table->shape.front(), path);
    if (!rows) return rows.error();
    found.rows_of_keys = *std::move(rows);
    count = found.rows_of_keys.size();
  }
  if (weights != nullptr && mapping == nullptr && weights->shape != std::vector{count}) {
    found.notes.push_back(concat("its tensor weights is left out: it is ", describe(*weights),
                                 " and not one number for each of ", count, " rows"));
  } else if (weights != nullptr) {
    auto numbers = read_weights(file, *weights, count, path);
    if (!numbers) return numbers.error();
    found.weights_of_keys = *std::move(numbers);
    if (mapping == nullptr) {
      found.rows_of_keys.resize(count);
      std::iota(found.rows_of_keys.begin(), found.rows_of_keys.end(), std::uint64_t{0});
    }
  }
  if (tokens) {
    add_keys(found, *std::move(tokens), count);
  } else {
    found.notes.emplace_back("its rows have no keys: the tokenizer.json that belongs to it has them");
  }
  return {};
}

}  // namespace rowan::detail
