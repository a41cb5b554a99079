// The floating-point mode of a thread: rounding, flush-to-zero, denormals-are-zero, as MXCSR has them.
#pragma once

#include <xmmintrin.h>

namespace rowan::detail {

/// Round to nearest even, denormals kept, nothing trapped.
inline constexpr unsigned default_floating_point = 0x1F80;

inline unsigned current_floating_point() noexcept { return _mm_getcsr(); }

/// Sets the mode of the calling thread and puts the old one back at the end of its scope.
class FloatingPointMode {
 public:
  explicit FloatingPointMode(unsigned mode) noexcept : before_(_mm_getcsr()) {
    if (before_ != mode) _mm_setcsr(mode);
  }
  ~FloatingPointMode() { _mm_setcsr(before_); }
  FloatingPointMode(const FloatingPointMode&) = delete;
  FloatingPointMode& operator=(const FloatingPointMode&) = delete;

 private:
  unsigned before_;
};

}  // namespace rowan::detail
