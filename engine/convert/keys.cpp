#include "engine/convert/keys.hpp"

#include <utility>

#include "engine/support/error.hpp"
#include "engine/support/text.hpp"

namespace rowan::detail {

Result<Keys> Keys::make(const ConvertOptions& options, std::optional<std::uint64_t> promised,
                        const std::string& source) {
  Keys keys(options.keys, source);
  if (options.ids_from.empty()) return keys;
  if (options.keys != KeyKind::u64) {
    return make_error(Code::invalid_argument, "ids from a file are u64 keys, and keys of another kind are asked for");
  }
  auto ids = IdFile::open(options.ids_from);
  if (!ids) return ids.error();
  keys.ids_ = *std::move(ids);
  if (!promised) return keys;
  const auto expected = keys.check_rows(limited(*promised, options.limit), options.limit == 0);
  if (!expected) return expected.error();
  return keys;
}

Result<void> Keys::expect(std::uint64_t rows) const {
  if (!ids_ || ids_->count() == rows) return {};
  return make_error(Code::invalid_argument, ids_->path(), " has ", counted(ids_->count(), "id"), ", ", source_, " has ",
                    counted(rows, "row"));
}

Result<void> Keys::expect_at_least(std::uint64_t rows) const {
  if (!ids_ || ids_->count() >= rows) return {};
  return make_error(Code::invalid_argument, ids_->path(), " has ", counted(ids_->count(), "id"), ", ", source_,
                    " has more rows");
}

Result<void> Keys::append(TableWriter& writer, std::size_t number, const RowReader& reader, const RowBlock& block,
                          std::uint64_t row) {
  if (kind_ == KeyKind::bytes) return writer.append_encoded(number, block.values, block.tokens, {});
  if (kind_ == KeyKind::none) return writer.append_encoded(number, block.values, {}, {});
  if (!block.ids.empty()) return writer.append_encoded(number, block.values, {}, block.ids);
  const auto numbered = ids_ ? read_ids(block, row) : parse_ids(reader, block, row);
  if (!numbered) return numbered;
  return writer.append_encoded(number, block.values, {}, numbers_);
}

Result<void> Keys::read_ids(const RowBlock& block, std::uint64_t row) {
  if (const auto enough = expect_at_least(row + block.rows); !enough) return enough;
  numbers_.resize(block.rows);
  return ids_->read(numbers_);
}

Result<void> Keys::parse_ids(const RowReader& reader, const RowBlock& block, std::uint64_t row) {
  numbers_.clear();
  for (std::size_t i = 0; i < block.rows; ++i) {
    const auto id = block.tokens.empty() ? std::nullopt : parse_decimal(block.tokens[i]);
    if (!id) {
      return make_error(Code::malformed_file, source_, ": ", reader.place(row + i),
                        " does not begin with a decimal u64, which is asked for as its key");
    }
    numbers_.push_back(*id);
  }
  return {};
}

}  // namespace rowan::detail
