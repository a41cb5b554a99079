#include "engine/table/table_name.hpp"

#include <algorithm>

#include "engine/support/error.hpp"
#include "engine/support/utf8.hpp"

namespace rowan::detail {
namespace {

bool has_control_characters(std::string_view name) noexcept {
  return std::any_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

}  // namespace

Result<void> check_table_name(std::string_view name) {
  if (name.empty()) return make_error(Code::invalid_argument, "a table's name is empty");
  if (has_control_characters(name) || !is_utf8(name)) {
    return make_error(Code::invalid_argument, "a table's name is not UTF-8 without control characters");
  }
  return {};
}

}  // namespace rowan::detail
