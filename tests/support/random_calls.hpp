// Random calls of embedding_bag() and embedding(), made both by an engine and by the reference, and their outputs
// compared to the bit.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rowan/engine.hpp"
#include "rowan/reference.hpp"
#include "tests/support/random_tables.hpp"

namespace rowan::test {

inline constexpr Pooling all_poolings[] = {Pooling::sum,          Pooling::mean,   Pooling::max,
                                           Pooling::min,          Pooling::sqrt_n, Pooling::mean_by_weight,
                                           Pooling::mean_by_count};
inline constexpr DType output_dtypes[] = {DType::f32, DType::f16, DType::bf16};
inline constexpr IndexKind all_index_kinds[] = {IndexKind::i32, IndexKind::i64, IndexKind::u32,
                                                IndexKind::u64, IndexKind::u16, IndexKind::u8};

/// Integers of a type that is chosen at run time.
class Integers {
 public:
  Integers() = default;
  Integers(IndexKind kind, const std::vector<std::int64_t>& values) : kind_(kind) {
    switch (kind) {
      case IndexKind::i32:
        i32_.assign(values.begin(), values.end());
        break;
      case IndexKind::i64:
        i64_.assign(values.begin(), values.end());
        break;
      case IndexKind::u32:
        u32_.assign(values.begin(), values.end());
        break;
      case IndexKind::u64:
        u64_.assign(values.begin(), values.end());
        break;
      case IndexKind::u16:
        u16_.assign(values.begin(), values.end());
        break;
      case IndexKind::u8:
        u8_.assign(values.begin(), values.end());
        break;
    }
  }
  operator IndexSpan() const {
    switch (kind_) {
      case IndexKind::i32:
        return i32_;
      case IndexKind::u32:
        return u32_;
      case IndexKind::u64:
        return u64_;
      case IndexKind::u16:
        return u16_;
      case IndexKind::u8:
        return u8_;
      case IndexKind::i64:
        break;
    }
    return i64_;
  }

 private:
  IndexKind kind_ = IndexKind::i64;
  std::vector<std::int32_t> i32_;
  std::vector<std::int64_t> i64_;
  std::vector<std::uint32_t> u32_;
  std::vector<std::uint64_t> u64_;
  std::vector<std::uint16_t> u16_;
  std::vector<std::uint8_t> u8_;
};

/// Output rows with a gap between them, preset so that a write into a gap shows.
class Output {
 public:
  Output(DType dtype, std::size_t rows, std::uint64_t dim, std::uint64_t gap) : dtype_(dtype), stride_(dim + gap) {
    if (dtype == DType::f32) {
      floats_.assign(rows * stride_, 12345.0F);
    } else {
      halves_.assign(rows * stride_, 0x7ABC);
    }
  }
  OutputView view() {
    return dtype_ == DType::f32 ? OutputView(floats_, stride_) : OutputView(halves_, dtype_, stride_);
  }
  std::uint64_t stride() const { return stride_; }
  std::size_t size() const { return floats_.size() + halves_.size(); }
  void set(std::size_t i, float value) { floats_[i] = value; }
  void set(std::size_t i, std::uint16_t bits) { halves_[i] = bits; }
  void copy(std::size_t i, const Output& from, std::size_t at) {
    if (dtype_ == DType::f32) {
      floats_[i] = from.floats_[at];
    } else {
      halves_[i] = from.halves_[at];
    }
  }

  std::uint32_t bits_at(std::size_t i) const {
    return dtype_ == DType::f32 ? std::bit_cast<std::uint32_t>(floats_[i]) : halves_[i];
  }

  /// The first element that differs, or the size. NaN equals NaN.
  std::size_t first_difference(const Output& other) const {
    if (dtype_ == DType::f32) return test::first_difference(floats_, other.floats_);
    const std::uint16_t infinity = dtype_ == DType::f16 ? 0x7C00 : 0x7F80;
    for (std::size_t i = 0; i < halves_.size(); ++i) {
      const bool nan = (halves_[i] & 0x7FFF) > infinity && (other.halves_[i] & 0x7FFF) > infinity;
      if (halves_[i] != other.halves_[i] && !nan) return i;
    }
    return halves_.size();
  }

 private:
  DType dtype_;
  std::uint64_t stride_;
  std::vector<float> floats_;
  std::vector<std::uint16_t> halves_;
};

/// What a random call is made of; the rest is left to chance.
struct CallShape {
  DType output = DType::f32;
  Pooling pooling = Pooling::sum;
  IndexKind indices = IndexKind::i64;
  std::size_t most_bags = 12;
  std::size_t longest_bag = 30;
  bool empty_bags = true;
};

/// A random call, and what came of it.
struct Outcome {
  std::size_t compared = 0;  ///< elements
  std::string difference;    ///< empty where both sides agree
};

inline bool may_have_weights(Pooling pooling) {
  return pooling == Pooling::sum || pooling == Pooling::sqrt_n || pooling >= Pooling::mean_by_weight;
}

/// A row of the table that the type of the indices reaches.
inline std::int64_t index_below(Random& random, std::uint64_t rows, IndexKind kind) {
  const std::uint64_t reach = kind == IndexKind::u8 ? 256 : kind == IndexKind::u16 ? 65536 : rows;
  return static_cast<std::int64_t>(below(random, std::min(rows, reach)));
}

/// Random bags over a table, with all that a call reads of them.
class RandomBags {
 public:
  RandomBags(Random& random, const TableView& table, const CallShape& shape) {
    bags_ = 1 + below(random, shape.most_bags);
    std::vector<std::int64_t> lengths(bags_);
    std::int64_t count = 0;
    form_ = static_cast<Bags::Form>(below(random, 3));
    const bool fixed = form_ == Bags::Form::fixed;
    const auto one_length = static_cast<std::int64_t>((shape.empty_bags ? 0 : 1) + below(random, shape.longest_bag));
    for (auto& length : lengths) {
      length = fixed ? one_length : static_cast<std::int64_t>(1 + below(random, shape.longest_bag));
      if (!fixed && shape.empty_bags && below(random, 4) == 0) length = 0;
      count += length;
    }

    options_.pooling = shape.pooling;
    if (below(random, 6) == 0) options_.bad_index = below(random, 2) == 0 ? BadIndex::skip : BadIndex::default_row;
    options_.default_row = below(random, table.rows());
    std::vector<std::int64_t> values(static_cast<std::size_t>(count));
    for (auto& value : values) value = index_below(random, table.rows(), shape.indices);
    if (options_.bad_index != BadIndex::reject) {  // 255 fits every type
      for (auto& value : values) value = below(random, 5) == 0 && table.rows() < 255 ? 255 : value;
    }
    if (below(random, 4) == 0) {
      const auto row = static_cast<std::int64_t>(below(random, table.rows()));
      options_.padding_index = below(random, 2) == 0 ? row : row - static_cast<std::int64_t>(table.rows());
    }
    weights_.resize(values.size());
    for (float& weight : weights_) weight = any_float(random);
    weighted_ = shape.pooling >= Pooling::mean_by_weight || (may_have_weights(shape.pooling) && below(random, 2) == 0);

    indices_ = Integers(shape.indices, values);
    options_.include_last_offset = below(random, 2) == 0;
    std::vector<std::int64_t> ends = {0};
    for (const std::int64_t length : lengths) ends.push_back(ends.back() + length);
    if (!options_.include_last_offset) ends.pop_back();
    const IndexKind kind = all_index_kinds[below(random, count < 256 ? 6 : 4)];
    bounds_ = Integers(kind, form_ == Bags::Form::lengths ? lengths : ends);
  }

  Bags bags() const {
    const Bags::Weights weights = weighted_ ? Bags::Weights(weights_) : std::nullopt;
    if (form_ == Bags::Form::fixed) return Bags::fixed(indices_, bags_, weights);
    return form_ == Bags::Form::lengths ? Bags::by_lengths(indices_, bounds_, weights)
                                        : Bags(indices_, bounds_, weights);
  }
  std::size_t size() const { return bags_; }
  const BagOptions& options() const { return options_; }

 private:
  Bags::Form form_ = Bags::Form::offsets;
  std::size_t bags_ = 0;
  BagOptions options_;
  Integers indices_;
  Integers bounds_;
  std::vector<float> weights_;
  bool weighted_ = false;
};

/// A random call of embedding_bag().
inline Outcome compare_random_bags(Random& random, const Engine& engine, const TableView& table,
                                   const CallShape& shape) {
  const RandomBags call(random, table, shape);
  Output expected(shape.output, call.size(), table.dim(), below(random, 3));
  Output actual(shape.output, call.size(), table.dim(), expected.stride() - table.dim());
  const Status by_reference = reference::embedding_bag(table, call.bags(), expected.view(), call.options());
  const Status by_engine = engine.embedding_bag(table, call.bags(), actual.view(), call.options());
  Outcome outcome{.compared = call.size() * table.dim(), .difference = {}};
  if (!by_reference.ok() || !by_engine.ok()) {
    outcome.difference = "refused: " + by_engine.message(table) + " / " + by_reference.message(table);
  } else if (by_reference.value != by_engine.value) {
    outcome.difference = "bad indices: " + std::to_string(by_engine.value) + " / " + std::to_string(by_reference.value);
  } else if (const std::size_t at = expected.first_difference(actual); at != expected.size()) {
    outcome.difference = "bag " + std::to_string(at / expected.stride()) + " column " +
                         std::to_string(at % expected.stride()) + " of dim " + std::to_string(table.dim()) + ": bits " +
                         std::to_string(actual.bits_at(at)) + " for " + std::to_string(expected.bits_at(at));
  }
  return outcome;
}

/// The same for rows that are not pooled.
inline Outcome compare_random_rows(Random& random, const Engine& engine, const TableView& table, DType output,
                                   IndexKind kind) {
  const std::size_t count = 1 + below(random, 20);
  std::vector<std::int64_t> values(count);
  EmbeddingOptions options{.default_row = below(random, table.rows())};
  options.stores = static_cast<Stores>(below(random, 3));
  if (below(random, 4) == 0) options.bad_index = below(random, 2) == 0 ? BadIndex::skip : BadIndex::default_row;
  for (auto& value : values) {
    value = static_cast<std::int64_t>(below(random, table.rows()));
    if (options.bad_index != BadIndex::reject && below(random, 4) == 0 && table.rows() < 255) value = 255;
  }
  const Integers indices(kind, values);
  Output expected(output, count, table.dim(), below(random, 3) * below(random, 5));
  Output actual(output, count, table.dim(), expected.stride() - table.dim());
  const Status by_reference = reference::embedding(table, indices, expected.view(), options);
  const Status by_engine = engine.embedding(table, indices, actual.view(), options);
  Outcome outcome{.compared = count * table.dim(), .difference = {}};
  if (!by_reference.ok() || !by_engine.ok() || by_reference.value != by_engine.value) {
    outcome.difference = "status: " + by_engine.message(table) + " / " + by_reference.message(table);
  } else if (const std::size_t at = expected.first_difference(actual); at != expected.size()) {
    outcome.difference = "row " + std::to_string(at / expected.stride()) + " column " +
                         std::to_string(at % expected.stride()) + " of dim " + std::to_string(table.dim()) + ": bits " +
                         std::to_string(actual.bits_at(at)) + " for " + std::to_string(expected.bits_at(at));
  }
  return outcome;
}

}  // namespace rowan::test
