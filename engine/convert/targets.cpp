#include "engine/convert/targets.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "engine/files/safetensors_header.hpp"
#include "engine/native/format.hpp"
#include "engine/support/bytes.hpp"
#include "engine/support/error.hpp"

namespace rowan {
namespace detail {
namespace {

bool nothing_as_it_is(DType) { return false; }
bool f16_as_it_is(DType dtype) { return dtype == DType::f32 || dtype == DType::f16; }
bool all_but_quantized(DType dtype) { return !is_quantized(dtype); }

std::string counts_line(const Table& table) { return concat(table.rows(), " ", table.dim(), "\n"); }

std::string npy_header(const Table& table) {
  constexpr std::size_t before_dict = 10;
  constexpr std::size_t alignment = 64;
  std::string dict = concat("{'descr': '", table.dtype() == DType::f16 ? "<f2" : "<f4",
                            "', 'fortran_order': False, 'shape': (", table.rows(), ", ", table.dim(), "), }");
  dict.append(alignment - 1 - (before_dict + dict.size()) % alignment, ' ');
  dict += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(dict.size() & 0xFF);
  header += static_cast<char>(dict.size() >> 8);
  return header + dict;
}

std::string safetensors_header(const Table& table) {
  constexpr std::size_t alignment = 64;
  const DType dtype = is_quantized(table.dtype()) ? DType::f32 : table.dtype();
  const Tensor tensor{.name = concat(table.name(), native::weight_suffix),
                      .dtype = std::string(native::dtype_name(dtype)),
                      .shape = {table.rows(), table.dim()},
                      .begin = 0,
                      .end = table.rows() * table.dim() * (element_bits(dtype) / 8)};
  std::string header = serialise({}, std::span(&tensor, 1));
  const std::size_t size = (header.size() + alignment - 1) / alignment * alignment;
  return pad_header(std::move(header), size);
}

void append_decimals(std::string& out, std::span<const float> values) {
  std::array<char, 32> digits;
  for (const float value : values) {
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    out += ' ';
    out.append(digits.data(), written.ptr);
  }
  out += '\n';
}

void append_floats(std::string& out, std::span<const float> values) {
  out += ' ';
  out += as_text(std::as_bytes(values));
  out += '\n';
}

constexpr Target targets[] = {
    {TargetFormat::word2vec_text, "word2vec", {".txt", ".vec"}, nothing_as_it_is, counts_line, append_decimals, true},
    {TargetFormat::word2vec_binary,
     "word2vec-binary",
     {".bin"},
     nothing_as_it_is,
     counts_line,
     append_floats,
     false,
     "; word2vec text can"},
    {TargetFormat::npy, "npy", {".npy"}, f16_as_it_is, npy_header},
    {TargetFormat::safetensors, "safetensors", {".safetensors"}, all_but_quantized, safetensors_header},
};
static_assert(std::size(targets) == target_format_count);

}  // namespace

const Target* target_of(TargetFormat id) noexcept {
  const auto at = std::find_if(std::begin(targets), std::end(targets), [id](const Target& t) { return t.id == id; });
  return at == std::end(targets) ? nullptr : at;
}

std::string targets_without_tokens() {
  std::string names;
  for (const Target& target : targets) {
    if (target.append_row == nullptr) names += concat(names.empty() ? "" : " and ", target.spelling);
  }
  return names;
}

}  // namespace detail

std::string_view to_string(TargetFormat format) noexcept {
  const detail::Target* const target = detail::target_of(format);
  return target != nullptr ? target->spelling : "unknown";
}

std::optional<TargetFormat> parse_target_format(std::string_view text) noexcept {
  for (const detail::Target& target : detail::targets) {
    if (target.spelling == text) return target.id;
  }
  return std::nullopt;
}

std::span<const std::string_view> file_endings(TargetFormat format) noexcept {
  const detail::Target* const target = detail::target_of(format);
  if (target == nullptr) return {};
  return std::span(target->endings).first(target->endings[1].empty() ? 1 : 2);
}

}  // namespace rowan
