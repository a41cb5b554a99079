// Algorithms and their hyper-parameters as text, in files: "adam lr=0.001 beta1=0.9 ...", exact to the last bit.
#pragma once

#include <string>
#include <string_view>

#include "rowan/optimizer.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

struct HyperParameters {
  Algorithm algorithm;
  OptimizerOptions options;
};

std::string to_text(HyperParameters parameters);

/// Takes what to_text() makes: each name once, in its order. Whether the values make sense is not asked.
Result<HyperParameters> parse_hyper_parameters(std::string_view text);

}  // namespace rowan::detail
