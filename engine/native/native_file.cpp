// From the bytes of a native file to its tables. What a header must hold beyond safetensors is checked here.
#include "engine/native/native_file.hpp"

#include <bit>
#include <utility>
#include <vector>

#include "engine/files/checksum.hpp"
#include "engine/native/format.hpp"
#include "engine/support/bytes.hpp"
#include "engine/support/checked.hpp"
#include "engine/support/error.hpp"
#include "engine/support/text.hpp"
#include "engine/table/key_index.hpp"
#include "engine/table/row_stride.hpp"
#include "engine/table/table_maker.hpp"
#include "engine/table/table_name.hpp"

namespace rowan::detail {

Result<NativeFile> NativeFile::of(MappedFile mapped, Unfinished unfinished) {
  NativeFile file;
  file.path_ = mapped.path();
  file.mode_ = mapped.mode;
  Result<Header> header = Header::parse(mapped.bytes(), file.path_);
  if (!header) return header.error();
  file.header_ = *std::move(header);
  const std::shared_ptr<const OpenedFile> opened = mapped.file;
  file.keep(std::move(mapped));
  if (const auto good = file.check_version(); !good) return good.error();
  if (const auto good = file.check_checksums(); !good) return good.error();
  if (file.unfinished_ && unfinished == Unfinished::refuse) return unfinished_file_error(*opened);
  if (const auto good = file.add_tables(); !good) return good.error();
  if (file.mode_ != OpenMode::read_write) return file;
  if (const auto good = file.prepare_writing(); !good) return good.error();
  return file;
}

void NativeFile::keep(MappedFile mapped) {
  if (mode_ != OpenMode::read_write) {
    mapping_ = std::make_shared<const Mapping>(std::move(mapped.mapping));
    return;
  }
  writable_ = std::make_shared<WritableFile>(std::move(mapped));
  mapping_ = {writable_, &writable_->mapping()};
}

Error NativeFile::malformed(const std::string& what) const {
  return make_error(Code::malformed_file, path_, ": ", what);
}

Result<Table> NativeFile::table(std::string_view name) const {
  if (tables_.empty()) return make_error(Code::not_found, path_, " holds no table");
  if (name.empty() && tables_.size() == 1) return tables_.front();
  std::string names;
  for (const Table& table : tables_) {
    if (table.name() == name) return table;
    names += concat(names.empty() ? "'" : ", '", table.name(), "'");
  }
  if (!name.empty()) return make_error(Code::not_found, path_, " has no table '", name, "'; it has ", names);
  return make_error(Code::invalid_argument, path_, " holds ", tables_.size(), " tables; name one of ", names);
}

std::optional<std::string_view> NativeFile::optimizer_of(const Table& table) const {
  return header_.metadata(concat(native::optimizer_prefix, table.name()));
}

Result<void> NativeFile::check_version() const {
  const auto version = header_.metadata(native::format_key);
  if (!version) return malformed(concat("its header has no ", native::format_key));
  const std::size_t dot = version->find('.');
  const auto major = parse_decimal(version->substr(0, dot));
  const auto minor = dot == std::string_view::npos ? std::nullopt : parse_decimal(version->substr(dot + 1));
  if (!major || !minor || *major == 0) {
    return malformed(concat("its format version '", *version, "' is not of the form MAJOR.MINOR"));
  }
  if (*major > native::format_major) {
    return make_error(Code::version_unsupported, path_, " has version ", *version,
                      " of the file format and this Rowan reads versions up to ", native::format_major,
                      ".x: open it with a newer Rowan");
  }
  return {};
}

Result<void> NativeFile::check_checksums() {
  const Tensor* sums = header_.find(native::checksum_name);
  if (sums == nullptr || sums != &header_.tensors().back()) {
    return malformed(concat("its last tensor is not ", native::checksum_name));
  }
  const std::uint64_t blocks = sums->begin / checksum_block + (sums->begin % checksum_block != 0);
  if (sums->dtype != "U64" || sums->shape != std::vector<std::uint64_t>{1 + blocks}) {
    return malformed(concat(native::checksum_name, " is not U64 [", 1 + blocks,
                            "], one for the header and one for each ", "block of ", checksum_block, " bytes"));
  }
  const std::uint64_t expected = load_u64(checksums().data());
  const std::uint64_t sum = hash_bytes(bytes().first(header_.data_begin()));
  unfinished_ = expected == unfinished_mark(sum);
  if (expected != sum && !unfinished_) {
    return make_error(Code::checksum_mismatch, path_, ": the header does not match its checksum: the file is damaged");
  }
  return {};
}

Result<void> NativeFile::add_tables() {
  for (const Tensor& tensor : header_.tensors()) {
    if (!tensor.name.ends_with(native::weight_suffix)) continue;
    std::string name = tensor.name.substr(0, tensor.name.size() - native::weight_suffix.size());
    if (const auto good = add_table(tensor, std::move(name)); !good) return good.error();
  }
  return {};
}

Result<void> NativeFile::add_table(const Tensor& weight, std::string name) {
  if (const auto good = check_table_name(name); !good) return malformed(good.error().message);
  const auto dtype = dtype_of(weight, name);
  if (!dtype) return dtype.error();
  if (weight.shape.size() != 2 || weight.shape[1] == 0) {
    return malformed(concat("table '", name, "' is not of shape [rows, dim] with a dim of at least 1"));
  }
  const auto dim = dim_of(weight, name, *dtype);
  if (!dim) return dim.error();
  const std::uint64_t rows = weight.shape[0];
  const auto stride = checked_multiply(weight.shape[1], column_bytes(*dtype));
  if (!stride) return malformed(concat("table '", name, "' has rows longer than memory"));
  const auto view = TableView::over(bytes_of(weight), rows, *dim, *dtype, *stride);
  if (!view) return malformed(concat("table '", name, "': ", view.error().message));
  const auto vocabulary = vocabulary_of(name, rows);
  if (!vocabulary) return vocabulary.error();

  tables_.push_back(TableMaker::table({.name = std::move(name),
                                       .view = *view,
                                       .owner = mapping_,
                                       .keys = *vocabulary,
                                       .writable = mode_ == OpenMode::copy_on_write,
                                       .written_file = writable_.get()}));
  return {};
}

Result<void> NativeFile::prepare_writing() {
  WritableFile::Layout layout = {.data_begin = header_.data_begin(),
                                 .checksums = header_.data_begin() + checksum_begin(),
                                 .rows = {},
                                 .unfinished = unfinished_};
  if (layout.checksums % 8 != 0) {
    return make_error(Code::format_unsupported, path_, " cannot be written in place: ", native::checksum_name,
                      " begins at byte ", layout.checksums, ", which is no multiple of 8");
  }
  for (const Table& table : tables_) {
    if (optimizer_of(table)) {
      return make_error(Code::invalid_argument, path_, " holds the state of the optimizer of table '", table.name(),
                        "', which would be left behind: open it with OpenMode::copy_on_write and save a checkpoint");
    }
    const Tensor* const weight = header_.find(concat(table.name(), native::weight_suffix));
    layout.rows.push_back({weight->begin, weight->end});
  }
  writable_->set_layout(std::move(layout));
  return {};
}

Result<DType> NativeFile::dtype_of(const Tensor& weight, const std::string& name) const {
  const auto claimed = header_.metadata(concat(native::dtype_prefix, name));
  const auto plain = native::dtype_of(weight.dtype);
  if (plain && !claimed) return *plain;
  if (plain) {
    return malformed(concat("table '", name, "' claims the element type '", *claimed, "' and its tensor is of type ",
                            weight.dtype, "; only ", native::quantized_name, " has that said apart"));
  }
  const bool bytes = weight.dtype == native::quantized_name;
  if (!bytes || !claimed) {
    return make_error(Code::format_unsupported, path_, ": table '", name, "' has elements of type ", weight.dtype,
                      "; this Rowan reads F32, F16, BF16, F8_E4M3 and F8_E5M2, and U8 where ", native::dtype_prefix,
                      name, " says how rows are quantised");
  }
  const auto dtype = parse_dtype(*claimed);
  if (!dtype || !is_quantized(*dtype)) {
    return make_error(Code::format_unsupported, path_, ": table '", name, "' has rows quantised as '", *claimed,
                      "'; this Rowan reads i8, i4 and i2");
  }
  return *dtype;
}

Result<std::uint64_t> NativeFile::dim_of(const Tensor& weight, const std::string& name, DType dtype) const {
  const std::uint64_t columns = weight.shape[1];
  const auto text = header_.metadata(concat(native::dim_prefix, name));
  if (!text && !is_quantized(dtype)) return columns;
  if (!text) return malformed(concat("table '", name, "' has quantised rows and no ", native::dim_prefix, name));
  const auto number = parse_decimal(*text);
  const auto row = number ? row_bytes(dtype, *number) : std::nullopt;
  // Divided, because columns may be more than 64 bits of bytes; elements that are not bytes divide a row.
  if (!number || *number == 0 || !row || *row / column_bytes(dtype) > columns) {
    return malformed(concat("table '", name, "' claims the dim '", *text, "'; its rows have ", columns, " columns"));
  }
  return *number;
}

Result<const Tensor*> NativeFile::key_tensor(const std::string& name, std::string_view suffix,
                                             std::string_view dtype) const {
  const Tensor* tensor = header_.find(concat(name, suffix));
  if (tensor != nullptr && (tensor->dtype != dtype || tensor->shape.size() != 1)) {
    return malformed(concat(tensor->name, " is not a ", dtype, " tensor of one dimension"));
  }
  return tensor;
}

Result<Vocabulary> NativeFile::vocabulary_of(const std::string& name, std::uint64_t rows) const {
  const auto text = key_tensor(name, native::key_bytes_suffix, "U8");
  const auto ends = key_tensor(name, native::key_ends_suffix, "U64");
  const auto ids = key_tensor(name, native::key_ids_suffix, "U64");
  const auto slots = key_tensor(name, native::key_index_suffix, "U64");
  for (const auto* tensor : {&text, &ends, &ids, &slots}) {
    if (!*tensor) return tensor->error();
  }
  if (!*text && !*ends && !*ids && !*slots) return Vocabulary();

  const bool has_bytes = *text && *ends && !*ids;
  const bool has_ids = *ids && !*text && !*ends;
  if (!(has_bytes || has_ids) || !*slots) {
    return malformed(concat("the keys of table '", name, "' are incomplete: either bytes, ends and index, or ids and ",
                            "index, belong together"));
  }
  if ((has_bytes ? *ends : *ids)->shape[0] != rows) {
    return malformed(
        concat("table '", name, "' has ", rows, " rows and ", (has_bytes ? *ends : *ids)->shape[0], " keys"));
  }
  const std::uint64_t capacity = (*slots)->shape[0];
  if (rows > max_keyed_rows || !std::has_single_bit(capacity) || capacity < index_capacity(rows)) {
    return malformed(concat("the index of table '", name, "' has ", capacity, " slots; for ", rows,
                            " rows it is a power of two, at least 8 and at least one and a half times the rows"));
  }
  const auto data = bytes_of(has_bytes ? **text : **ids);
  return TableMaker::vocabulary({.keys = {.kind = has_bytes ? KeyKind::bytes : KeyKind::u64,
                                          .rows = rows,
                                          .data = data.data(),
                                          .data_bytes = data.size(),
                                          .ends = has_bytes ? bytes_of(**ends).data() : nullptr},
                                 .slots = bytes_of(**slots).data(),
                                 .capacity = capacity});
}

Result<Vocabulary> NativeFile::keys_beside(const std::string& name) const {
  const auto ends = key_tensor(name, native::key_ends_suffix, "U64");
  if (!ends) return ends.error();
  if (*ends == nullptr) return malformed(concat("has no tensor ", name, native::key_ends_suffix));
  return vocabulary_of(name, (*ends)->shape[0]);
}

FileInfo NativeFile::info() const {
  FileInfo info;
  info.format_version = *header_.metadata(native::format_key);
  info.file_bytes = bytes().size();
  info.data_offset = header_.data_begin();
  info.unfinished = unfinished_;
  for (const Table& table : tables_) {
    info.tables.push_back({.name = table.name(),
                           .rows = table.rows(),
                           .dim = table.dim(),
                           .row_stride = table.row_stride(),
                           .dtype = table.dtype(),
                           .keys = table.vocabulary().kind(),
                           .optimizer = std::string(optimizer_of(table).value_or(""))});
  }
  for (const Tensor& tensor : header_.tensors()) {
    info.tensors.push_back({.name = tensor.name,
                            .dtype = tensor.dtype,
                            .shape = tensor.shape,
                            .offset = header_.data_begin() + tensor.begin,
                            .bytes = tensor.bytes()});
  }
  return info;
}

}  // namespace rowan::detail
