// Spelling of element types.
#include "rowan/dtype.hpp"

namespace rowan {
namespace {

constexpr std::string_view names[dtype_count] = {"f32", "f16", "bf16", "f8_e4m3", "f8_e5m2", "i8", "i4", "i2"};

}  // namespace

std::string_view to_string(DType dtype) noexcept {
  const auto number = static_cast<std::size_t>(dtype);
  return number < dtype_count ? names[number] : "unknown";
}

std::optional<DType> parse_dtype(std::string_view text) noexcept {
  for (std::uint8_t number = 0; number < dtype_count; ++number) {
    if (text == names[number]) return static_cast<DType>(number);
  }
  return std::nullopt;
}

}  // namespace rowan
