// A native file, mapped and validated: the one way from such a file to its tables.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/files/opened_file.hpp"
#include "engine/files/safetensors_header.hpp"
#include "engine/native/writable_file.hpp"
#include "rowan/file.hpp"
#include "rowan/table.hpp"

namespace rowan::detail {

class NativeFile {
 public:
  enum class Unfinished { refuse, accept };

  /// Validates a file that is native by its header, and checks the checksum of that.
  static Result<NativeFile> of(MappedFile mapped, Unfinished unfinished = Unfinished::refuse);

  const std::vector<Table>& tables() const noexcept { return tables_; }
  /// The table of that name; with an empty name, the only one.
  Result<Table> table(std::string_view name) const;
  /// The optimizer that a table was saved with, as text; empty where there is none.
  std::optional<std::string_view> optimizer_of(const Table& table) const;
  FileInfo info() const;
  /// Keys that the file holds for rows that lie elsewhere, under tensor names that begin with `name`. They lie in the
  /// mapping, which owner() keeps.
  Result<Vocabulary> keys_beside(const std::string& name) const;
  std::shared_ptr<const void> owner() const noexcept { return mapping_; }
  /// Of a file opened read_write.
  WritableFile& writable() const noexcept { return *writable_; }

  const std::string& path() const noexcept { return path_; }
  const Header& header() const noexcept { return header_; }
  std::span<const std::byte> bytes() const noexcept { return mapping_->bytes(); }
  std::span<const std::byte> data() const noexcept { return bytes().subspan(header_.data_begin()); }
  std::span<const std::byte> bytes_of(const Tensor& tensor) const noexcept {
    return data().subspan(tensor.begin, tensor.bytes());
  }
  /// Checksums as the file has them: the header's, then one per block.
  std::span<const std::byte> checksums() const noexcept { return data().subspan(checksum_begin()); }
  /// Where the checksums begin in the data, and what they are about ends.
  std::uint64_t checksum_begin() const noexcept { return header_.tensors().back().begin; }

 private:
  NativeFile() = default;

  void keep(MappedFile mapped);
  Result<void> check_version() const;
  Result<void> check_checksums();
  Result<void> add_tables();
  Result<void> add_table(const Tensor& weight, std::string name);
  Result<void> prepare_writing();
  Result<DType> dtype_of(const Tensor& weight, const std::string& name) const;
  Result<std::uint64_t> dim_of(const Tensor& weight, const std::string& name, DType dtype) const;
  Result<Vocabulary> vocabulary_of(const std::string& name, std::uint64_t rows) const;
  Result<const Tensor*> key_tensor(const std::string& name, std::string_view suffix, std::string_view dtype) const;
  Error malformed(const std::string& what) const;

  std::string path_;
  OpenMode mode_ = OpenMode::read_only;
  std::shared_ptr<WritableFile> writable_;  ///< which owns the mapping where it is there
  std::shared_ptr<const Mapping> mapping_;
  Header header_;
  bool unfinished_ = false;
  std::vector<Table> tables_;
};

}  // namespace rowan::detail
