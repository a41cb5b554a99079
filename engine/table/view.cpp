// Views over memory that somebody else owns.
#include "rowan/view.hpp"

#include "engine/support/checked.hpp"
#include "engine/support/error.hpp"
#include "engine/support/status.hpp"

namespace rowan {

using detail::checked_add;
using detail::checked_multiply;
using detail::make_error;

std::string Status::message(const TableView& view) const { return detail::describe_status(*this, view.rows()); }

Result<TableView> TableView::over(std::span<const std::byte> bytes, std::uint64_t rows, std::uint64_t dim, DType dtype,
                                  std::uint64_t row_stride) {
  return detail::guarded([&]() -> Result<TableView> {
    if (dim == 0) return make_error(Code::invalid_argument, "a table's dim is 0; it is at least 1");
    if (static_cast<int>(dtype) >= dtype_count)
      return make_error(Code::invalid_argument, "there is no such element type");
    const auto row_bytes = rowan::row_bytes(dtype, dim);
    if (!row_bytes) return make_error(Code::invalid_argument, "a row of ", dim, " elements is larger than memory");
    const std::uint64_t stride = row_stride == 0 ? *row_bytes : row_stride;
    if (stride < *row_bytes) {
      return make_error(Code::invalid_argument, "the row stride of ", stride, " bytes is shorter than a row of ",
                        *row_bytes, " bytes");
    }
    if (rows > 0) {
      const auto last = checked_multiply(rows - 1, stride);
      const auto end = last ? checked_add(*last, *row_bytes) : std::nullopt;
      if (!end || *end > bytes.size()) {
        return make_error(Code::invalid_argument, rows, " rows of ", *row_bytes, " bytes, ", stride,
                          " bytes apart, end beyond the ", bytes.size(), " bytes given");
      }
    }
    TableView view;
    // A view of nothing has an address too: kernels add to it, and read nothing there.
    static constexpr std::byte nothing{};
    view.data_ = bytes.data() != nullptr ? bytes.data() : &nothing;
    view.rows_ = rows;
    view.dim_ = dim;
    view.row_stride_ = stride;
    view.row_bytes_ = *row_bytes;
    view.dtype_ = dtype;
    return view;
  });
}

Result<TableView> TableView::over(std::span<const float> values, std::uint64_t dim) {
  return detail::guarded([&]() -> Result<TableView> {
    if (dim == 0) return make_error(Code::invalid_argument, "a table's dim is 0; it is at least 1");
    if (values.size() % dim != 0) {
      return make_error(Code::invalid_argument, values.size(), " values are not whole rows of ", dim);
    }
    return over(std::as_bytes(values), values.size() / dim, dim, DType::f32);
  });
}

Result<MutableTableView> MutableTableView::over(std::span<std::byte> bytes, std::uint64_t rows, std::uint64_t dim,
                                                DType dtype, std::uint64_t row_stride) {
  const Result<TableView> view = TableView::over(bytes, rows, dim, dtype, row_stride);
  if (!view) return view.error();
  return MutableTableView(*view);
}

Result<MutableTableView> MutableTableView::over(std::span<float> values, std::uint64_t dim) {
  const Result<TableView> view = TableView::over(values, dim);
  if (!view) return view.error();
  return MutableTableView(*view);
}

}  // namespace rowan
