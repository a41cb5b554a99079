// What lookups read and write: views that own nothing.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <span>

#include "rowan/dtype.hpp"
#include "rowan/export.hpp"
#include "rowan/status.hpp"

namespace rowan {

/// A table's weights in memory: [rows, dim] elements of one type, rows a constant number of bytes apart, at
/// any alignment. Owns nothing: whoever made it keeps the memory alive and unchanged while lookups run.
/// Trivially copyable; safe to share between threads. A view of a Table is good as long as a copy of that Table.
class TableView {
 public:
  /// A view over `bytes`. `row_stride` is the distance between rows in bytes, 0 for dim × element size.
  /// Fails where dim is 0, where the stride is shorter than a row, or where the last row would end beyond
  /// `bytes`; the products are checked for overflow. The one way to make a view by hand.
  ROWAN_API static Result<TableView> over(std::span<const std::byte> bytes, std::uint64_t rows, std::uint64_t dim,
                                          DType dtype, std::uint64_t row_stride = 0);

  /// A contiguous [values.size() / dim, dim] view of floats; fails where dim does not divide the size.
  ROWAN_API static Result<TableView> over(std::span<const float> values, std::uint64_t dim);

  const std::byte* data() const noexcept { return data_; }
  std::uint64_t rows() const noexcept { return rows_; }
  std::uint64_t dim() const noexcept { return dim_; }
  std::uint64_t row_stride() const noexcept { return row_stride_; }  ///< bytes from one row to the next
  std::uint64_t row_bytes() const noexcept { return dim_ * element_size(dtype_); }
  DType dtype() const noexcept { return dtype_; }

 private:
  friend class Table;
  TableView() = default;

  const std::byte* data_ = nullptr;
  std::uint64_t rows_ = 0;
  std::uint64_t dim_ = 0;
  std::uint64_t row_stride_ = 0;
  DType dtype_ = DType::f32;
};

/// Types that indices and offsets come in.
template <class T>
concept IndexType = std::same_as<T, std::int32_t> || std::same_as<T, std::int64_t>;

/// Bags of rows in PyTorch's 1-D form. Bag b holds indices[offsets[b] .. offsets[b + 1]).
///
/// offsets[0] is 0 and offsets never decrease or exceed indices.size(). Without BagOptions::include_last_offset
/// there is one offset per bag and the last bag runs to the end of the indices; with it there is one more, at
/// which the last bag ends. Every index is checked, those behind the last offset too.
template <IndexType Index>
struct Bags {
  std::span<const Index> indices;
  std::span<const Index> offsets;
  std::optional<std::span<const float>> weights = {};  ///< one per index; with Pooling::sum only
};

/// Bags of one length: PyTorch's 2-D form, indices of shape [bags, indices.size() / bags], row-major.
template <IndexType Index>
struct FixedBags {
  std::span<const Index> indices;
  std::uint64_t bags;
  std::optional<std::span<const float>> weights = {};  ///< one per index; with Pooling::sum only
};

// So that Bags{indices, offsets} finds its index type.
template <std::ranges::contiguous_range Range, class... Rest>
Bags(const Range&, Rest&&...) -> Bags<std::ranges::range_value_t<Range>>;
template <std::ranges::contiguous_range Range, class... Rest>
FixedBags(const Range&, Rest&&...) -> FixedBags<std::ranges::range_value_t<Range>>;

/// Where a call writes its rows: row r goes to values[r * stride] and the dim floats from there.
/// A contiguous output (stride 0) must have exactly rows × dim floats. A strided one, which lets several
/// lookups fill one feature matrix, must reach at least to the end of its last row; what lies between
/// the rows is not touched.
class OutputView {
 public:
  template <class Range>
  requires std::convertible_to<Range&, std::span<float>> OutputView(Range&& values, std::uint64_t stride = 0)
  noexcept : values_(values), stride_(stride) {}

  std::span<float> values() const noexcept { return values_; }
  std::uint64_t stride() const noexcept { return stride_; }  ///< floats from one row to the next; 0 = dim

 private:
  std::span<float> values_;
  std::uint64_t stride_;
};

}  // namespace rowan
