// What the config.json beside a model says of its tensors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rowan::detail {

struct ModelConfig {
  std::string model_type;
  /// MLX's "quantization": bits of a code, and columns that share a scale.
  std::optional<std::uint64_t> bits;
  std::optional<std::uint64_t> group_size;
};

/// Empty where it is not a JSON object.
std::optional<ModelConfig> parse_model_config(std::string_view json);

}  // namespace rowan::detail
