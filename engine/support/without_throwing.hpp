// Steps of calls that do not throw.
#pragma once

namespace rowan::detail {

/// Whether a step, which may run out of memory, was done.
template <class Step>
bool without_throwing(const Step& step) noexcept {
  try {
    step();
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace rowan::detail
