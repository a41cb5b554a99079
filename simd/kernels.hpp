// The kernel interface: plain structs of pointers and integers between the engine and the instruction-set
// tiers. A tier is one translation unit compiled with its own machine flags; it exports one constant
// KernelTable. Kernels check nothing: the engine has validated every index and offset before it calls one.
//
// Each output column is computed on its own, in index order; so the width of a register never shows in the result. A
// product is added with one rounding (simd/fused.hpp). dot and squares, which reduce over columns, use dot_lanes
// accumulators (column c goes to lane c % dot_lanes) and the tree of reduce_lanes().
#pragma once

#include <cstddef>
#include <cstdint>

namespace rowan::simd {

enum class Tier : std::uint8_t { baseline, avx2, avx512 };
inline constexpr int tier_count = 3;

/// In the order of rowan::DType, whose comments describe the rows.
enum class Element : std::uint8_t { f32, f16, bf16, f8_e4m3, f8_e5m2, i8, i4, i2 };
inline constexpr int element_count = 8;

constexpr bool is_quantized(Element element) noexcept { return element >= Element::i8; }

inline constexpr std::uint8_t element_bits[element_count] = {32, 16, 16, 8, 8, 8, 4, 2};

constexpr std::size_t bits_of(Element element) noexcept { return element_bits[static_cast<int>(element)]; }

/// Bytes of the first `columns` elements of a row.
constexpr std::size_t packed_bytes(Element element, std::size_t columns) noexcept {
  return (columns * bits_of(element) + 7) / 8;
}

/// Output types are the first three element types.
inline constexpr int output_count = 3;

/// In the order of rowan::IndexKind.
enum class Integer : std::uint8_t { i32, i64, u32, u64, u16, u8 };
inline constexpr int integer_count = 6;

/// How kernels read indices, which have been checked, so that none is negative: their low 32 bits, 4 or 8 bytes apart,
/// for tables of up to 2^32 rows, which is all that most programs have; or all 64 bits.
enum class IndexRead : std::uint8_t { low_32, full_64 };
inline constexpr int index_read_count = 2;

enum class Op : std::uint8_t { sum, weighted_sum, extreme };
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

/// Columns [0, dim) of the rows of a table, `stride` bytes apart at any alignment. dim >= 1. To work on columns in
/// parts, `data` is moved on by whole bytes and `parameters` moved back by as many.
struct Rows {
  const std::byte* data;
  std::size_t stride;
  std::size_t dim;
  std::size_t parameters;  ///< bytes from a row's start to its scale and bias, where it is quantised
};

/// How far ahead rows are prefetched, in rows: not at all (0, 0), into L2 (far, 0), into L1 (0, near), or in two
/// stages, into L2 and then into L1 (far, near), by those kernels that have a loop for that: the others leave the
/// second out.
struct Prefetch {
  std::size_t far;
  std::size_t near;  ///< less than far, where that is not 0

  std::size_t farthest() const noexcept { return far != 0 ? far : near; }
};

/// Row i of out is row indices[i], in the type of the output, for i in [0, count).
struct GatherArgs {
  Rows rows;
  const std::byte* indices;
  std::size_t index_bytes;  ///< of one index: 4 or 8
  std::size_t count;
  std::size_t readable;  ///< indices that may be read, to prefetch their rows; >= count
  void* out;
  std::size_t out_stride;  ///< elements
  Prefetch prefetch;
  bool streaming;  ///< write past the caches; each row of out is then a whole number of aligned 16-byte units
};

/// Pools bag b in [0, bags): positions [offsets[b], offsets[b + 1]) of indices. Writes out[b * out_stride + c];
/// +0 for an empty bag. Of a quantised table a sum is kept in two parts, the codes' sum and the base, and
/// both are added when a bag ends.
struct PoolArgs {
  Rows rows;
  const std::byte* indices;
  std::size_t index_bytes;  ///< from one index to the next: 4, 8 or 16; at least 8 for IndexRead::full_64
  const float* weights;     ///< one per position; for Op::weighted_sum
  const std::size_t* offsets;
  std::size_t bags;
  std::size_t readable;  ///< indices that may be read, to prefetch their rows; >= offsets[bags]
  float* out;
  std::size_t out_stride;  ///< floats
  Prefetch prefetch;
  bool smallest;   ///< of Op::extreme: min, else max
  bool resume;     ///< bag 0 goes on from its output row and base
  bool to_resume;  ///< the last bag will be gone on with: of a quantised table its base goes to *base_out
  float base;      ///< of sums of quantised rows
  float* base_out;
};

/// What pooling leaves to be done for rows of f32: row r is divided, where it stands, by divisors[r] (not by 1; by
/// 0 it becomes +0), then written `repeat` times in the type of the output.
struct FinishArgs {
  float* rows;
  std::size_t stride;  ///< floats
  std::size_t dim;
  std::size_t count;
  const float* divisors;   ///< null: none
  void* out;               ///< may be `rows` itself: then nothing is written again
  std::size_t out_stride;  ///< elements, from one repetition to the next
  std::size_t repeat;
};

/// out[r] = dot(rows[r], query) for r in [0, count); without a query (null), dot(rows[r], rows[r]).
struct DotArgs {
  Rows rows;
  std::size_t count;
  const float* query;
  float* out;
};

/// Optimizers: those of rowan::Algorithm, Sgd's three forms apart.
enum class Step : std::uint8_t {
  sgd,
  momentum,
  nesterov,
  adagrad,
  row_wise_adagrad,
  adam,
  row_wise_adam,
  rms_prop,
  ftrl,
};
inline constexpr int step_count = 9;

/// What a step computes with; rowan/optimizer.hpp has the formulas. Which of the last five are used depends on the
/// Step.
struct StepFactors {
  float scale;  ///< of the gradient; 1: none
  float clip;   ///< its limit; infinite: none
  float keep;   ///< of the weights, for decoupled decay; 1: none
  float l2;     ///< of the weights, added to the gradient; 0: none
  float lr;     ///< with what belongs to it: lr decay, bias corrections
  float eps;
  float a;  ///< momentum, 1 - beta1, alpha, beta of Ftrl
  float b;  ///< 1 - beta2, 1 - alpha, l1
  float c;  ///< l2 of Ftrl
};

inline constexpr std::size_t most_step_rows = 64;

/// One step on rows[i], whose gradient is gradients[i], for i in [0, count); count <= most_step_rows. Rows are
/// different from each other.
struct StepArgs {
  std::byte* weights;  ///< f32
  std::size_t stride;  ///< bytes
  std::size_t dim;
  bool packed;                ///< weights of rows[i] are at row i
  const std::uint64_t* rows;  ///< of the table, for its state and, where they are not packed, its weights
  std::size_t count;
  std::size_t readable;     ///< rows that may be read, to prefetch them; >= count
  std::size_t ahead;        ///< how many rows ahead; 0: none
  const float** gradients;  ///< which may be changed to rows of `prepared`
  std::uint64_t from_zero;  ///< bit i: gradients[i] is a bag's own and is added to +0 first, as all sums begin
  float* prepared;          ///< [count, dim], where gradients are scaled and limited
  float* state[2];          ///< null where there is none
  std::size_t state_columns[2];
  StepFactors factors;
};

/// A further row of a bag: where it gives a column a larger (or smaller) value than those before it, as Op::extreme has
/// it, it becomes the winner there.
struct WinnersArgs {
  const float* row;
  std::size_t dim;
  bool smallest;
  bool first;          ///< it is the first row: it wins everywhere
  std::uint32_t name;  ///< of the row
  float* best;         ///< [dim], for who goes on
  std::uint32_t* winners;
};

/// out[c] = out[c] + (winners[c] == position ? gradient[c] : +0); without winners, fma(weight, gradient[c], out[c]).
struct AddTermArgs {
  const float* gradient;
  const std::uint32_t* winners;
  std::uint32_t position;
  float weight;
  std::size_t dim;
  float* out;
};

/// Row i of `values` to rows[i] of a table of f16 or bf16, to nearest even or, with a key, stochastically.
struct ScatterArgs {
  std::byte* rows_data;
  std::size_t stride;  ///< bytes
  std::size_t dim;
  const std::uint64_t* rows;
  std::size_t count;
  const float* values;
  std::size_t values_stride;  ///< floats
  bool stochastic;
  std::uint64_t key;  ///< of seed and step
};

using GatherKernel = void (*)(const GatherArgs&);
using PoolKernel = void (*)(const PoolArgs&);
using FinishKernel = void (*)(const FinishArgs&);
using DotKernel = void (*)(const DotArgs&);
using StepKernel = void (*)(const StepArgs&);
using WinnersKernel = void (*)(const WinnersArgs&);
using AddTermKernel = void (*)(const AddTermArgs&);
using ScatterKernel = void (*)(const ScatterArgs&);
/// Whether every one of `count` indices is in [0, rows).
using IndicesCheck = bool (*)(const void* indices, std::size_t count, std::uint64_t rows);
/// Whether `count` offsets never decrease and are all in [0, indices].
using OffsetsCheck = bool (*)(const void* offsets, std::size_t count, std::uint64_t indices);

struct KernelTable {
  Tier tier;
  const char* name;        ///< "baseline", "avx2", "avx512"
  std::uint32_t features;  ///< Feature bits that the compiler was allowed to use
  IndicesCheck indices_ok[integer_count];
  OffsetsCheck offsets_ok[integer_count];
  GatherKernel gather[element_count][output_count];
  PoolKernel pool[element_count][op_count][index_read_count];
  FinishKernel finish[output_count];
  DotKernel dot[element_count];
  StepKernel step[step_count];
  WinnersKernel winners;
  AddTermKernel add_term;
  ScatterKernel scatter[2];  ///< f16, bf16
};

extern const KernelTable baseline_kernels;
extern const KernelTable avx2_kernels;
extern const KernelTable avx512_kernels;

}  // namespace rowan::simd
