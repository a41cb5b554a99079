// Tensors of native files: their names, shapes and places.
#include "engine/native/file_layout.hpp"

#include <algorithm>
#include <set>

#include "engine/native/format.hpp"
#include "engine/support/checked.hpp"
#include "engine/support/error.hpp"
#include "engine/table/row_stride.hpp"
#include "engine/table/table_name.hpp"

namespace rowan::detail {
Result<void> check_layouts(const std::vector<TableLayout>& layouts, const Extras& extras) {
  if (layouts.empty()) return make_error(Code::invalid_argument, "a file has at least one table");
  std::set<std::string_view> names;
  for (const TableLayout& layout : layouts) {
    if (const auto good = check_table_name(layout.name); !good) return good;
    if (!names.insert(layout.name).second) {
      return make_error(Code::invalid_argument, "two tables are called '", layout.name, "'");
    }
    if (layout.dim == 0) {
      return make_error(Code::invalid_argument, "the dim of table '", layout.name, "' is 0; it is at least 1");
    }
    if (!row_stride(layout.dim, layout.dtype, layout.pad_rows)) {
      return make_error(Code::invalid_argument, "a row of table '", layout.name, "' with dim ", layout.dim,
                        " is larger than memory");
    }
  }
  if (header_reserve(layouts, extras) > max_header_json) {
    return make_error(Code::invalid_argument, "the names of ", layouts.size(), " tables do not fit a header of ",
                      max_header_json, " bytes");
  }
  return {};
}

std::uint64_t header_reserve(const std::vector<TableLayout>& layouts, const Extras& extras) {
  // Every number is the longest there is, and there is padding wherever there can be.
  constexpr std::uint64_t longest = UINT64_MAX;
  FileLayout layout(layouts, extras);
  const auto add = [&](std::string name, std::string_view dtype, std::vector<std::uint64_t> shape) {
    layout.add(std::move(name), dtype, std::move(shape), longest);
    layout.add("rowan.padding.00000000", "U8", {longest}, longest);
  };
  for (const TableLayout& table : layouts) {
    add(concat(table.name, native::weight_suffix), native::dtype_name(table.dtype), {longest, longest});
    if (table.keys == KeyKind::none) continue;
    const bool ids = table.keys == KeyKind::u64;
    add(concat(table.name, ids ? native::key_ids_suffix : native::key_ends_suffix), "U64", {longest});
    if (!ids) add(concat(table.name, native::key_bytes_suffix), "U8", {longest});
    add(concat(table.name, native::key_index_suffix), "U64", {longest});
  }
  for (const Extras::Content& tensor : extras.tensors) add(tensor.name, tensor.dtype, tensor.shape);
  add(std::string(native::checksum_name), "U64", {longest});
  return *checked_round_up(layout.header_bytes(), native::data_alignment);
}

FileLayout::FileLayout(const std::vector<TableLayout>& layouts, const Extras& extras) {
  std::uint64_t minor = extras.tensors.empty() ? 0 : native::optimizer_minor;
  for (const TableLayout& layout : layouts) minor = std::max(minor, native::format_minor(layout.dtype));
  metadata_.emplace_back(native::format_key, concat(native::format_major, ".", minor));
  for (const TableLayout& layout : layouts) {
    const bool quantized = is_quantized(layout.dtype);
    if (quantized) metadata_.emplace_back(concat(native::dtype_prefix, layout.name), to_string(layout.dtype));
    if (quantized || *row_stride(layout.dim, layout.dtype, layout.pad_rows) != *row_bytes(layout.dtype, layout.dim)) {
      metadata_.emplace_back(concat(native::dim_prefix, layout.name), std::to_string(layout.dim));
    }
  }
  metadata_.insert(metadata_.end(), extras.metadata.begin(), extras.metadata.end());
}

void FileLayout::add(std::string name, std::string_view dtype, std::vector<std::uint64_t> shape, std::uint64_t end) {
  tensors_.push_back({std::move(name), std::string(dtype), std::move(shape), end_, end});
  end_ = end;
}

void FileLayout::add_weight(const TableLayout& layout, std::uint64_t rows, std::uint64_t end) {
  const std::uint64_t columns = *row_stride(layout.dim, layout.dtype, layout.pad_rows) / column_bytes(layout.dtype);
  add(concat(layout.name, native::weight_suffix), native::dtype_name(layout.dtype), {rows, columns}, end);
}

void FileLayout::add_padding(std::uint64_t end) {
  if (end == end_) return;
  add(concat(native::padding_prefix, paddings_++), "U8", {end - end_}, end);
}

}  // namespace rowan::detail
