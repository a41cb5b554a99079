// Lookups: embedding(), embedding_bag(), and run() for many tables in one call.
//
// Semantics are those of torch.nn.functional.embedding and embedding_bag; of FBGEMM's fused row-wise kernels for
// quantised tables; of TensorFlow's embedding_lookup_sparse for sqrt_n and mean_by_weight. In pseudocode, for every
// output column c on its own, all arithmetic in f32 with one rounding per operation; fma(a, b, c), which is a * b + c
// with one rounding, stands wherever a product is added, and nowhere else:
//
//   value(row, c)             f32(table[row][c]); in a quantised table fma(q, scale, bias)
//
//   embedding:                out[i][c] = value(indices[i], c)
//
//   embedding_bag:            members(b) = positions j of bag b, in order, with indices[j] != padding_index
//     sum                     acc = +0;  for j in members(b): acc = acc + value(indices[j], c)
//     sum, weighted           acc = +0;  for j in members(b): acc = fma(weights[j], value(indices[j], c), acc)
//       of a quantised table  acc = base = +0;  for j in members(b): acc = fma(q, w * scale, acc),
//                             base = fma(w, bias, base);  acc + base.  (Without weights: fma(q, scale, acc) and
//                             base + bias.)
//     mean                    the sum divided by the number of members (a division, not a multiplication)
//     sqrt_n                  the sum divided by sqrt(number of members); with weights w, by sqrt(s): s = +0;
//                             for j in members(b): s = fma(w, w, s)
//     mean_by_weight          the weighted sum divided by the sum of the weights
//     mean_by_count           the weighted sum divided by the number of members
//     max                     acc = value(indices[first], c);  for the others, x: if x > acc then acc = x
//     min                     the same with x < acc
//     a bag without members   +0 in every mode
//
// Divisors are f32, summed in the order of the members; nothing is divided by 1, and where a divisor is 0 the
// bag is +0. In max and min the first of equal values wins (+0 and -0 are equal), a NaN in the first member stays,
// and a NaN in a later one never enters: what PyTorch's CPU kernel does. An output in f16 or bf16 is the f32 result
// rounded once, to nearest even; a NaN stays one. rowan/reference.hpp is this text as code.
//
// Determinism: for a given floating-point mode of the caller (rounding, flush-to-zero, denormals-are-zero) the
// output bits are the same on every instruction-set tier, at every thread count and in every run; NaN elements
// are NaN everywhere, their payload is unspecified.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "rowan/export.hpp"
#include "rowan/gradient.hpp"
#include "rowan/options.hpp"
#include "rowan/status.hpp"
#include "rowan/threads.hpp"
#include "rowan/tuning.hpp"
#include "rowan/view.hpp"

namespace rowan {

/// One table's part of run().
struct Request {
  TableView table;
  Bags bags;
  OutputView out;  ///< [bags * repeat, dim]
  BagOptions options = {};
  /// Output rows that each bag is written to: bag b goes to rows [b * repeat, (b + 1) * repeat). With one bag, one
  /// user's features are broadcast over as many candidates.
  std::uint64_t repeat = 1;
};

struct EngineOptions {
  /// Where large calls run. Small ones always run on the calling thread.
  Threads threads = Threads::caller();
  /// How memory is treated: values, or the name of a file that `rowan tune` wrote. See rowan/tuning.hpp.
  TuningSource tuning = {};
};

/// Picks the instruction-set tier once and runs lookups with it.
///
/// Thread-safety: any number of threads may call one Engine at a time. When its own arena is taken by one
/// caller, the others run on their own threads rather than wait.
/// Allocation: none where the engine has no threads, or the call is too small for them. A call that is to be split
/// allocates a list of its parts and what oneTBB needs for its tasks; where it cannot, it runs on the calling thread.
/// Errors: every index and offset is checked before anything is written: a refused call leaves the output
/// untouched. Nothing throws. An ok Status of a call that skips or replaces bad indices has their number in
/// Status::value.
/// Overlap: nothing that the call reads lies between an output's first element and its last, gaps included.
/// Lifetime: no call may be running when an Engine is destroyed or moved from.
class ROWAN_API Engine {
 public:
  /// The best tier of this processor, or the lower one that the environment variable ROWAN_ISA names
  /// ("baseline", "avx2", "avx512"). Where that name is wrong or asks for more than there is, or where the
  /// threads cannot be had, status() says so and every call is refused with the same Status.
  Engine() noexcept : Engine(EngineOptions{}) {}
  explicit Engine(const EngineOptions& options) noexcept;
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  ~Engine();

  Status status() const noexcept { return status_; }
  /// "baseline", "avx2" or "avx512"; "none" where status() is not ok. A static string.
  std::string_view isa() const noexcept;
  /// Threads that a large call may use, the caller's included.
  int concurrency() const noexcept;
  /// How memory is treated; what is built in where status() is not ok.
  Tuning tuning() const noexcept;
  /// Why the file of a tuning that was named, by EngineOptions or ROWAN_TUNING, is not used, as a sentence; then the
  /// values are those built in. Empty where none was named or it is used. Valid as long as the Engine.
  std::string_view tuning_error() const noexcept;

  /// Rows by index: out[i] = value(indices[i]); an f32 row is copied to an f32 output bit for bit.
  /// Indices of any shape [*] give [*, dim].
  Status embedding(const TableView& table, const IndexSpan& indices, const OutputView& out,
                   const EmbeddingOptions& options = {}) const noexcept;

  /// Pooled rows: out[b] = pooling of the rows of bag b. Shape [bags, dim].
  Status embedding_bag(const TableView& table, const Bags& bags, const OutputView& out,
                       const BagOptions& options = {}) const noexcept;

  /// embedding_bag() for each request, in one call: everything of all requests is checked before anything is
  /// written, work is split over threads by the bytes to move, whatever the sizes of the tables (a bag is never
  /// split), and on one thread the first rows of a request are fetched while the one before it is pooled. Outputs may
  /// interleave in one matrix but not overlap. Status::table says which request was refused; where the call is ok,
  /// Status::value counts the skipped and replaced indices of all.
  Status run(std::span<const Request> requests) const noexcept;

  /// The gradient of the table by all of the lookups together, coalesced; rowan/gradient.hpp says what it is.
  /// `gradient` is replaced, or added to (GradientOptions::accumulate), and the lookups' weights_gradient are written.
  /// Max and min and gradients of weights read the table, whose rows are those of the forward pass. Status::table says
  /// which lookup was refused. Allocates only where `gradient` has to grow, and as embedding_bag() does.
  Status embedding_bag_backward(const TableView& table, std::span<const LookupGradient> lookups,
                                SparseGradient& gradient, const GradientOptions& options = {}) const noexcept;

  /// What max_norm of torch.nn.Embedding does before a lookup: each of the rows that `indices` name, once, whose norm
  /// is greater than max_norm is multiplied by max_norm / (norm + 1e-7). The norm is computed in f32, the
  /// squares as a dot product of the row with itself (rowan/gradient.hpp). Weights of 16 bits are rounded to nearest
  /// even. Nobody may read the table meanwhile.
  Status renormalize(const MutableTableView& table, IndexSpan indices, const MaxNorm& max_norm,
                     Workspace& workspace) const noexcept;

 private:
  friend class Optimizer;
  struct State;
  std::unique_ptr<State> state_;
  Status status_;
};

}  // namespace rowan
