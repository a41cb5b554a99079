#include "engine/lookup/caches.hpp"

#include <unistd.h>

namespace rowan::detail {
namespace {

std::uint64_t bytes_of(int name, std::uint64_t usual) noexcept {
  const long bytes = ::sysconf(name);
  return bytes > 0 ? static_cast<std::uint64_t>(bytes) : usual;
}

}  // namespace

Caches caches_of_this_machine() noexcept {
  return {.l1 = bytes_of(_SC_LEVEL1_DCACHE_SIZE, std::uint64_t{32} << 10),
          .l2 = bytes_of(_SC_LEVEL2_CACHE_SIZE, std::uint64_t{1} << 20),
          .l3 = bytes_of(_SC_LEVEL3_CACHE_SIZE, std::uint64_t{16} << 20)};
}

}  // namespace rowan::detail
