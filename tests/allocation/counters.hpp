// Counts what the process asks of the allocator and the kernel, and what it throws, between two points.
#pragma once

#include <cstdint>

namespace rowan::test {

/// Calls since the process began: of malloc, calloc, realloc, free, posix_memalign, aligned_alloc and memalign;
/// of mmap, mremap and munmap; of pthread_create and clone; of __cxa_throw.
struct Counts {
  std::uint64_t memory = 0;
  std::uint64_t mappings = 0;
  std::uint64_t threads = 0;
  std::uint64_t exceptions = 0;

  bool operator==(const Counts&) const = default;
};

Counts counts() noexcept;

/// What `call` adds to the counts.
template <class Call>
Counts counted(const Call& call) {
  const Counts before = counts();
  call();
  const Counts after = counts();
  return {after.memory - before.memory, after.mappings - before.mappings, after.threads - before.threads,
          after.exceptions - before.exceptions};
}

}  // namespace rowan::test
