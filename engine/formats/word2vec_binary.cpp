// Rows are framed one after the other, which costs a search for the space each, and copied by tiles.
#include "engine/formats/word2vec_binary.hpp"

#include <algorithm>
#include <cstring>

#include "engine/support/error.hpp"
#include "engine/support/quantized.hpp"
#include "engine/table/row_encoder.hpp"

namespace rowan::detail {
namespace {

constexpr std::size_t longest_token = std::size_t{1} << 20;

}  // namespace

BinaryReader::BinaryReader(BatchReader& reader, const StreamShape& shape, const RowLayout& layout, std::uint64_t limit,
                           const BatchSizes& sizes)
    : reader_(reader), shape_(shape), layout_(layout), sizes_(sizes), limit_(limit) {
  sizes_.batch = batch_bytes(sizes.batch, 4 * layout.dim + 1, layout);
}

std::uint64_t BinaryReader::wanted_rows() const noexcept {
  return limit_ == 0 ? *shape_.promised : std::min(limit_, *shape_.promised);
}

std::string BinaryReader::place(std::uint64_t row) const { return concat("row ", row, " (counted from 0)"); }

Result<std::size_t> BinaryReader::begin_batch() {
  framed_.clear();
  if (rows_ == wanted_rows()) {
    if (const auto complete = check_end(); !complete) return complete.error();
    return std::size_t{0};
  }
  const auto bytes = frame();
  if (!bytes) return bytes.error();
  reader_.consume(*bytes);
  step_ = std::max<std::size_t>(sizes_.chunk / (*bytes / framed_.size() + 1), 1);
  return (framed_.size() - 1) / step_ + 1;
}

Result<void> BinaryReader::end_batch(std::span<const RowBlock>) {
  rows_ += framed_.size();
  return {};
}

void BinaryReader::read_ahead() noexcept {
  if (rows_ + framed_.size() < wanted_rows()) reader_.read_ahead(sizes_.batch);
}

/// Finds the whole rows of the next batch, one at least; returns the bytes that they take.
Result<std::size_t> BinaryReader::frame() {
  const std::size_t longest_row = 2 * longest_token + 4 * layout_.dim + 2;
  for (std::size_t wanted = sizes_.batch;; wanted = std::min(2 * wanted, longest_row)) {
    auto bytes = reader_.peek(wanted);
    if (!bytes) return bytes.error();
    framed_.clear();
    std::size_t at = 0;
    while (framed_.size() < wanted_rows() - rows_) {
      auto framed = frame_row(*bytes, at);
      if (!framed) return framed.error();
      if (*framed == Framed::needs_more) break;
    }
    if (!framed_.empty()) return at;
    if (reader_.at_end()) return cut_short(*bytes);
  }
}

/// Frames the row that starts at `at` and moves on behind it.
Result<BinaryReader::Framed> BinaryReader::frame_row(std::string_view bytes, std::size_t& at) {
  const std::uint64_t row = rows_ + framed_.size();
  std::size_t begin = at;  // line feeds before a token are no part of it
  while (begin < bytes.size() && bytes[begin] == '\n') ++begin;
  const std::string_view rest = bytes.substr(begin);
  const std::size_t space = rest.substr(0, longest_token + 1).find(' ');
  if (space == std::string_view::npos || begin - at > longest_token) {
    if (begin - at + rest.size() <= longest_token) return Framed::needs_more;
    return make_error(Code::malformed_file, reader_.path(), ": ", place(row), " has no space in its first ",
                      longest_token, " bytes, where a token ends");
  }
  std::size_t end = space + 1 + 4 * layout_.dim;
  if (rest.size() < end) return Framed::needs_more;
  if (rest.size() > end && rest[end] == '\n') ++end;
  framed_.push_back({rest.substr(0, space), rest.data() + space + 1});
  at = begin + end;
  return Framed::row;
}

Result<void> BinaryReader::parse(std::size_t tile, RowBlock& block) {
  const std::size_t first = tile * step_;
  const auto rows = std::span<const Row>(framed_).subspan(first, std::min(step_, framed_.size() - first));
  block.clear();
  std::vector<float> values(layout_.element == simd::Element::f32 ? 0 : layout_.dim);
  RowEncoder encoder(layout_);
  std::byte* row_bytes = block.room(rows.size(), layout_.stride);
  for (const Row& row : rows) {
    if (layout_.element == simd::Element::f32) {
      std::memcpy(row_bytes, row.values, 4 * layout_.dim);
    } else {
      std::memcpy(values.data(), row.values, 4 * layout_.dim);
      const simd::Encoded encoded = encoder.encode(values.data(), row_bytes, block.errors);
      if (encoded != simd::Encoded::ok) {
        return make_error(Code::invalid_argument, reader_.path(), ": ", place(rows_ + first + block.tokens.size()), " ",
                          why_not_quantized(encoded, layout_.dtype()));
      }
    }
    row_bytes += layout_.stride;
    block.add_token(row.token, layout_);
  }
  return {};
}

/// Nothing but line feeds may follow the promised rows, unless the limit ended them.
Result<void> BinaryReader::check_end() {
  if (limit_ != 0 && limit_ <= *shape_.promised) return {};
  auto rest = reader_.peek(longest_token);
  if (!rest) return rest.error();
  if (reader_.at_end() && rest->find_first_not_of('\n') == std::string_view::npos) return {};
  return make_error(Code::malformed_file, reader_.path(), ": the header promises ", counted(*shape_.promised, "row"),
                    ", but more bytes follow");
}

/// The source ends before a row does; `rest` is what there is of it.
Error BinaryReader::cut_short(std::string_view rest) const {
  rest.remove_prefix(std::min(rest.find_first_not_of('\n'), rest.size()));
  const std::string_view where = rest.empty()                               ? "before it"
                                 : rest.find(' ') == std::string_view::npos ? "inside its token"
                                                                            : "inside its numbers";
  return make_error(Code::malformed_file, reader_.path(), ": ", place(rows_), " of ", *shape_.promised,
                    " is cut short: the file ends ", where, "; is it truncated?");
}

}  // namespace rowan::detail
