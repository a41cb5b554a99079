// The only code that includes xxHash, used header-only.
#include "engine/table/checksum.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace rowan::detail {

std::uint64_t hash_bytes(std::span<const std::byte> bytes) noexcept { return XXH3_64bits(bytes.data(), bytes.size()); }

std::uint64_t hash_id(std::uint64_t id) noexcept { return XXH3_64bits(&id, sizeof id); }

}  // namespace rowan::detail
