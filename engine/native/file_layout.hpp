// The header of a native file as it is being written: which tensors lie where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/files/safetensors_header.hpp"
#include "rowan/file.hpp"

namespace rowan::detail {

/// What a file has besides tables and their keys: the state of optimizers.
struct Extras {
  struct Content {
    std::string name;
    std::string_view dtype;
    std::vector<std::uint64_t> shape;
    std::span<const std::byte> bytes;
  };

  std::vector<std::pair<std::string, std::string>> metadata;
  std::vector<Content> tensors;  ///< behind all keys, in this order
};

/// Whether the layouts make a file: unique names of valid UTF-8, dims that fit.
Result<void> check_layouts(const std::vector<TableLayout>& layouts, const Extras& extras);

/// Bytes that the header of such a file may take whatever its rows and keys: a multiple of the data's alignment.
std::uint64_t header_reserve(const std::vector<TableLayout>& layouts, const Extras& extras);

/// Collects the tensors of a file in the order of their bytes.
class FileLayout {
 public:
  FileLayout(const std::vector<TableLayout>& layouts, const Extras& extras);

  /// The next tensor, which ends at byte `end` of the data.
  void add(std::string name, std::string_view dtype, std::vector<std::uint64_t> shape, std::uint64_t end);
  void add_weight(const TableLayout& layout, std::uint64_t rows, std::uint64_t end);
  /// Padding up to byte `end`, where that is not reached yet.
  void add_padding(std::uint64_t end);

  /// The header, padded to `size` bytes.
  std::string header(std::uint64_t size) const { return pad_header(serialise(metadata_, tensors_), size); }
  std::uint64_t header_bytes() const { return serialise(metadata_, tensors_).size(); }

 private:
  std::vector<std::pair<std::string, std::string>> metadata_;
  std::vector<Tensor> tensors_;
  std::uint64_t end_ = 0;
  std::uint64_t paddings_ = 0;
};

}  // namespace rowan::detail
