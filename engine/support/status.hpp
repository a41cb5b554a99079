// The sentence of a Status.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "rowan/status.hpp"

namespace rowan::detail {

/// `rows` of the table that it is about; empty where they are not known.
std::string describe_status(const Status& status, std::optional<std::uint64_t> rows);

}  // namespace rowan::detail
