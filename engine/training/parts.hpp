// Work in parts, on threads or not, and calls that are made again without.
#pragma once

#include <algorithm>
#include <cstddef>

#include "engine/lookup/compute_context.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Thrown where oneTBB did not run all parts.
struct ThreadsFailed {};

/// Calls body(i) for i in [0, parts): on threads where `split`, else one after the other.
template <class Body>
void for_each_part(const ComputeContext& context, bool split, std::size_t parts, const Body& body) {
  if (split && parts > 1) {
    if (!context.parallel.for_each(parts, body)) throw ThreadsFailed();
    return;
  }
  for (std::size_t i = 0; i < parts; ++i) body(i);
}

/// The same for what must not be done twice: never fails, for parts that threads left over are run here. `done` is
/// memory for a flag of each part.
template <class Body>
void for_each_part_once(const ComputeContext& context, bool split, std::size_t parts, unsigned char* done,
                        const Body& body) noexcept {
  std::fill_n(done, parts, static_cast<unsigned char>(0));
  const auto run = [&](std::size_t i) noexcept {
    body(i);
    done[i] = 1;
  };
  if (split && parts > 1 && context.parallel.for_each(parts, run)) return;
  for (std::size_t i = 0; i < parts; ++i) {
    if (done[i] == 0) run(i);
  }
}

/// Parts of a call that is split: some for each thread, so that one which is held up leaves the rest to others.
inline std::size_t parts_of(const ComputeContext& context, bool split) noexcept {
  return split ? 8 * static_cast<std::size_t>(context.parallel.concurrency()) : 1;
}

/// call(split) as a Status, whatever it throws; without threads where they failed. Until then the call must have
/// changed nothing that it cannot do again.
template <class Call>
Status run_split(bool split, const Call& call) noexcept {
  try {
    return call(split);
  } catch (const ThreadsFailed&) {
    return run_split(false, call);
  } catch (...) {
    return {.code = Code::out_of_memory};
  }
}

}  // namespace rowan::detail
