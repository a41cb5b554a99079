#include "engine/formats/decoded_rows.hpp"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/formats/companions.hpp"
#include "engine/formats/ggml_blocks.hpp"
#include "engine/formats/product.hpp"
#include "engine/support/element.hpp"
#include "engine/support/error.hpp"
#include "engine/support/inflater.hpp"
#include "simd/scalar.hpp"

namespace rowan::detail {
namespace {

/// Elements without gaps, in the byte order of the machine.
void to_f32(Encoding encoding, const std::byte* elements, std::uint64_t count, float* out) noexcept {
  if (const auto dtype = mapped_type(encoding)) return simd::decode_row(element_of(*dtype), elements, count, out);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (encoding == Encoding::f64) {
      double value = 0;
      std::memcpy(&value, elements + i * sizeof value, sizeof value);
      out[i] = static_cast<float>(value);
    } else {
      out[i] = static_cast<float>(std::to_integer<std::int8_t>(elements[i]));
    }
  }
}

/// One row of elements that are no blocks, `step` bytes apart.
void decode_elements(const FoundTensor& tensor, const std::byte* row, std::uint64_t step, std::uint64_t dim,
                     float* out) noexcept {
  constexpr std::uint64_t at_once = 64;
  const std::uint64_t bytes = block_size(tensor.encoding).bytes;
  if (step == bytes && !tensor.big_endian) return to_f32(tensor.encoding, row, dim, out);
  std::byte elements[at_once * sizeof(double)];
  for (std::uint64_t c = 0; c < dim; c += at_once) {
    const std::uint64_t count = std::min(at_once, dim - c);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::byte* const from = row + (c + i) * step;
      std::byte* const to = elements + i * bytes;
      tensor.big_endian ? std::reverse_copy(from, from + bytes, to) : std::copy(from, from + bytes, to);
    }
    to_f32(tensor.encoding, elements, count, out + c);
  }
}

bool in_blocks(Encoding encoding) noexcept { return encoding == Encoding::u8 || block_size(encoding).elements > 1; }

void decode(const ForeignTable& table, const std::byte* row, float* out) noexcept {
  if (in_blocks(table.tensor->encoding)) return decode_blocks(table.tensor->encoding, row, table.dim, out);
  decode_elements(*table.tensor, row, table.column_step, table.dim, out);
}

/// The same of f64 elements, as they are.
void decode_f64(const ForeignTable& table, const std::byte* row, double* out) noexcept {
  for (std::uint64_t c = 0; c < table.dim; ++c) {
    std::byte bytes[sizeof(double)];
    std::copy_n(row + c * table.column_step, sizeof bytes, bytes);
    if (table.tensor->big_endian) std::reverse(bytes, bytes + sizeof bytes);
    std::memcpy(out + c, bytes, sizeof bytes);
  }
}

/// A row to where it is wanted, and on to where the next is.
void decode_next(const ForeignTable& table, const std::byte* row, float*& out, double*& exact) noexcept {
  decode(table, row, out);
  out += table.dim;
  if (exact == nullptr || table.tensor->encoding != Encoding::f64) return;
  decode_f64(table, row, exact);
  exact += table.dim;
}

/// Rows where they lie in the file.
class StoredRows final : public DecodedRows {
 public:
  StoredRows(std::span<const std::byte> file, const ForeignTable& table) : file_(file), table_(table) {}

  Result<void> read(std::uint64_t begin, std::uint64_t end, float* out, double* exact) override {
    const std::byte* const first = file_.data() + table_.tensor->offset;
    for (std::uint64_t row = begin; row < end; ++row) {
      decode_next(table_, first + row * table_.row_step, out, exact);
    }
    return {};
  }

 private:
  std::span<const std::byte> file_;
  ForeignTable table_;
};

class ProductRows final : public DecodedRows {
 public:
  ProductRows(std::span<const std::byte> file, const ForeignTable& table) : file_(file), table_(table) {}

  Result<void> read(std::uint64_t begin, std::uint64_t end, float* out, double*) override {
    for (std::uint64_t row = begin; row < end; ++row, out += table_.dim) {
      decode_product_row(file_, *table_.tensor, row, out);
    }
    return {};
  }

 private:
  std::span<const std::byte> file_;
  ForeignTable table_;
};

/// Rows that are inflated one after the other. Behind the last of them what else was compressed with them is read too,
/// so that all of it has been held against its size and CRC-32, which whoever stops earlier does without.
class InflatedRows final : public DecodedRows {
 public:
  InflatedRows(std::span<const std::byte> file, const ForeignTable& table, const Deflated& run, std::string subject)
      : table_(table),
        run_(file.subspan(run.offset, run.bytes), {run.inflated, run.crc32}, std::move(subject)),
        row_(table.row_step),
        skip_(table.tensor->offset) {}

  bool any_order() const noexcept override { return false; }
  Result<void> read(std::uint64_t begin, std::uint64_t end, float* out, double* exact) override {
    while (skip_ != 0) {
      const auto skipped = run_.read(std::span(row_).first(std::min<std::uint64_t>(skip_, row_.size())));
      if (!skipped) return skipped.error();
      skip_ -= *skipped;
    }
    for (std::uint64_t row = begin; row < end; ++row) {
      if (const auto filled = run_.read(row_); !filled) return filled.error();
      decode_next(table_, row_.data(), out, exact);
    }
    if (end < table_.rows) return {};
    for (;;) {
      const auto rest = run_.read(row_);
      if (!rest) return rest.error();
      if (*rest < row_.size()) return {};
    }
  }

 private:
  ForeignTable table_;
  InflatedRun run_;
  std::vector<std::byte> row_;
  std::uint64_t skip_;
};

/// Rows of codes, multiplied with their scales.
class ScaledRows final : public DecodedRows {
 public:
  ScaledRows(std::unique_ptr<DecodedRows> codes, std::span<const std::byte> file, const Scaling& scaling,
             std::uint64_t dim)
      : codes_(std::move(codes)), file_(file), scaling_(scaling), dim_(dim) {}

  Result<void> read(std::uint64_t begin, std::uint64_t end, float* out, double*) override {
    if (const auto good = codes_->read(begin, end, out); !good) return good;
    for (std::uint64_t row = begin; row < end; ++row, out += dim_) scale_row(file_, scaling_, row, {out, dim_});
    return {};
  }
  bool any_order() const noexcept override { return codes_->any_order(); }

 private:
  std::unique_ptr<DecodedRows> codes_;
  std::span<const std::byte> file_;
  Scaling scaling_;
  std::uint64_t dim_;
};

/// Rows of any number, in any order, several of one row of the tensor, each with a weight.
class DerivedRows final : public DecodedRows {
 public:
  DerivedRows(std::unique_ptr<DecodedRows> rows, const FoundFile& found, std::uint64_t dim)
      : rows_(std::move(rows)), found_(found), dim_(dim) {}

  Result<void> read(std::uint64_t begin, std::uint64_t end, float* out, double* exact) override {
    for (std::uint64_t key = begin; key < end; ++key, out += dim_) {
      const std::uint64_t row = found_.rows_of_keys.empty() ? key : found_.rows_of_keys[key];
      double* const exact_row = exact == nullptr ? nullptr : exact + (key - begin) * dim_;
      if (const auto good = rows_->read(row, row + 1, out, exact_row); !good) return good;
      if (found_.weights_of_keys.empty()) continue;
      for (std::uint64_t c = 0; c < dim_; ++c) out[c] = out[c] * found_.weights_of_keys[key];
      for (std::uint64_t c = 0; exact_row != nullptr && c < dim_; ++c) exact_row[c] *= found_.weights_of_keys[key];
    }
    return {};
  }

 private:
  std::unique_ptr<DecodedRows> rows_;
  const FoundFile& found_;
  std::uint64_t dim_;
};

}  // namespace

Result<std::unique_ptr<DecodedRows>> rows_of(std::span<const std::byte> file, const FoundFile& found,
                                             const ForeignTable& table, bool derived, const std::string& path) {
  const FoundTensor& tensor = *table.tensor;
  std::unique_ptr<DecodedRows> rows;
  if (tensor.encoding == Encoding::product) {
    rows = std::make_unique<ProductRows>(file, table);
  } else if (!tensor.deflated) {
    rows = std::make_unique<StoredRows>(file, table);
  } else if (tensor.strides.empty() || (tensor.strides[1] == 1 && tensor.strides[0] == table.dim)) {
    rows = std::make_unique<InflatedRows>(file, table, *tensor.deflated, concat(path, ": ", tensor_in_words(tensor)));
  } else {
    return make_error(Code::format_unsupported, path, ": ", tensor_in_words(tensor),
                      " is compressed and the elements of its rows do not lie one behind the other: save it in C ",
                      "order or uncompressed");
  }
  if (tensor.scaling) rows = std::make_unique<ScaledRows>(std::move(rows), file, *tensor.scaling, table.dim);
  if (!derived) return rows;
  if (!rows->any_order()) {
    return make_error(Code::format_unsupported, path, ": ", tensor_in_words(tensor),
                      " is compressed, and keys share its rows");
  }
  return std::unique_ptr<DecodedRows>(std::make_unique<DerivedRows>(std::move(rows), found, table.dim));
}

}  // namespace rowan::detail
