// Telling the kernel what comes next in mapped memory. Advice only: nothing depends on its being taken.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rowan::detail {

/// Pages will be asked for one by one, in no order: each is read alone. Without this the kernel reads ahead, up
/// to several MiB for every row that is not in memory.
inline void advise_random(std::span<const std::byte> mapping) noexcept {
  ::madvise(const_cast<std::byte*>(mapping.data()), mapping.size(), MADV_RANDOM);
}

/// All of these bytes will be asked for soon: what is not in memory is read at once.
inline void advise_needed(std::span<const std::byte> bytes) noexcept {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::uintptr_t ahead = reinterpret_cast<std::uintptr_t>(bytes.data()) % page;
  ::madvise(const_cast<std::byte*>(bytes.data() - ahead), bytes.size() + ahead, MADV_WILLNEED);
}

}  // namespace rowan::detail
