// The names that a pickle may refer to: those that torch.load(weights_only=True) takes, and no others.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/formats/found.hpp"

namespace rowan::detail {

struct TorchElement {
  std::string_view dtype;    ///< "float32"
  std::string_view storage;  ///< "FloatStorage"; empty where only untyped ones hold it
  std::uint64_t bytes = 0;
  Encoding encoding = Encoding::other;
  Codes codes = Codes::none;
};

enum class TorchRole : std::uint8_t {
  ordered_dict,
  size,               ///< a tuple under another name
  tensor,             ///< _rebuild_tensor and _rebuild_tensor_v2: of a typed storage
  tensor_with_dtype,  ///< _rebuild_tensor_v3: of an untyped storage
  parameter,          ///< a tensor under another name, with a state or without
  storage,            ///< `element` says of what
  untyped_storage,    ///< of bytes
  dtype,              ///< `element` says which
  from_type,          ///< _rebuild_from_type_v2: another function's tensor, of a type of its own
  other_tensor,       ///< quantised, sparse, nested: what is no array of numbers
  other_value,        ///< what torch.load() makes something else of than a tensor
};

struct TorchName {
  TorchRole role = TorchRole::ordered_dict;
  const TorchElement* element = nullptr;  ///< of a storage or dtype; static
};

/// What module.name is; empty for all that is not known.
std::optional<TorchName> find_torch_name(std::string_view module, std::string_view name) noexcept;

}  // namespace rowan::detail
