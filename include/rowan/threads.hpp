// Which threads a call may use.
#pragma once

namespace rowan {

/// Where work that is large enough runs. Results never depend on the choice: it changes time, not bits.
struct Threads {
  enum class Kind : unsigned char {
    caller,  ///< the calling thread alone; the default: Rowan starts no thread that it was not given
    host,    ///< the oneTBB arena that the calling thread is in
    own,     ///< an arena of `count` slots that belongs to the object that was given it
  };

  Kind kind = Kind::caller;
  int count = 1;  ///< slots of an own arena, the caller's included; 0 = one per hardware thread

  static constexpr Threads caller() noexcept { return {}; }
  static constexpr Threads host() noexcept { return {Kind::host, 0}; }
  static constexpr Threads own(int count = 0) noexcept { return {Kind::own, count}; }
};

}  // namespace rowan
