// The values that are built in, by families of processors; docs/performance.md has what was measured.
#include <cstring>

#include "engine/lookup/caches.hpp"
#include "rowan/tuning.hpp"
#include "simd/processor.hpp"

namespace rowan {

Tuning Tuning::built_in() noexcept {
  Tuning tuning;
  constexpr std::uint8_t ahead[Tuning::widths] = {48, 48, 32, 16, 16, 16};
  for (const Tuning::Work work : {Tuning::Work::pooled, Tuning::Work::pooled_narrow, Tuning::Work::unpooled}) {
    for (std::size_t width = 0; width < Tuning::widths; ++width) {
      tuning.ahead(work, Tuning::Place::l2, width) = {8, 0};
      for (const Tuning::Place place : {Tuning::Place::beyond, Tuning::Place::l3, Tuning::Place::memory}) {
        const bool narrow = work == Tuning::Work::pooled_narrow;
        tuning.ahead(work, place, width) = narrow ? Ahead{48, 8} : Ahead{ahead[width], 0};
      }
    }
  }
  tuning.set_streaming_bytes(detail::caches_of_this_machine().l3 / 4);
  return tuning;
}

}  // namespace rowan
