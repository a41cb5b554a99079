// The JSON index of a model whose tensors are in several files.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rowan::detail {

struct IndexedTensor {
  std::string name;
  std::string file;  ///< in the folder of the index
};

/// The tensor of a usual name that an index lists, and the file that has it; empty where it lists none, or several. The
/// index may be cut.
std::optional<IndexedTensor> table_in_index(std::string_view json);

}  // namespace rowan::detail
