// What a command asks of the engine that it has made.
#pragma once

#include <cstdio>
#include <string>

#include "rowan/engine.hpp"
#include "tools/failure.hpp"

namespace rowan::tool {

/// That it works. Where it was to take a tuning and could not, it says so on standard error and goes on.
inline void need(const Engine& engine) {
  need(engine.status());
  if (engine.tuning_error().empty()) return;
  const std::string why(engine.tuning_error());
  std::fprintf(stderr, "rowan: %s; going on with what is built in\n", why.c_str());
}

}  // namespace rowan::tool
