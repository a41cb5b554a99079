// The only code that includes xxHash, used header-only.
#include "engine/files/checksum.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace rowan::detail {

std::uint64_t hash_bytes(std::span<const std::byte> bytes) noexcept { return XXH3_64bits(bytes.data(), bytes.size()); }

struct RunningHash::State {
  XXH3_state_t xxh3;
};

RunningHash::RunningHash() : state_(std::make_unique<State>()) { restart(); }
RunningHash::~RunningHash() = default;

void RunningHash::add(std::span<const std::byte> bytes) noexcept {
  XXH3_64bits_update(&state_->xxh3, bytes.data(), bytes.size());
}
std::uint64_t RunningHash::value() const noexcept { return XXH3_64bits_digest(&state_->xxh3); }
void RunningHash::restart() noexcept { XXH3_64bits_reset(&state_->xxh3); }

std::uint64_t hash_id(std::uint64_t id) noexcept { return XXH3_64bits(&id, sizeof id); }

}  // namespace rowan::detail
