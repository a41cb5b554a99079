// Row-wise Adagrad as FBGEMM's fused kernel has it, written by hand: a step as often as a row occurs, by the gradient
// of each bag alone, threads unsynchronised. A yardstick beside FBGEMM's, which mixes legacy SSE with AVX instructions:
// on some processors (seen on Zen 3) that costs it 100 ns per index.
#pragma once

#include <memory>

#include "perf/peers/peer.hpp"

namespace rowan::perf {

inline constexpr const char* inexact_loop_name = "inexact loop";

/// For f32 tables without gaps whose dim is a multiple of 8. `state`: a number for each row, set to the initial one
/// here.
std::unique_ptr<Trainer> inexact_loop(const MutableTableView& table, std::span<float> state,
                                      const RowWiseAdagrad& algorithm, int threads);

}  // namespace rowan::perf
