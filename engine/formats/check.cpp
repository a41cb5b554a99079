#include "engine/formats/check.hpp"

#include <algorithm>
#include <array>

#include "engine/formats/ggml_blocks.hpp"
#include "engine/formats/product.hpp"
#include "engine/native/format.hpp"
#include "engine/support/checked.hpp"
#include "engine/support/error.hpp"
#include "engine/support/inflater.hpp"
#include "engine/support/shell_word.hpp"
#include "rowan/table.hpp"

namespace rowan::detail {
namespace {

using native::weight_suffix;  // which it has of PyTorch

/// What models call their embeddings, the likeliest first.
constexpr std::array<std::string_view, 9> usual_names = {
    "embeddings",       "embedding.weight",       "model.embed_tokens.weight", "embed_tokens.weight",
    "wte.weight",       "word_embeddings.weight", "embeddings.weight",         "tok_embeddings.weight",
    "token_embd.weight"};

Error refused(Code code, const std::string& path, const FoundTensor& tensor, std::string_view why) {
  return make_error(code, path, ": ", tensor_in_words(tensor), " ", why);
}

std::string shape_text(const FoundTensor& tensor) {
  std::string text = "[";
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) text += concat(i == 0 ? "" : ", ", tensor.shape[i]);
  return text + "]";
}

/// Bytes from the first element of a matrix to behind its last; empty where they do not fit 64 bits.
std::optional<std::uint64_t> extent(std::uint64_t rows, std::uint64_t columns, std::uint64_t row_step,
                                    std::uint64_t column_step, std::uint64_t element) noexcept {
  if (rows == 0 || columns == 0) return 0;
  const auto last_row = checked_multiply(rows - 1, row_step);
  const auto last_column = checked_multiply(columns - 1, column_step);
  const auto last = last_row && last_column ? checked_add(*last_row, *last_column) : std::nullopt;
  return last ? checked_add(*last, element) : std::nullopt;
}

std::string why_not_mapped(const ForeignTable& table, std::uint64_t element) {
  const FoundTensor& tensor = *table.tensor;
  if (tensor.deflated) return "it is compressed";
  if (tensor.scaling) return concat("its codes are scaled by ", tensor.scaling->names);
  if (tensor.encoding == Encoding::product) return "its rows are product-quantised";
  if (!mapped_type(tensor.encoding)) return concat("its elements are of type ", tensor.type);
  if (tensor.big_endian && element > 1) return "its elements are big-endian";
  if (table.dim > 1 && table.column_step != element) return "the elements of its rows do not lie one behind the other";
  if (table.rows > 1 && table.row_step < table.dim * element) return "its rows share memory";
  return {};
}

/// Steps in bytes; empty where they do not fit 64 bits.
bool set_steps(ForeignTable& table, const BlockSize& block) noexcept {
  const FoundTensor& tensor = *table.tensor;
  if (tensor.strides.empty()) {
    const auto row = checked_multiply(table.dim / block.elements, block.bytes);
    if (!row) return false;
    table.row_step = *row;
    table.column_step = block.bytes;
    return true;
  }
  const auto row = checked_multiply(tensor.strides[0], block.bytes);
  const auto column = checked_multiply(tensor.strides[1], block.bytes);
  if (!row || !column) return false;
  table.row_step = *row;
  table.column_step = *column;
  return true;
}

Result<void> check_run(std::span<const std::byte> file, const FoundTensor& tensor, std::uint64_t bytes,
                       const std::string& path) {
  std::uint64_t limit = file.size();
  if (tensor.deflated) {
    const auto end = checked_add(tensor.deflated->offset, tensor.deflated->bytes);
    if (!end || *end > file.size()) {
      return refused(Code::malformed_file, path, tensor, "is compressed data that ends beyond the file");
    }
    limit = tensor.deflated->inflated;
    if (limit > most_inflated(tensor.deflated->bytes)) {
      return refused(Code::malformed_file, path, tensor,
                     concat("claims that ", tensor.deflated->bytes, " compressed bytes become ", limit));
    }
  }
  const auto end = checked_add(tensor.offset, bytes);
  if (end && *end <= limit) return {};
  return refused(Code::malformed_file, path, tensor,
                 concat("of shape ", shape_text(tensor), " begins at byte ", tensor.offset, " and takes ", bytes,
                        " bytes, of ", limit, " that there are"));
}

/// Whether a tensor is a table where none is named: whole numbers are codes or indices, unless scales belong to them.
bool counts_as_table(const FoundTensor& tensor) noexcept {
  if (tensor.is_scale) return false;
  if (!tensor.unread_scales.empty()) return tensor.shape.size() == 2;
  return may_be_table(tensor) && (tensor.encoding != Encoding::i8 || tensor.scaling);
}

/// The rest of a sentence: what there is to choose from, as the command takes it.
std::string choices(const FoundFile& found) {
  constexpr std::size_t listed = 20;
  std::string list;
  std::size_t matrices = 0;
  for (const FoundTensor& tensor : found.tensors) {
    if (!may_be_table(tensor) && !counts_as_table(tensor)) continue;
    if (++matrices > listed) continue;
    list += concat(list.empty() ? "it has " : ", ", "--table ", shell_word(printable(tensor.name)), " ",
                   shape_text(tensor), tensor.encoding == Encoding::i8 && !tensor.scaling ? " of whole numbers" : "");
  }
  if (matrices > listed) list += concat(" and ", matrices - listed, " more");
  if (matrices == 0) list = "it has no matrix of numbers";
  for (const FoundTensor& tensor : found.tensors) {
    if (tensor.shape.size() != 2 || may_be_table(tensor) || counts_as_table(tensor)) continue;
    list += concat("; ", in_quotes(tensor.name), " ", shape_text(tensor), " is of type ", tensor.type,
                   ", which is not made a table");
    break;
  }
  return list;
}

/// A tensor by the name that models give their embeddings, whatever module they are in; null where there is none, an
/// Error where there are several.
Result<const FoundTensor*> find_usual(const FoundFile& found, const std::string& path) {
  for (const std::string_view name : usual_names) {
    for (const FoundTensor& tensor : found.tensors) {
      if (tensor.name == name && counts_as_table(tensor)) return &tensor;
    }
  }
  const FoundTensor* chosen = nullptr;
  std::size_t several = 0;
  for (const FoundTensor& tensor : found.tensors) {
    if (!counts_as_table(tensor) || !is_usual_name(tensor.name)) continue;
    chosen = &tensor;
    ++several;
  }
  if (several < 2) return chosen;
  return make_error(Code::invalid_argument, path, " is ", found.what, " with ", several,
                    " matrices of a usual name; name one of them: ", choices(found));
}

}  // namespace

bool is_usual_name(std::string_view name) noexcept {
  return std::any_of(usual_names.begin(), usual_names.end(), [&](std::string_view usual) {
    return name.ends_with(usual) && (name.size() == usual.size() || name[name.size() - usual.size() - 1] == '.');
  });
}

std::optional<DType> mapped_type(Encoding encoding) noexcept {
  switch (encoding) {
    case Encoding::f32:
      return DType::f32;
    case Encoding::f16:
      return DType::f16;
    case Encoding::bf16:
      return DType::bf16;
    case Encoding::f8_e4m3:
      return DType::f8_e4m3;
    case Encoding::f8_e5m2:
      return DType::f8_e5m2;
    default:
      return std::nullopt;
  }
}

std::string tensor_in_words(const FoundTensor& tensor) {
  return tensor.name.empty() ? std::string("its array") : concat("tensor ", in_quotes(tensor.name));
}

bool may_be_table(const FoundTensor& tensor) noexcept {
  return tensor.encoding != Encoding::other && tensor.shape.size() == 2 && tensor.shape[1] != 0;
}

std::string table_name(const FoundTensor& tensor) {
  std::string_view name = tensor.name;
  if (name.ends_with(weight_suffix)) name.remove_suffix(weight_suffix.size());
  return name.empty() ? std::string(default_table_name) : std::string(name);
}

Result<ForeignTable> check_tensor(std::span<const std::byte> file, const FoundTensor& tensor, const std::string& path) {
  if (!tensor.unread_scales.empty()) {
    return refused(Code::format_unsupported, path, tensor,
                   concat("holds codes that ", tensor.unread_scales,
                          " beside it scales, in a way that is not read: ", "save the numbers that they stand for"));
  }
  if (tensor.encoding == Encoding::other) {
    return refused(
        Code::format_unsupported, path, tensor,
        concat("has elements of type ", tensor.type, ", which are not made a table", with_file(tensor.advice, path)));
  }
  if (!may_be_table(tensor)) {
    return refused(Code::format_unsupported, path, tensor,
                   concat("has the shape ", shape_text(tensor), "; a table is a matrix, [rows, dim]"));
  }
  ForeignTable table{.tensor = &tensor, .rows = tensor.shape[0], .dim = tensor.shape[1]};
  if (tensor.encoding == Encoding::product) {
    if (const auto good = check_product(file, tensor, path); !good) return good.error();
    table.why_not = why_not_mapped(table, 1);
    return table;
  }
  const BlockSize block = block_size(tensor.encoding);
  const bool strided = !tensor.strides.empty();
  if (table.dim % block.elements != 0 || (strided && (block.elements != 1 || tensor.strides.size() != 2))) {
    return refused(Code::malformed_file, path, tensor,
                   concat("has rows of ", table.dim, " elements, which are no whole blocks of ", tensor.type));
  }
  const bool steps = set_steps(table, block);
  const auto bytes =
      steps ? extent(table.rows, table.dim / block.elements, table.row_step, table.column_step, block.bytes)
            : std::nullopt;
  if (!bytes) return refused(Code::malformed_file, path, tensor, "is larger than memory");
  if (const auto good = check_run(file, tensor, *bytes, path); !good) return good.error();
  const auto elements = checked_multiply(table.rows, table.dim);
  if (strided && (!elements || *elements > *bytes)) {  // what a file can ask for is bounded by its size
    return refused(Code::format_unsupported, path, tensor,
                   concat("of shape ", shape_text(tensor), " repeats ", *bytes,
                          " bytes: save it as the matrix that it stands for"));
  }
  table.why_not = why_not_mapped(table, block.bytes);
  if (!table.why_not.empty()) return table;
  const std::uint64_t stride = table.rows > 1 ? table.row_step : table.dim * block.bytes;
  auto view = TableView::over(file.subspan(*bytes == 0 ? 0 : tensor.offset, *bytes), table.rows, table.dim,
                              *mapped_type(tensor.encoding), stride);
  if (!view) return refused(Code::malformed_file, path, tensor, view.error().message);
  table.view = *view;
  return table;
}

Result<const FoundTensor*> choose_tensor(const FoundFile& found, std::string_view name, const std::string& path) {
  const auto find = [&](std::string_view wanted) -> const FoundTensor* {
    const auto at = std::find_if(found.tensors.begin(), found.tensors.end(),
                                 [&](const FoundTensor& tensor) { return tensor.name == wanted; });
    return at == found.tensors.end() ? nullptr : &*at;
  };
  if (!name.empty()) {
    if (const FoundTensor* tensor = find(name)) return tensor;
    if (const FoundTensor* tensor = find(concat(name, weight_suffix))) return tensor;
    return make_error(Code::not_found, path, " has no tensor ", in_quotes(name), "; ", choices(found));
  }
  if (!found.table.empty()) {
    if (const FoundTensor* tensor = find(found.table)) return tensor;
  }
  const auto by_name = find_usual(found, path);
  if (!by_name || *by_name != nullptr) return by_name;
  const auto matrices = std::count_if(found.tensors.begin(), found.tensors.end(), counts_as_table);
  if (matrices == 1) return &*std::find_if(found.tensors.begin(), found.tensors.end(), counts_as_table);
  if (found.tensors.size() == 1) return &found.tensors.front();  // whose refusal says what it is
  if (matrices == 0) {
    return make_error(Code::not_found, path, " is ", found.what, " and holds no table: ", choices(found));
  }
  return make_error(Code::invalid_argument, path, " is ", found.what, " with ", matrices,
                    " matrices; name one of them: ", choices(found));
}

}  // namespace rowan::detail
