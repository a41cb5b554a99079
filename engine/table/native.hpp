// Names and numbers of the native format, as docs/file-format.md specifies it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "rowan/dtype.hpp"

namespace rowan::native {

inline constexpr std::string_view format_key = "rowan.format";
inline constexpr std::string_view format_version = "1.0";
inline constexpr std::uint64_t format_major = 1;
inline constexpr std::string_view dim_prefix = "rowan.dim/";

inline constexpr std::string_view checksum_name = "rowan.checksum";
inline constexpr std::string_view padding_prefix = "rowan.padding.";
inline constexpr std::string_view weight_suffix = ".weight";
inline constexpr std::string_view key_bytes_suffix = ".keys.bytes";
inline constexpr std::string_view key_ends_suffix = ".keys.ends";
inline constexpr std::string_view key_ids_suffix = ".keys.ids";
inline constexpr std::string_view key_index_suffix = ".keys.index";

inline constexpr std::uint64_t data_alignment = 4096;
inline constexpr std::uint64_t tensor_alignment = 64;

/// safetensors' name of a type of elements.
constexpr std::string_view dtype_name(DType dtype) noexcept {
  if (dtype == DType::f16) return "F16";
  return dtype == DType::bf16 ? "BF16" : "F32";
}

constexpr std::optional<DType> dtype_of(std::string_view name) noexcept {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    if (name == dtype_name(dtype)) return dtype;
  }
  return std::nullopt;
}

}  // namespace rowan::native
