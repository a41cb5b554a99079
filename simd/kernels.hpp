// The kernel interface: plain structs of pointers and integers between the engine and the instruction-set
// tiers. A tier is one translation unit compiled with its own machine flags; it exports one constant
// KernelTable. Kernels check nothing: the engine has validated every index and offset before it calls one.
//
// Each output column is computed on its own, in index order, with a multiplication and then an addition where
// there are weights; so the width of a register never shows in the result. dot and squares, which reduce over
// columns, use dot_lanes accumulators (column c goes to lane c % dot_lanes) and the tree of reduce_lanes().
#pragma once

#include <cstddef>
#include <cstdint>

namespace rowan::simd {

enum class Tier : std::uint8_t { baseline, avx2, avx512 };
inline constexpr int tier_count = 3;

enum class Element : std::uint8_t { f32, f16, bf16 };
inline constexpr int element_count = 3;

enum class IndexWidth : std::uint8_t { i32, i64 };
inline constexpr int index_width_count = 2;

enum class Op : std::uint8_t { sum, weighted_sum, max };
inline constexpr int op_count = 3;

inline constexpr int dot_lanes = 16;

/// What a tier needs of the processor and the operating system.
enum Feature : std::uint32_t {
  feature_sse2 = 1U << 0,
  feature_avx2 = 1U << 1,
  feature_fma = 1U << 2,
  feature_f16c = 1U << 3,
  feature_avx512f = 1U << 4,
  feature_avx512cd = 1U << 5,
  feature_avx512dq = 1U << 6,
  feature_avx512bw = 1U << 7,
  feature_avx512vl = 1U << 8,
};

/// Rows of a table, `stride` bytes apart at any alignment, `dim` >= 1 elements each.
struct Rows {
  const std::byte* data;
  std::size_t stride;
  std::size_t dim;
};

/// out[i * out_stride + c] = f32(rows[indices[i]][c]) for i in [0, count).
struct GatherArgs {
  Rows rows;
  const void* indices;
  std::size_t count;
  float* out;
  std::size_t out_stride;  ///< floats
  std::size_t prefetch;    ///< how many rows ahead to prefetch into L2; 0 = do not
};

/// Pools bag b in [0, bags): positions [begin, end) of indices, where begin is offsets[b] (or b * bag_length
/// without offsets) and end is the next bag's begin, or last_end for the last one. Writes out[b * out_stride + c];
/// +0 for an empty bag. With `resume`, bag 0 goes on from what its output row holds.
struct PoolArgs {
  Rows rows;
  const void* indices;
  const float* weights;  ///< one per position; for Op::weighted_sum
  const void* offsets;   ///< of the indices' type; null: bags of bag_length
  std::size_t bag_length;
  std::size_t bags;
  std::size_t last_end;
  float* out;
  std::size_t out_stride;  ///< floats
  std::size_t prefetch;    ///< how many rows ahead to prefetch into L2; 0 = do not
  bool resume;
};

/// out[r] = dot(rows[r], query) for r in [0, count); squares: out[r] = dot(rows[r], rows[r]).
struct DotArgs {
  Rows rows;
  std::size_t count;
  const float* query;
  float* out;
};

using GatherKernel = void (*)(const GatherArgs&);
using PoolKernel = void (*)(const PoolArgs&);
using DotKernel = void (*)(const DotArgs&);
/// Whether every one of `count` indices is in [0, rows).
using IndicesCheck = bool (*)(const void* indices, std::size_t count, std::uint64_t rows);
/// Whether `count` offsets never decrease and are all in [0, indices].
using OffsetsCheck = bool (*)(const void* offsets, std::size_t count, std::uint64_t indices);
/// row[c] = row[c] / divisors[r] for the `count` rows at `rows`, `stride` floats apart, where divisors[r] > 1.
using DivideKernel = void (*)(float* rows, std::size_t stride, std::size_t dim, const float* divisors,
                              std::size_t count);

struct KernelTable {
  Tier tier;
  const char* name;        ///< "baseline", "avx2", "avx512"
  std::uint32_t features;  ///< Feature bits that the compiler was allowed to use
  IndicesCheck indices_ok[index_width_count];
  OffsetsCheck offsets_ok[index_width_count];
  GatherKernel gather[element_count][index_width_count];
  PoolKernel pool[element_count][op_count][index_width_count];
  DivideKernel divide;
  DotKernel dot[element_count];
  DotKernel squares[element_count];
};

extern const KernelTable baseline_kernels;
extern const KernelTable avx2_kernels;
extern const KernelTable avx512_kernels;

}  // namespace rowan::simd
