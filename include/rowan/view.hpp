// What lookups read and write: views that own nothing. What they look at must stay alive and unchanged while a
// call runs. All are small and trivially copyable.
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
/// any alignment. Whoever made it keeps the memory alive and unchanged while lookups run; a view of a Table is
/// good as long as a copy of that Table. Safe to share between threads.
class TableView {
 public:
  /// A view over `bytes`. `row_stride` is the distance between rows in bytes, 0 for rows without gaps.
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
  std::uint64_t row_bytes() const noexcept { return row_bytes_; }    ///< bytes of a row, scale and bias included
  DType dtype() const noexcept { return dtype_; }

 private:
  friend class Table;
  friend class MutableTableView;
  TableView() = default;

  const std::byte* data_ = nullptr;
  std::uint64_t rows_ = 0;
  std::uint64_t dim_ = 0;
  std::uint64_t row_stride_ = 0;
  std::uint64_t row_bytes_ = 0;
  DType dtype_ = DType::f32;
};

/// A TableView whose rows may be written: what optimizers train. Lookups take it as the TableView that it is.
/// Whoever writes through it sees to it that nobody reads or writes the same table meanwhile.
class MutableTableView : public TableView {
 public:
  /// As TableView::over(), over memory that may be written.
  ROWAN_API static Result<MutableTableView> over(std::span<std::byte> bytes, std::uint64_t rows, std::uint64_t dim,
                                                 DType dtype, std::uint64_t row_stride = 0);
  ROWAN_API static Result<MutableTableView> over(std::span<float> values, std::uint64_t dim);

  std::byte* mutable_data() const noexcept { return const_cast<std::byte*>(data()); }

 private:
  friend class Table;
  explicit MutableTableView(const TableView& view) noexcept : TableView(view) {}
};

/// Types that indices, offsets and lengths come in.
enum class IndexKind : std::uint8_t { i32, i64, u32, u64, u16, u8 };
inline constexpr int index_kind_count = 6;

/// Integers of exactly 8, 16, 32 or 64 bits; 8 and 16 bits unsigned only. bool and characters are none.
template <class T>
concept IndexType = std::same_as<T, std::uint8_t> || std::same_as<T, std::uint16_t> ||
    (std::integral<T> && !std::same_as<T, wchar_t> && !std::same_as<T, char32_t> && (sizeof(T) == 4 || sizeof(T) == 8));

/// The kind of an index type. `long` and `long long` are both i64.
template <IndexType T>
inline constexpr IndexKind index_kind = sizeof(T) == 1   ? IndexKind::u8
                                        : sizeof(T) == 2 ? IndexKind::u16
                                        : sizeof(T) == 4 ? (std::signed_integral<T> ? IndexKind::i32 : IndexKind::u32)
                                        : std::signed_integral<T> ? IndexKind::i64
                                                                  : IndexKind::u64;

/// Indices, offsets or lengths of any of the types above: a span that remembers which. Made from arrays,
/// vectors and spans of them without a cast.
class IndexSpan {
 public:
  IndexSpan() = default;
  template <std::ranges::contiguous_range Range>
  requires std::ranges::sized_range<Range> && IndexType<std::ranges::range_value_t<Range>> IndexSpan(
      const Range& values)
  noexcept
      : data_(std::ranges::data(values)),
        size_(std::ranges::size(values)),
        kind_(index_kind<std::ranges::range_value_t<Range>>) {}

  const void* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  IndexKind kind() const noexcept { return kind_; }

 private:
  const void* data_ = nullptr;
  std::size_t size_ = 0;
  IndexKind kind_ = IndexKind::i64;
};

/// Bags of rows, in one of three forms; indices and offsets or lengths may be of different types.
class Bags {
 public:
  using Weights = std::optional<std::span<const float>>;
  enum class Form : std::uint8_t { offsets, lengths, fixed };

  /// PyTorch's 1-D form: bag b holds indices[offsets[b] .. offsets[b + 1]). offsets[0] is 0 and offsets never
  /// decrease or exceed indices.size(). Without BagOptions::include_last_offset there is one offset per bag and the
  /// last bag runs to the end of the indices; with it there is one more, at which the last bag ends. Every
  /// index is checked, those behind the last offset too. `weights`: one per index.
  Bags(IndexSpan indices, IndexSpan offsets, Weights weights = {}) noexcept
      : indices_(indices), bounds_(offsets), weights_(weights), form_(Form::offsets) {}

  /// One length per bag; they add up to indices.size().
  static Bags by_lengths(IndexSpan indices, IndexSpan lengths, Weights weights = {}) noexcept {
    Bags made(indices, lengths, weights);
    made.form_ = Form::lengths;
    return made;
  }

  /// PyTorch's 2-D form: `bags` bags of one length, indices of shape [bags, indices.size() / bags], row-major.
  static Bags fixed(IndexSpan indices, std::uint64_t bags, Weights weights = {}) noexcept {
    Bags made(indices, IndexSpan(), weights);
    made.form_ = Form::fixed;
    made.fixed_bags_ = bags;
    return made;
  }

  Form form() const noexcept { return form_; }
  const IndexSpan& indices() const noexcept { return indices_; }
  const IndexSpan& bounds() const noexcept { return bounds_; }  ///< offsets or lengths, as the form has it
  std::uint64_t fixed_bags() const noexcept { return fixed_bags_; }
  const Weights& weights() const noexcept { return weights_; }

 private:
  IndexSpan indices_;
  IndexSpan bounds_;
  Weights weights_;
  std::uint64_t fixed_bags_ = 0;
  Form form_ = Form::offsets;
};

namespace detail {

/// A matrix of f32, or of f16 or bf16 in 16 bits each, its elements and the distance of its rows.
template <class Pointer>
class MatrixView {
 public:
  Pointer data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }        ///< elements
  std::uint64_t stride() const noexcept { return stride_; }  ///< elements from one row to the next; 0 = dim
  DType dtype() const noexcept { return dtype_; }
  bool valid_dtype() const noexcept {
    return sixteen_bits_ ? dtype_ == DType::f16 || dtype_ == DType::bf16 : dtype_ == DType::f32;
  }

 protected:
  MatrixView(Pointer data, std::size_t size, std::uint64_t stride, DType dtype, bool sixteen_bits) noexcept
      : data_(data), size_(size), stride_(stride), dtype_(dtype), sixteen_bits_(sixteen_bits) {}

 private:
  Pointer data_;
  std::size_t size_;
  std::uint64_t stride_;
  DType dtype_;
  bool sixteen_bits_;
};

}  // namespace detail

/// Where a call writes its rows: row r goes to element r * stride and the dim elements from there.
/// A contiguous output (stride 0) must have exactly rows × dim elements. A strided one, which lets several
/// lookups fill one feature matrix, must reach at least to the end of its last row; what lies between
/// the rows is not touched. Elements are f32, or f16 or bf16 in 16 bits each, rounded to nearest even; aligned as
/// their type is.
class OutputView : public detail::MatrixView<void*> {
 public:
  template <class Range>
  requires std::convertible_to<Range&, std::span<float>> OutputView(Range&& values, std::uint64_t stride = 0)
  noexcept : OutputView(std::span<float>(values), stride) {}
  OutputView(std::span<float> values, std::uint64_t stride = 0) noexcept
      : MatrixView(values.data(), values.size(), stride, DType::f32, false) {}
  /// `dtype` is DType::f16 or DType::bf16; a call refuses any other.
  OutputView(std::span<std::uint16_t> bits, DType dtype, std::uint64_t stride = 0) noexcept
      : MatrixView(bits.data(), bits.size(), stride, dtype, true) {}
};

/// The gradient of a loss with respect to an output, which it has the shape of: row r begins at element r * stride and
/// has dim elements. Contiguous (stride 0) it has exactly rows × dim elements; strided, it reaches at least to the end
/// of its last row. Elements are f32, or f16 or bf16 in 16 bits each.
class GradientView : public detail::MatrixView<const void*> {
 public:
  template <class Range>
  requires std::convertible_to<const Range&, std::span<const float>> GradientView(const Range& values,
                                                                                  std::uint64_t stride = 0)
  noexcept : GradientView(std::span<const float>(values), stride) {}
  GradientView(std::span<const float> values, std::uint64_t stride = 0) noexcept
      : MatrixView(values.data(), values.size(), stride, DType::f32, false) {}
  /// `dtype` is DType::f16 or DType::bf16; a call refuses any other.
  GradientView(std::span<const std::uint16_t> bits, DType dtype, std::uint64_t stride = 0) noexcept
      : MatrixView(bits.data(), bits.size(), stride, dtype, true) {}
};

}  // namespace rowan
