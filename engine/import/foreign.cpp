#include "engine/import/foreign.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/import/encode.hpp"
#include "engine/support/error.hpp"
#include "engine/support/quantized.hpp"
#include "engine/support/utf8.hpp"
#include "engine/words/subword_rows.hpp"

namespace rowan::detail {

SourceFormat source_format(FileKind kind) noexcept {
  switch (kind) {
    case FileKind::npy:
      return SourceFormat::npy;
    case FileKind::zip:
      return SourceFormat::zip;
    case FileKind::pickle:
      return SourceFormat::pytorch;
    case FileKind::gguf:
      return SourceFormat::gguf;
    case FileKind::fasttext_binary:
      return SourceFormat::fasttext;
    case FileKind::finalfusion:
      return SourceFormat::finalfusion;
    default:
      return SourceFormat::safetensors;
  }
}

Result<ForeignSource> open_foreign(const std::string& source, OpenedFile opened, ConvertOptions& options) {
  Result<ForeignFile> file = ForeignFile::of(std::move(opened));
  if (!file) return file.error();
  Result<ForeignTable> table = file->choose(options.table);
  if (!table) return table.error();
  if (options.dim != 0 && options.dim != table->dim) {
    return make_error(Code::invalid_argument, source, ": ", tensor_in_words(*table->tensor), " has rows of ",
                      counted(table->dim, "number"), ", and ", options.dim, " are asked for");
  }
  ForeignSource made{.file = *std::move(file), .table = *std::move(table), .rows = 0};
  const FoundFile& found = made.file.found();
  const bool has_keys = made.file.has_keys(made.table);
  if (options.keys == KeyKind::bytes && !has_keys) options.keys = KeyKind::none;
  made.keyed = has_keys && options.keys != KeyKind::none && options.ids_from.empty();
  made.words = made.keyed && made.file.kind() == FileKind::fasttext_binary;
  const std::uint64_t keys = found.keys.size();
  made.rows = made.words ? keys : made.file.row_count(made.table);
  if (!made.keyed || keys == made.rows || (options.limit != 0 && options.limit <= keys)) return made;
  return make_error(Code::invalid_argument, source, ": ", tensor_in_words(*made.table.tensor), " has ", made.rows,
                    " rows and the file has ", keys, " tokens: say --limit ", keys,
                    " for the rows that have one, or --keys none for all rows without");
}

Result<std::unique_ptr<ForeignReader>> ForeignReader::make(const ForeignSource& source, const std::string& path,
                                                           const RowLayout& layout, std::uint64_t limit,
                                                           const BatchSizes& sizes) {
  std::unique_ptr<ForeignReader> reader(new ForeignReader(source, path, layout));
  auto rows = source.words ? subword_rows(path, source.file.found().keys) : source.file.rows(source.table);
  if (!rows) return rows.error();
  reader->rows_ = *std::move(rows);
  reader->rows_wanted_ = limit == 0 ? source.rows : std::min(limit, source.rows);
  const std::size_t row_bytes = std::max(layout.dim * sizeof(float), layout.stride);
  reader->batch_ = std::max<std::uint64_t>(batch_bytes(sizes.batch, row_bytes, layout) / row_bytes, 1);
  // Rows that have to be read in order are one tile.
  const std::uint64_t step = std::max<std::uint64_t>(sizes.chunk / row_bytes, 1);
  reader->step_ = reader->rows_->any_order() ? step : reader->batch_;
  return reader;
}

std::string ForeignReader::place(std::uint64_t row) const { return concat("row ", row, " (counted from 0)"); }

Result<std::size_t> ForeignReader::begin_batch() {
  begin_ = end_;
  end_ = std::min(begin_ + batch_, rows_wanted_);
  return static_cast<std::size_t>((end_ - begin_ + step_ - 1) / step_);
}

Result<void> ForeignReader::end_batch(std::span<const RowBlock>) { return {}; }

Result<void> ForeignReader::parse(std::size_t tile, RowBlock& block) {
  const std::uint64_t begin = begin_ + tile * step_;
  const std::uint64_t end = std::min(begin + step_, end_);
  const auto count = static_cast<std::size_t>(end - begin);
  block.clear();
  block.values.assign(count * layout_.stride, std::byte{0});
  std::vector<float> values(count * layout_.dim);
  if (const auto good = rows_->read(begin, end, values.data()); !good) return good;
  RowEncoder encoder(layout_);
  const std::vector<std::string_view>& keys = source_.file.found().keys;
  for (std::size_t i = 0; i < count; ++i) {
    const simd::Encoded encoded =
        encoder.encode(values.data() + i * layout_.dim, block.values.data() + i * layout_.stride, block.errors);
    if (encoded != simd::Encoded::ok) {
      return make_error(Code::invalid_argument, path_, ": ", place(begin + i), " ",
                        why_not_quantized(encoded, layout_.dtype()));
    }
    block.tokens.push_back(source_.keyed ? keys[begin + i] : std::string_view());
    if (layout_.check_utf8 && !is_utf8(block.tokens.back())) ++block.invalid_utf8;
  }
  return {};
}

}  // namespace rowan::detail
