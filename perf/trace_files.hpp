// Whole numbers from .npy and .safetensors files: what recorded lookups come in.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "rowan/status.hpp"

namespace rowan::perf {

/// An array of I32 or I64, row-major.
struct IntegerArray {
  std::vector<std::int64_t> values;
  std::vector<std::uint64_t> shape;
  bool narrow = false;  ///< kept as 32 bits in the file
};

/// The array of a .npy file.
Result<IntegerArray> read_npy(const std::string& path);

/// The tensors of a .safetensors file, by name.
Result<std::map<std::string, IntegerArray>> read_safetensors(const std::string& path);

}  // namespace rowan::perf
