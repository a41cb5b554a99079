// Which tuning an engine takes.
#pragma once

#include <string>
#include <string_view>

#include "rowan/tuning.hpp"

namespace rowan::detail {

struct ChosenTuning {
  Tuning values;
  std::string error;  ///< why the file that was named is not used
};

/// For an engine of that instruction set.
ChosenTuning choose_tuning(const TuningSource& source, std::string_view isa) noexcept;

}  // namespace rowan::detail
