#include "engine/convert/foreign_rows.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/support/error.hpp"
#include "engine/support/quantized.hpp"
#include "engine/table/row_encoder.hpp"
#include "engine/words/subword_rows.hpp"

namespace rowan::detail {

Result<ForeignSource> choose_foreign(ForeignFile file, const std::string& path, ConvertOptions& options) {
  Result<ForeignTable> table = file.choose(options.table);
  if (!table) return table.error();
  if (options.dim != 0 && options.dim != table->dim) {
    return make_error(Code::invalid_argument, path, ": ", tensor_in_words(*table->tensor), " has rows of ",
                      counted(table->dim, "number"), ", and ", options.dim, " are asked for");
  }
  ForeignSource made{.file = std::move(file), .table = *std::move(table), .rows = 0};
  const FoundFile& found = made.file.found();
  const bool has_keys = made.file.has_keys(made.table);
  if (options.keys == KeyKind::bytes && !has_keys) options.keys = KeyKind::none;
  made.keyed = has_keys && options.keys != KeyKind::none && options.ids_from.empty();
  made.subwords = made.keyed && found.subwords != nullptr;
  const std::uint64_t keys = found.keys.size();
  made.rows = made.subwords ? keys : made.file.row_count(made.table);
  if (!made.keyed || keys == made.rows || (options.limit != 0 && options.limit <= keys)) return made;
  return make_error(Code::invalid_argument, path, ": ", tensor_in_words(*made.table.tensor), " has ", made.rows,
                    " rows and the file has ", keys, " tokens: say --limit ", keys,
                    " for the rows that have one, or --keys none for all rows without");
}

Result<std::unique_ptr<RowReader>> ForeignRows::make(const ForeignSource& source, const std::string& path,
                                                     const RowLayout& layout, std::uint64_t limit,
                                                     const BatchSizes& sizes) {
  auto rows = source.subwords ? subword_rows(source.file) : source.file.rows(source.table);
  if (!rows) return rows.error();
  return std::unique_ptr<RowReader>(new ForeignRows(source, path, *std::move(rows), layout, limit, sizes));
}

ForeignRows::ForeignRows(const ForeignSource& source, const std::string& path, std::unique_ptr<DecodedRows> rows,
                         const RowLayout& layout, std::uint64_t limit, const BatchSizes& sizes)
    : NumberedRows(limited(source.rows, limit), std::max(layout.dim * sizeof(float), layout.stride), rows->any_order(),
                   layout, sizes),
      source_(source),
      path_(path),
      rows_(std::move(rows)) {}

Result<void> ForeignRows::read(std::uint64_t begin, std::uint64_t end, RowBlock& block) {
  const std::size_t dim = layout().dim;
  const std::size_t stride = layout().stride;
  std::byte* const out = block.room(static_cast<std::size_t>(end - begin), stride);
  std::vector<float> values(block.rows * dim);
  std::vector<double> exact(layout().measure_error && source_.is_f64() ? values.size() : 0);
  if (const auto good = rows_->read(begin, end, values.data(), exact.empty() ? nullptr : exact.data()); !good) {
    return good;
  }
  RowEncoder encoder(layout());
  for (std::size_t i = 0; i < block.rows; ++i) {
    const simd::Encoded encoded = encoder.encode(values.data() + i * dim, out + i * stride, block.errors,
                                                 exact.empty() ? nullptr : exact.data() + i * dim);
    if (encoded != simd::Encoded::ok) {
      return make_error(Code::invalid_argument, path_, ": ", place(begin + i), " ",
                        why_not_quantized(encoded, layout().dtype()));
    }
  }
  if (!source_.keyed) return {};
  const std::vector<std::string_view>& keys = source_.file.found().keys;
  for (std::uint64_t row = begin; row < end; ++row) block.add_token(keys[row], layout());
  return {};
}

}  // namespace rowan::detail
