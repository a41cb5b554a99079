// Rows decoded in batches, written in another format behind its header.
#include "rowan/export_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/support/bytes.hpp"
#include "engine/support/element.hpp"
#include "engine/support/error.hpp"
#include "engine/table/block_stream.hpp"
#include "engine/table/header.hpp"
#include "engine/table/native.hpp"
#include "engine/table/publish.hpp"
#include "simd/scalar.hpp"

namespace rowan {
namespace detail {
namespace {

constexpr std::string_view format_names[] = {"word2vec", "word2vec-binary", "npy", "safetensors"};
constexpr std::uint64_t batch_bytes = std::uint64_t{1} << 20;

bool has_tokens(TargetFormat format) noexcept {
  return format == TargetFormat::word2vec_text || format == TargetFormat::word2vec_binary;
}

std::string npy_header(const Table& table) {
  constexpr std::size_t before_dict = 10;
  constexpr std::size_t alignment = 64;
  std::string dict = concat("{'descr': '", table.dtype() == DType::f16 ? "<f2" : "<f4",
                            "', 'fortran_order': False, 'shape': (", table.rows(), ", ", table.dim(), "), }");
  dict.append(alignment - 1 - (before_dict + dict.size()) % alignment, ' ');
  dict += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(dict.size() & 0xFF);
  header += static_cast<char>(dict.size() >> 8);
  return header + dict;
}

std::string safetensors_header(const Table& table, bool stored) {
  const std::uint64_t element = stored ? element_bits(table.dtype()) / 8 : sizeof(float);
  const Tensor tensor{.name = concat(table.name(), native::weight_suffix),
                      .dtype = std::string(stored ? native::dtype_name(table.dtype()) : "F32"),
                      .shape = {table.rows(), table.dim()},
                      .begin = 0,
                      .end = table.rows() * table.dim() * element};
  std::string header = serialise({}, std::span(&tensor, 1));
  const std::size_t size = (header.size() + 63) / 64 * 64;
  return pad_header(std::move(header), size);
}

class Exporter {
 public:
  Exporter(const Table& table, TargetFormat format, const ExportOptions& options)
      : table_(table), format_(format), options_(options), values_(table.dim()) {}

  Result<void> run(const std::string& target);

 private:
  /// Whether rows are written with the bytes that they have.
  bool stored() const noexcept {
    return format_ == TargetFormat::npy ? table_.dtype() == DType::f32 || table_.dtype() == DType::f16
                                        : format_ == TargetFormat::safetensors && !is_quantized(table_.dtype());
  }
  std::string header() const {
    if (format_ == TargetFormat::npy) return npy_header(table_);
    if (format_ == TargetFormat::safetensors) return safetensors_header(table_, stored());
    return concat(table_.rows(), " ", table_.dim(), "\n");
  }
  Result<std::string> key(std::uint64_t row) const;
  Result<void> append_row(std::uint64_t row);
  void append_numbers();

  const Table& table_;
  TargetFormat format_;
  const ExportOptions& options_;
  std::vector<float> values_;
  std::string text_;  ///< what is to be written next
};

Result<std::string> Exporter::key(std::uint64_t row) const {
  if (const auto id = table_.vocabulary().id(row)) return concat(*id);
  const auto token = table_.vocabulary().key(row);
  if (!token) return make_error(Code::invalid_argument, "row ", row, " of table '", table_.name(), "' has no token");
  const bool text = format_ == TargetFormat::word2vec_text;
  const bool lines = token->find('\n') != std::string_view::npos;
  if (!lines && (text || token->find(' ') == std::string_view::npos) && !(text && token->ends_with('\r'))) {
    return std::string(*token);
  }
  return make_error(Code::invalid_argument, "the token of row ", row, " of table '", table_.name(), "', '", *token,
                    "', holds ", lines ? "a line feed" : "a space", ", which ", to_string(format_), " cannot hold",
                    lines ? "" : "; word2vec text can");
}

void Exporter::append_numbers() {
  std::array<char, 32> digits;
  for (const float value : values_) {
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    text_ += ' ';
    text_.append(digits.data(), written.ptr);
  }
}

Result<void> Exporter::append_row(std::uint64_t row) {
  if (has_tokens(format_)) {
    const Result<std::string> token = key(row);
    if (!token) return token.error();
    text_ += *token;
  }
  const std::byte* const bytes = table_.view().data() + row * table_.row_stride();
  if (stored()) {
    text_ += as_text({bytes, table_.view().row_bytes()});
    return {};
  }
  simd::decode_row(element_of(table_.dtype()), bytes, values_.size(), values_.data());
  if (format_ == TargetFormat::word2vec_text) {
    append_numbers();
    text_ += '\n';
    return {};
  }
  if (format_ == TargetFormat::word2vec_binary) text_ += ' ';
  text_ += as_text(std::as_bytes(std::span(values_)));
  if (format_ == TargetFormat::word2vec_binary) text_ += '\n';
  return {};
}

Result<void> Exporter::run(const std::string& target) {
  const std::uint64_t keys = table_.vocabulary().size();
  if (has_tokens(format_) && keys != table_.rows()) {
    return make_error(Code::invalid_argument, "table '", table_.name(), "' has ", table_.rows(), " rows and ", keys,
                      " keys, and ", to_string(format_), " needs a token for each row; npy and safetensors need none");
  }
  Result<AtomicFile> file = AtomicFile::create(target, options_.overwrite);
  if (!file) return file.error();
  BlockStream stream(file->file(), file->path(), 0);
  text_ = header();
  Progress progress{.bytes_read = 0, .bytes_total = table_.rows() * table_.row_stride(), .rows = 0};
  for (std::uint64_t row = 0; row < table_.rows(); ++row) {
    if (const auto good = append_row(row); !good) return good;
    if (text_.size() < batch_bytes) continue;
    if (const auto good = stream.append(as_bytes(text_)); !good) return good;
    text_.clear();
    progress.rows = row + 1;
    progress.bytes_read = progress.rows * table_.row_stride();
    if (options_.progress) options_.progress(progress);
  }
  if (const auto good = stream.append(as_bytes(text_)); !good) return good;
  if (const auto good = stream.flush(); !good) return good;
  return file->publish();
}

}  // namespace
}  // namespace detail

std::string_view to_string(TargetFormat format) noexcept {
  const auto i = static_cast<std::size_t>(format);
  return i < std::size(detail::format_names) ? detail::format_names[i] : "unknown";
}

std::optional<TargetFormat> parse_target_format(std::string_view text) noexcept {
  for (std::size_t i = 0; i < std::size(detail::format_names); ++i) {
    if (text == detail::format_names[i]) return static_cast<TargetFormat>(i);
  }
  return std::nullopt;
}

Result<void> export_table(const Table& table, const std::string& target, TargetFormat format,
                          const ExportOptions& options) {
  return detail::guarded([&]() -> Result<void> {
    if (to_string(format) == "unknown") return detail::make_error(Code::invalid_argument, "there is no such format");
    return detail::Exporter(table, format, options).run(target);
  });
}

}  // namespace rowan
