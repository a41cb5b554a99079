#include "engine/lookup/caches.hpp"

#include "simd/processor.hpp"

namespace rowan::detail {

Caches caches_of_this_machine() noexcept {
  // sysconf() is not asked: on virtual machines of AMD processors glibc makes ten times the L3 of it.
  constexpr std::uint64_t usual_l1 = std::uint64_t{32} << 10;
  constexpr std::uint64_t usual_l2 = std::uint64_t{1} << 20;
  constexpr std::uint64_t usual_l3 = std::uint64_t{16} << 20;
  const simd::CacheSizes sizes = simd::cache_sizes();
  return {.l1 = sizes.l1 != 0 ? sizes.l1 : usual_l1,
          .l2 = sizes.l2 != 0 ? sizes.l2 : usual_l2,
          .l3 = sizes.l3 != 0 ? sizes.l3 : usual_l3};
}

}  // namespace rowan::detail
