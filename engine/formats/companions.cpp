#include "engine/formats/companions.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/formats/ggml_blocks.hpp"
#include "engine/native/format.hpp"
#include "engine/support/checked.hpp"
#include "engine/support/element.hpp"
#include "engine/support/error.hpp"
#include "simd/scalar.hpp"

namespace rowan::detail {
namespace {

using native::weight_suffix;

/// Columns that share an exponent, and columns of a group of packed codes where no configuration says otherwise.
constexpr std::uint64_t usual_group = 32;
constexpr std::uint64_t usual_bits = 4;

bool holds_codes(const FoundTensor& tensor) noexcept {
  return tensor.encoding == Encoding::f8_e4m3 || tensor.encoding == Encoding::f8_e5m2 ||
         tensor.encoding == Encoding::i8 || (tensor.codes != Codes::none && tensor.codes != Codes::e8m0);
}

bool is_float(const FoundTensor& tensor) noexcept {
  return tensor.encoding == Encoding::f32 || tensor.encoding == Encoding::f16 || tensor.encoding == Encoding::bf16;
}

float float_at(std::span<const std::byte> file, Encoding encoding, std::uint64_t at) noexcept {
  float value = 0;
  const DType dtype = encoding == Encoding::f32 ? DType::f32 : encoding == Encoding::f16 ? DType::f16 : DType::bf16;
  simd::decode_row(element_of(dtype), file.data() + at, 1, &value);
  return value;
}

/// Whether a tensor of numbers of so many bytes lies in the file as it is.
bool lies_in(std::span<const std::byte> file, const FoundTensor& tensor, std::uint64_t bytes) {
  if (tensor.deflated || tensor.product || !tensor.strides.empty() || tensor.big_endian) return false;
  std::optional<std::uint64_t> size = bytes;
  for (const std::uint64_t count : tensor.shape) size = size ? checked_multiply(*size, count) : size;
  return size && tensor.offset <= file.size() && *size <= file.size() - tensor.offset;
}

/// One number for all codes.
std::optional<Scaling> one_scale(std::span<const std::byte> file, const FoundTensor& codes, const FoundTensor& scale) {
  const bool f8 = codes.encoding == Encoding::f8_e4m3;
  const bool one = std::all_of(scale.shape.begin(), scale.shape.end(), [](std::uint64_t size) { return size == 1; });
  if (!f8 || !one || !is_float(scale) || !lies_in(file, scale, block_size(scale.encoding).bytes)) return std::nullopt;
  return Scaling{.kind = Scaling::Kind::one, .scale = float_at(file, scale.encoding, scale.offset)};
}

/// An exponent for each 32 columns of a row.
std::optional<Scaling> exponents(std::span<const std::byte> file, const FoundTensor& codes, const FoundTensor& scales) {
  if (codes.encoding != Encoding::f8_e4m3 || codes.shape.size() != 2 || scales.shape.size() != 2) return std::nullopt;
  const std::uint64_t groups = scales.shape[1];
  if ((scales.codes != Codes::e8m0 && scales.codes != Codes::u8) || scales.shape[0] != codes.shape[0] || groups == 0 ||
      groups > codes.shape[1]) {
    return std::nullopt;
  }
  if (codes.shape[1] % groups != 0 || codes.shape[1] / groups != usual_group) return std::nullopt;
  if (!lies_in(file, scales, 1)) return std::nullopt;
  return Scaling{
      .kind = Scaling::Kind::exponents, .groups = groups, .group = usual_group, .scales_offset = scales.offset};
}

/// Packed codes, with a scale and a bias for each group of columns: turns the tensor into that of its codes.
std::optional<Scaling> packed(std::span<const std::byte> file, FoundTensor& codes, const FoundTensor& scales,
                              const FoundTensor& biases, const ModelConfig& config) {
  const std::uint64_t bits = config.bits.value_or(usual_bits);
  if (codes.codes != Codes::u32 || codes.shape.size() != 2 || scales.shape.size() != 2 ||
      scales.shape != biases.shape) {
    return std::nullopt;
  }
  if (!is_float(scales) || scales.encoding != biases.encoding || scales.shape[0] != codes.shape[0]) return std::nullopt;
  if (bits != 2 && bits != 4 && bits != 8) return std::nullopt;
  const auto dim = checked_multiply(codes.shape[1], 32 / bits);
  const std::uint64_t groups = scales.shape[1];
  if (!dim || groups == 0 || *dim % groups != 0) return std::nullopt;
  const std::uint64_t group = *dim / groups;
  if (group != config.group_size.value_or(usual_group)) return std::nullopt;
  const std::uint64_t bytes = block_size(scales.encoding).bytes;
  if (!lies_in(file, codes, 4)) return std::nullopt;
  if (!lies_in(file, scales, bytes) || !lies_in(file, biases, bytes)) {
    return std::nullopt;
  }
  codes.encoding = bits == 2 ? Encoding::u2 : bits == 4 ? Encoding::u4 : Encoding::u8;
  codes.shape[1] = *dim;
  return Scaling{.kind = Scaling::Kind::affine,
                 .groups = groups,
                 .group = group,
                 .encoding = scales.encoding,
                 .scales_offset = scales.offset,
                 .biases_offset = biases.offset};
}

/// What the name of a tensor of scales begins with: the name of the codes, or that without ".weight". Empty for all
/// other tensors.
std::string_view stem_of(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 18> suffixes = {
      ".scale",      ".scales",     "_scale",  "_scales",    "_scale_inv", ".scale_inv",
      "_scale_2",    ".biases",     ".zeros",  ".qzeros",    "_zeros",     ".zero_points",
      ".zero_point", "_zero_point", ".absmax", ".quant_map", ".SCB",       "_SCB"};
  for (const std::string_view suffix : suffixes) {
    if (name.ends_with(suffix)) return name.substr(0, name.size() - suffix.size());
  }
  return {};
}

/// The stems of a tensor's scales.
std::vector<std::string> stems_of(std::string_view name) {
  std::vector<std::string> stems = {std::string(name)};
  for (const std::string_view suffix : {weight_suffix, std::string_view(".qweight")}) {
    if (name.ends_with(suffix)) stems.emplace_back(name.substr(0, name.size() - suffix.size()));
  }
  // Shards of a table have their scales in common.
  constexpr std::string_view shard = ".shard_";
  const std::string base = stems.back();
  const std::size_t at = base.rfind(shard);
  if (at != std::string::npos && base.find_first_not_of("0123456789", at + shard.size()) == std::string::npos) {
    stems.push_back(base.substr(0, at));
    stems.push_back(concat(stems.back(), weight_suffix));
  }
  return stems;
}

/// The scaling of codes by all the tensors that have their scales; empty where it is not known.
std::optional<Scaling> scaling_by(std::span<const FoundTensor* const> beside, FoundTensor& codes,
                                  std::span<const std::byte> file, const ModelConfig& config) {
  const auto find = [&](std::string_view suffix) -> const FoundTensor* {
    const auto at = std::find_if(beside.begin(), beside.end(),
                                 [&](const FoundTensor* tensor) { return tensor->name.ends_with(suffix); });
    return at == beside.end() ? nullptr : *at;
  };
  if (beside.size() == 1 && find("_scale") != nullptr) return one_scale(file, codes, *beside[0]);
  if (beside.size() == 1 && find(".scale") != nullptr) return exponents(file, codes, *beside[0]);
  const FoundTensor* const scales = find(".scales");
  const FoundTensor* const biases = find(".biases");
  if (beside.size() != 2 || scales == nullptr || biases == nullptr) return std::nullopt;
  return packed(file, codes, *scales, *biases, config);
}

}  // namespace

void find_companions(FoundFile& found, std::span<const std::byte> file) {
  std::unordered_multimap<std::string_view, FoundTensor*> by_stem;
  for (FoundTensor& tensor : found.tensors) {
    const std::string_view stem = stem_of(tensor.name);
    if (!stem.empty()) by_stem.emplace(stem, &tensor);
  }
  if (by_stem.empty()) return;
  for (FoundTensor& codes : found.tensors) {
    if (!holds_codes(codes) || codes.shape.size() != 2) continue;
    std::vector<const FoundTensor*> beside;
    for (const std::string& stem : stems_of(codes.name)) {
      const auto [begin, end] = by_stem.equal_range(stem);
      for (auto at = begin; at != end; ++at) {
        if (at->second == &codes) continue;
        at->second->is_scale = true;
        beside.push_back(at->second);
      }
    }
    if (beside.empty()) continue;
    std::sort(beside.begin(), beside.end(),
              [](const FoundTensor* a, const FoundTensor* b) { return a->name < b->name; });
    std::string names;
    for (const FoundTensor* const tensor : beside) {
      names += concat(names.empty() ? "" : " and ", in_quotes(tensor->name));
    }
    codes.scaling = scaling_by(beside, codes, file, found.config);
    (codes.scaling ? codes.scaling->names : codes.unread_scales) = std::move(names);
  }
}

void scale_row(std::span<const std::byte> file, const Scaling& scaling, std::uint64_t row,
               std::span<float> values) noexcept {
  if (scaling.kind == Scaling::Kind::one) {
    for (float& value : values) value = value * scaling.scale;
    return;
  }
  const std::uint64_t bytes = scaling.kind == Scaling::Kind::affine ? block_size(scaling.encoding).bytes : 1;
  for (std::uint64_t g = 0; g < scaling.groups; ++g) {
    const std::uint64_t at = (row * scaling.groups + g) * bytes;
    float* const group = values.data() + g * scaling.group;
    if (scaling.kind == Scaling::Kind::exponents) {
      const auto exponent = std::to_integer<int>(file[scaling.scales_offset + at]);
      for (std::uint64_t c = 0; c < scaling.group; ++c) {
        group[c] = exponent == 255 ? std::numeric_limits<float>::quiet_NaN() : std::ldexp(group[c], exponent - 127);
      }
      continue;
    }
    const float scale = float_at(file, scaling.encoding, scaling.scales_offset + at);
    const float bias = float_at(file, scaling.encoding, scaling.biases_offset + at);
    for (std::uint64_t c = 0; c < scaling.group; ++c) {
      const float product = scale * group[c];
      group[c] = product + bias;
    }
  }
}

}  // namespace rowan::detail
