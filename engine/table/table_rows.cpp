// Rows without padding whose type stays are handed over where they are; others whose type stays are copied; all others
// are decoded and encoded.
#include "engine/table/table_rows.hpp"

#include <algorithm>
#include <cstring>

#include "engine/support/element.hpp"
#include "engine/support/error.hpp"
#include "engine/support/memory_advice.hpp"
#include "engine/support/quantized.hpp"
#include "engine/table/row_encoder.hpp"

namespace rowan::detail {
namespace {

std::span<const std::byte> bytes_of_rows(const Table& table, std::uint64_t begin, std::uint64_t end) noexcept {
  if (begin == end) return {};
  const std::uint64_t stride = table.row_stride();
  return {table.view().data() + begin * stride, (end - begin - 1) * stride + table.view().row_bytes()};
}

}  // namespace

TableRows::TableRows(const Table& table, std::uint64_t rows, bool keyed, const RowLayout& layout,
                     const BatchSizes& sizes, const std::string& path)
    : NumberedRows(rows, std::max<std::size_t>(table.row_stride(), layout.stride), true, layout, sizes),
      table_(table),
      keyed_(keyed && table.vocabulary().kind() != KeyKind::none),
      path_(path.empty() ? path : path + ": ") {}

Result<std::unique_ptr<TableRows>> TableRows::make(const Table& table, std::uint64_t rows, bool keyed,
                                                   const RowLayout& layout, const BatchSizes& sizes,
                                                   const std::string& path) {
  std::unique_ptr<TableRows> made(new TableRows(table, rows, keyed, layout, sizes, path));
  const std::uint64_t keys = table.vocabulary().size();
  if (!made->keyed_ || keys == table.rows()) return made;
  return make_error(Code::invalid_argument, "table '", table.name(), "' has ", table.rows(), " rows and ", keys,
                    " keys; one with keys is saved where every row has one");
}

std::string TableRows::place(std::uint64_t row) const { return concat("row ", row, " of table '", table_.name(), "'"); }

void TableRows::prepare(std::uint64_t begin, std::uint64_t end) noexcept {
  if (begin != end) advise_needed(bytes_of_rows(table_, begin, end));
}

Result<void> TableRows::read(std::uint64_t begin, std::uint64_t end, RowBlock& block) {
  block.rows = static_cast<std::size_t>(end - begin);
  if (keyed_) {
    if (const auto good = read_keys(begin, end, block); !good) return good;
  }
  return read_values(begin, end, block);
}

Result<void> TableRows::read_keys(std::uint64_t begin, std::uint64_t end, RowBlock& block) const {
  const Vocabulary& vocabulary = table_.vocabulary();
  for (std::uint64_t row = begin; row < end && vocabulary.kind() == KeyKind::u64; ++row) {
    block.ids.push_back(*vocabulary.id(row));
  }
  for (std::uint64_t row = begin; row < end && vocabulary.kind() == KeyKind::bytes; ++row) {
    const auto key = vocabulary.key(row);
    if (!key) return make_error(Code::malformed_file, place(row), " has no readable key: its file is damaged");
    block.add_token(*key, layout());
  }
  return {};
}

Result<void> TableRows::read_values(std::uint64_t begin, std::uint64_t end, RowBlock& block) const {
  const simd::Element from = element_of(table_.dtype());
  const std::size_t stride = layout().stride;
  const std::uint64_t row_bytes = table_.view().row_bytes();
  const std::byte* stored = bytes_of_rows(table_, begin, end).data();
  if (layout().element == from && stride == row_bytes && table_.row_stride() == row_bytes) {
    block.values = {stored, block.rows * stride};
    return {};
  }
  std::byte* out = block.room(block.rows, stride);
  RowEncoder encoder(layout());
  for (std::uint64_t row = begin; row < end; ++row, out += stride, stored += table_.row_stride()) {
    if (layout().element == from) {
      std::memcpy(out, stored, row_bytes);
      continue;
    }
    const simd::Encoded encoded = encoder.encode(from, stored, out, block.errors);
    if (encoded != simd::Encoded::ok) {
      return make_error(Code::invalid_argument, path_, place(row), " ", why_not_quantized(encoded, layout().dtype()));
    }
  }
  return {};
}

}  // namespace rowan::detail
