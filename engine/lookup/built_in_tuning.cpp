// The values that are built in, by families of processors. docs/performance.md has what they were measured to do, and
// perf/prefetch_sweep how far they are from the best on the machine at hand.
#include <cstdint>
#include <cstring>

#include "rowan/tuning.hpp"
#include "simd/processor.hpp"

namespace rowan {
namespace {

/// Rules for rows of up to 64, 128, 256, 512, 1024 bytes, and more, from left to right.
struct Widths {
  Ahead rules[Tuning::widths];
};

constexpr Widths all(const Ahead& ahead) { return {{ahead, ahead, ahead, ahead, ahead, ahead}}; }
constexpr Widths none = all({});

/// In the order of Tuning::Work and, in each, of Tuning::Place.
struct Values {
  const char* family;
  Widths works[Tuning::works][Tuning::places];
  std::uint64_t streaming_part;  ///< of the L3, from which on outputs go past the caches
};

/// Measured by `rowan tune` and perf/prefetch_sweep on an EPYC with 1 MiB of L2 and 32 MiB of L3. A prefetch of what L2
/// holds costs a slot of the loads, which sums of f32 have none to spare of and those of narrow elements have; what
/// memory holds comes fastest where L2, which can wait for more lines, asks for it far ahead.
constexpr Values zen_4 = {"AMD Zen 4",
                          {{none,
                            none,
                            {{{0, 24}, {}, {0, 16}, {0, 16}, {0, 8}, {0, 4}}},
                            {{{64, 0}, {64, 0}, {48, 0}, {24, 0}, {16, 0}, {16, 0}}},
                            {{{32, 0}, {32, 0}, {48, 0}, {24, 0}, {32, 0}, {48, 0}}}},
                           {none,
                            {{{0, 16}, {0, 16}, {0, 12}, {0, 12}, {0, 8}, {0, 4}}},
                            {{{0, 24}, {0, 24}, {0, 16}, {0, 16}, {0, 8}, {0, 4}}},
                            {{{64, 0}, {64, 0}, {64, 0}, {48, 0}, {32, 0}, {32, 0}}},
                            {{{64, 0}, {64, 0}, {32, 0}, {48, 0}, {64, 0}, {64, 0}}}},
                           {none,
                            {{{0, 12}, {0, 12}, {0, 16}, {0, 16}, {0, 16}, {0, 16}}},
                            {{{0, 24}, {0, 24}, {0, 16}, {0, 16}, {0, 16}, {0, 16}}},
                            {{{64, 12}, {64, 0}, {64, 12}, {64, 12}, {64, 12}, {64, 12}}},
                            {{{64, 12}, {64, 0}, {64, 0}, {64, 12}, {64, 8}, {64, 8}}}},
                           {none,
                            none,
                            {{{48, 0}, {}, {0, 12}, {}, {}, {}}},
                            {{{64, 0}, {48, 0}, {32, 8}, {64, 8}, {24, 4}, {24, 4}}},
                            {{{48, 0}, {64, 0}, {32, 0}, {16, 0}, {16, 0}, {16, 0}}}},
                           {none,
                            {{{0, 16}, {0, 16}, {0, 16}, {0, 4}, {8, 0}, {8, 0}}},
                            {{{0, 24}, {0, 24}, {0, 16}, {0, 8}, {24, 0}, {24, 0}}},
                            {{{64, 0}, {64, 0}, {32, 12}, {64, 8}, {16, 4}, {24, 4}}},
                            {{{48, 0}, {48, 0}, {32, 8}, {32, 8}, {24, 0}, {24, 0}}}}},
                          1};

/// Some 8 KiB of rows into L2.
constexpr Widths by_bytes = {{{48, 0}, {48, 0}, {32, 0}, {16, 0}, {16, 0}, {16, 0}}};

/// Measured on a Zen 3 with 512 KiB of L2, before there was a loop that prefetches into L1 alone; other processors of
/// AMD are taken for one.
constexpr Widths near_into_l2 = all({8, 0});
constexpr Widths two_stages = all({48, 8});
constexpr Values zen_3 = {"AMD Zen 3",
                          {{none, near_into_l2, by_bytes, by_bytes, by_bytes},
                           {none, near_into_l2, by_bytes, by_bytes, by_bytes},
                           {none, near_into_l2, two_stages, two_stages, two_stages},
                           {none, near_into_l2, by_bytes, by_bytes, by_bytes},
                           {none, near_into_l2, two_stages, two_stages, two_stages}},
                          4};

/// A Xeon of Sapphire Rapids' kind: into L1, 16 rows ahead, was the best of what was tried in L3 and as good as any in
/// memory; in L2, none for rows of f32. Long rows go fewer ahead, for all of them are to stay in L1. Rows that are not
/// pooled have not been measured there: those of Zen 3. Others of Intel, and of makers that nobody here has measured,
/// are taken for one.
constexpr Widths into_l1 = {{{0, 16}, {0, 16}, {0, 16}, {0, 16}, {0, 12}, {0, 8}}};
constexpr Widths narrow_into_l1 = {{{0, 16}, {0, 16}, {0, 16}, {0, 16}, {0, 16}, {0, 12}}};
constexpr Values intel = {"Intel Xeon",
                          {{none, none, into_l1, into_l1, into_l1},
                           {none, none, into_l1, into_l1, into_l1},
                           {none, none, narrow_into_l1, narrow_into_l1, narrow_into_l1},
                           {none, none, into_l1, by_bytes, by_bytes},
                           {none, none, narrow_into_l1, narrow_into_l1, two_stages}},
                          4};

const Values& values_of(const simd::ProcessorId& processor) noexcept {
  if (std::strcmp(processor.vendor, "AuthenticAMD") != 0) return intel;
  constexpr std::uint32_t zen_3_and_4 = 25;  // Zen 5 is 26
  const std::uint32_t model = processor.model;
  const bool is_4 = (model >= 0x10 && model < 0x20) || (model >= 0x60 && model < 0x80) || model >= 0xA0;
  return processor.family > zen_3_and_4 || (processor.family == zen_3_and_4 && is_4) ? zen_4 : zen_3;
}

}  // namespace

Tuning Tuning::built_in() noexcept {
  const Values& values = values_of(simd::processor_id());
  Tuning tuning;
  static_assert(sizeof values.works == sizeof tuning.ahead_);
  std::memcpy(tuning.ahead_, values.works, sizeof tuning.ahead_);
  tuning.streaming_bytes_ = simd::cache_sizes().l3 / values.streaming_part;
  std::strcpy(tuning.origin_, values.family);
  return tuning;
}

}  // namespace rowan
