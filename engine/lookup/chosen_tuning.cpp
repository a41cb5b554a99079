#include "engine/lookup/chosen_tuning.hpp"

#include <cstdlib>
#include <utility>

namespace rowan::detail {

ChosenTuning choose_tuning(const TuningSource& source, std::string_view isa) noexcept {
  if (source.values != nullptr) return {*source.values, {}};
  const char* const file = source.file != nullptr ? source.file : std::getenv("ROWAN_TUNING");
  if (file == nullptr || *file == '\0') return {Tuning::built_in(), {}};
  auto loaded = Tuning::load(file, isa);
  if (loaded) return {*loaded, {}};
  return {Tuning::built_in(), loaded.error().message};
}

}  // namespace rowan::detail
