#include "rowan/view.hpp"

#include "engine/support/error.hpp"

namespace rowan {

Result<TableView> TableView::over(std::span<const std::byte> bytes, std::uint64_t rows, std::uint64_t dim,
                                  DType dtype, std::uint64_t row_stride) {
  return detail::guarded([&]() -> Result<TableView> {
    if (dim == 0) return detail::make_error(Code::invalid_argument, "a table's dim must be at least 1");
    std::uint64_t row_bytes = 0;
    if (__builtin_mul_overflow(dim, std::uint64_t{element_size(dtype)}, &row_bytes)) {
      return detail::make_error(Code::invalid_argument, "a row of ", dim, " elements is larger than memory");
    }
    const std::uint64_t stride = row_stride != 0 ? row_stride : row_bytes;
    if (stride < row_bytes) {
      return detail::make_error(Code::invalid_argument, "a row stride of ", stride, " bytes is less than a row's ",
                                row_bytes);
    }
    std::uint64_t needed = 0;
    if (rows != 0 && (__builtin_mul_overflow(rows - 1, stride, &needed) ||
                      __builtin_add_overflow(needed, row_bytes, &needed) || needed > bytes.size())) {
      return detail::make_error(Code::invalid_argument, rows, " rows, ", stride, " bytes apart, do not fit into ",
                                bytes.size(), " bytes");
    }
    TableView view;
    view.data_ = bytes.data();
    view.rows_ = rows;
    view.dim_ = dim;
    view.row_stride_ = stride;
    view.dtype_ = dtype;
    return view;
  });
}

Result<TableView> TableView::over(std::span<const float> values, std::uint64_t dim) {
  if (dim == 0 || values.size() % dim != 0) {
    return detail::guarded([&]() -> Result<TableView> {
      return detail::make_error(Code::invalid_argument, values.size(), " floats do not make rows of dim ", dim);
    });
  }
  return over(std::as_bytes(values), values.size() / dim, dim, DType::f32);
}

}  // namespace rowan
