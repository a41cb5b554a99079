// The vectors of a fastText model's words, as rows of a table.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/formats/rows.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Row i is the vector of words[i], which outlive what is returned. The model is opened anew.
Result<std::unique_ptr<TableRows>> subword_rows(const std::string& path, const std::vector<std::string_view>& words);

}  // namespace rowan::detail
