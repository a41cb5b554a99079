#include "engine/formats/foreign_file.hpp"

#include <optional>
#include <utility>

#include "engine/formats/companions.hpp"
#include "engine/formats/files_beside.hpp"
#include "engine/formats/refusals.hpp"
#include "engine/support/error.hpp"
#include "engine/table/memory_keys.hpp"
#include "engine/table/table_maker.hpp"

namespace rowan::detail {
namespace {

/// Why a tensor that check() refused is no table: the rest of a sentence.
std::string why_no_table(const FoundTensor& tensor, const Error& refusal) {
  if (!tensor.unread_scales.empty())
    return concat("its codes are scaled by ", tensor.unread_scales, ", in a way that is not read");
  if (tensor.shape.size() != 2) return "it is no matrix";
  if (tensor.encoding == Encoding::other)
    return concat("its elements are of type ", tensor.type, ", which is not read");
  return may_be_table(tensor) ? refusal.message : "it has no columns";
}

/// What a table over a foreign file keeps alive.
struct Owner {
  std::shared_ptr<const Mapping> mapping;
  std::optional<MemoryKeys> keys;
};

}  // namespace

Result<ForeignFile> ForeignFile::of(MappedFile mapped, const Format& format) {
  if (mapped.mode == OpenMode::read_write) {
    return make_error(Code::format_unsupported, mapped.path(), " is ", format.noun,
                      "; only a Rowan file is written in place: open it with OpenMode::copy_on_write, or convert it");
  }
  ForeignFile file;
  file.path_ = mapped.path();
  file.mode_ = mapped.mode;
  file.mapping_ = std::make_shared<const Mapping>(std::move(mapped.mapping));
  Result<FoundFile> found = format.read(file.bytes(), file.path_);
  if (!found) return found.error();
  if (format.complete != nullptr) {
    const auto completed = format.complete(*found, file.bytes(), file.path_, mapped.sealed_copy);
    if (!completed) return completed.error();
  }
  find_companions(*found, file.bytes());
  file.found_ = std::make_shared<const FoundFile>(*std::move(found));
  return file;
}

Result<ForeignTable> ForeignFile::choose(std::string_view name) const {
  const Result<const FoundTensor*> tensor = choose_tensor(*found_, name, path_);
  if (!tensor) return tensor.error();
  return check(**tensor);
}

Result<ForeignTable> ForeignFile::check(const FoundTensor& tensor) const {
  Result<ForeignTable> table = check_tensor(bytes(), tensor, path_);
  if (!table) return table;
  if (is_derived(*table)) {
    if (const auto good = check_derived(*table); !good) return good.error();
    table->view.reset();
    if (table->why_not.empty()) table->why_not = "its tokens share rows, or have weights";
  }
  if (has_keys(*table) && found_->keys.size() > row_count(*table)) {
    return make_error(Code::malformed_file, path_, " has ", found_->keys.size(), " tokens for the ", row_count(*table),
                      " rows of ", tensor_in_words(tensor));
  }
  return table;
}

/// What makes rows of the tensor's agrees on how many there are, and names rows that it has.
Result<void> ForeignFile::check_derived(const ForeignTable& table) const {
  const std::size_t rows = found_->derived_rows();
  const std::size_t weights = found_->weights_of_keys.size();
  const std::size_t keys = found_->keys.size();
  if ((weights != 0 && weights != rows) || (keys != 0 && keys != rows)) {
    return make_error(Code::malformed_file, path_, " has ", rows, " rows for ", keys, " tokens and ", weights,
                      " weights");
  }
  for (const std::uint64_t row : found_->rows_of_keys) {
    if (row < table.rows) continue;
    return make_error(Code::malformed_file, path_, ": a token has row ", row, " of ", tensor_in_words(*table.tensor),
                      ", which has ", table.rows, " rows");
  }
  if (!found_->rows_of_keys.empty() || weights == table.rows) return {};
  return make_error(Code::malformed_file, path_, " has ", weights, " weights for the ", table.rows, " rows of ",
                    tensor_in_words(*table.tensor));
}

bool ForeignFile::has_keys(const ForeignTable& table) const noexcept {
  return !found_->keys.empty() && table.tensor->name == found_->table;
}

Result<std::unique_ptr<DecodedRows>> ForeignFile::rows(const ForeignTable& table) const {
  return rows_of(bytes(), *found_, table, is_derived(table), path_);
}

Result<Table> ForeignFile::make_table(const ForeignTable& checked) const {
  if (!checked.view) {
    return needs_conversion_error(path_, concat(found_->what, ", and ", tensor_in_words(*checked.tensor),
                                                " cannot be mapped in place, because ", checked.why_not));
  }
  const auto owner = std::make_shared<Owner>();
  owner->mapping = mapping_;
  const bool keyed = has_keys(checked);
  return TableMaker::table(
      {.name = table_name(*checked.tensor),
       .view = *checked.view,
       .owner = owner,
       .keys = keyed ? TableMaker::vocabulary(owner->keys.emplace(found_->keys).index()) : Vocabulary(),
       .writable = mode_ == OpenMode::copy_on_write});
}

Result<Table> ForeignFile::table(std::string_view name) const {
  const Result<ForeignTable> checked = choose(name);
  if (!checked) return checked.error();
  return make_table(*checked);
}

Result<Table> ForeignFile::table_of(MappedFile mapped, const FoundTensor& tensor, const Vocabulary& keys,
                                    std::shared_ptr<const void> keys_owner) {
  using Owners = std::pair<std::shared_ptr<const Mapping>, std::shared_ptr<const void>>;
  const auto mapping = std::make_shared<const Mapping>(std::move(mapped.mapping));
  const Result<ForeignTable> checked = check_tensor(mapping->bytes(), tensor, mapped.path());
  if (!checked) return checked.error();
  if (!checked->view || keys.size() > checked->rows) {
    return make_error(Code::malformed_file, mapped.path(), " has a sidecar that is not of it; remove that");
  }
  return TableMaker::table({.name = table_name(tensor),
                            .view = *checked->view,
                            .owner = std::make_shared<Owners>(mapping, std::move(keys_owner)),
                            .keys = keys,
                            .writable = mapped.mode == OpenMode::copy_on_write});
}

Result<std::vector<Table>> ForeignFile::tables() const {
  std::vector<Table> tables;
  for (const FoundTensor& tensor : found_->tensors) {
    if (!may_be_table(tensor)) continue;
    const Result<ForeignTable> checked = check(tensor);
    if (!checked) return checked.error();
    if (!checked->view) continue;
    Result<Table> table = make_table(*checked);
    if (!table) return table.error();
    tables.push_back(*std::move(table));
  }
  if (!tables.empty()) return tables;
  const Result<Table> none = table({});  // says why
  if (!none) return none.error();
  return tables;
}

std::vector<std::string> ForeignFile::notes() const {
  std::vector<std::string> notes = found_->notes;
  for (std::string& note : notes_on_words(*found_, path_)) notes.push_back(std::move(note));
  return notes;
}

FileInfo ForeignFile::info() const {
  FileInfo info;
  info.what = found_->what;
  info.file_bytes = bytes().size();
  info.notes = notes();
  const Result<const FoundTensor*> chosen = choose_tensor(*found_, {}, path_);
  if (chosen && check(**chosen)) info.table = (*chosen)->name;
  for (const FoundTensor& tensor : found_->tensors) {
    TensorInfo& added = info.tensors.emplace_back();
    added.name = tensor.name;
    added.dtype = tensor.type;
    added.shape = tensor.shape;
    added.offset = tensor.deflated ? tensor.deflated->offset : tensor.offset;
    added.plain = !tensor.deflated && !tensor.product && tensor.strides.empty() && !tensor.big_endian;
    const Result<ForeignTable> checked = check(tensor);
    if (!checked) {
      added.why_not_mapped = why_no_table(tensor, checked.error());
      continue;
    }
    added.why_not_mapped = checked->why_not;
    if (!checked->view) continue;
    added.bytes =
        checked->rows == 0 ? 0 : (checked->rows - 1) * checked->view->row_stride() + checked->view->row_bytes();
    info.tables.push_back({.name = table_name(tensor),
                           .rows = checked->rows,
                           .dim = checked->dim,
                           .row_stride = checked->view->row_stride(),
                           .dtype = checked->view->dtype(),
                           .keys = has_keys(*checked) ? KeyKind::bytes : KeyKind::none,
                           .optimizer = {}});
  }
  return info;
}

}  // namespace rowan::detail
