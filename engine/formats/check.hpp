// What a reader claims, held against the file: the one way from a foreign file to a table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/formats/found.hpp"
#include "rowan/dtype.hpp"
#include "rowan/status.hpp"
#include "rowan/view.hpp"

namespace rowan::detail {

/// A matrix of numbers in a foreign file, all of whose bytes are in the file, or in what a part of it claims to inflate
/// to.
struct ForeignTable {
  const FoundTensor* tensor = nullptr;  ///< of the FoundFile that was checked
  std::uint64_t rows = 0;
  std::uint64_t dim = 0;
  std::uint64_t row_step = 0;     ///< bytes from a row to the next
  std::uint64_t column_step = 0;  ///< bytes from an element to the next, where elements are no blocks
  /// Rows where they are, for lookups; else why_not is a sentence's end: "its elements are big-endian".
  std::optional<TableView> view = {};
  std::string why_not = {};
};

/// Holds a tensor against its file; Code::format_unsupported where it is no matrix of numbers.
Result<ForeignTable> check_tensor(std::span<const std::byte> file, const FoundTensor& tensor, const std::string& path);

/// The tensor of that name or, without one, the table of a file: the one that its format names, one of a usual name, or
/// the only matrix. The Error lists what there is to choose from.
Result<const FoundTensor*> choose_tensor(const FoundFile& found, std::string_view name, const std::string& path);

/// Whether a tensor is called as models call their embeddings, in whatever module.
bool is_usual_name(std::string_view name) noexcept;

/// The type as which lookups read such elements in place.
std::optional<DType> mapped_type(Encoding encoding) noexcept;

/// A tensor as the subject of a sentence: "tensor 'wte.weight'".
std::string tensor_in_words(const FoundTensor& tensor);

/// Whether a tensor can become a table by its type and rank alone.
bool may_be_table(const FoundTensor& tensor) noexcept;

/// What a table made of a tensor is called: the tensor's name without ".weight", or the default.
std::string table_name(const FoundTensor& tensor);

}  // namespace rowan::detail
