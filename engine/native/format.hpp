// Names and numbers of the native format, as docs/file-format.md specifies it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "rowan/dtype.hpp"

namespace rowan::native {

inline constexpr std::string_view format_key = "rowan.format";
inline constexpr std::uint64_t format_major = 1;
inline constexpr std::string_view dim_prefix = "rowan.dim/";
inline constexpr std::string_view dtype_prefix = "rowan.dtype/";

/// Of a sidecar: what it was made from.
inline constexpr std::string_view source_key = "rowan.source";
/// Of a sidecar that has the keys alone: which rows of its source have them.
inline constexpr std::string_view source_rows_key = "rowan.source.rows";
inline constexpr std::string_view optimizer_prefix = "rowan.optimizer/";
/// The minor version that first had the state of optimizers.
inline constexpr std::uint64_t optimizer_minor = 2;

inline constexpr std::string_view checksum_name = "rowan.checksum";
inline constexpr std::string_view padding_prefix = "rowan.padding.";
inline constexpr std::string_view weight_suffix = ".weight";
inline constexpr std::string_view key_bytes_suffix = ".keys.bytes";
inline constexpr std::string_view key_ends_suffix = ".keys.ends";
inline constexpr std::string_view key_ids_suffix = ".keys.ids";
inline constexpr std::string_view key_index_suffix = ".keys.index";
inline constexpr std::string_view optimizer_infix = ".optimizer.";
inline constexpr std::string_view step_name = "step";

inline constexpr std::uint64_t data_alignment = 4096;
inline constexpr std::uint64_t tensor_alignment = 64;

/// safetensors' type of the rows whose type is rowan.dtype's to say.
inline constexpr std::string_view quantized_name = "U8";

/// safetensors' name of a type of elements.
constexpr std::string_view dtype_name(DType dtype) noexcept {
  constexpr std::string_view names[] = {"F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"};
  return is_quantized(dtype) ? quantized_name : names[static_cast<int>(dtype)];
}

constexpr std::optional<DType> dtype_of(std::string_view name) noexcept {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16, DType::f8_e4m3, DType::f8_e5m2}) {
    if (name == dtype_name(dtype)) return dtype;
  }
  return std::nullopt;
}

/// The minor version that first had tables of a type: a file has the least that its tables need.
constexpr std::uint64_t format_minor(DType dtype) noexcept { return dtype <= DType::bf16 ? 0 : 1; }

}  // namespace rowan::native
