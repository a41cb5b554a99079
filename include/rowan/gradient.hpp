// Gradients of lookups with respect to the table: what embedding() and embedding_bag() are backwards.
//
// Semantics are those of torch.nn.functional.embedding and embedding_bag with sparse=True and a coalesced result. In
// pseudocode, for every column c on its own, all arithmetic in f32 with one rounding per operation, fma(a, b, c) being
// a * b + c with one rounding; G is the gradient of the loss with respect to the output, n(b) the members of bag b,
// W(b) their weights' sum, S(b) the sum of the weights' squares, computed and left out (where they are 0) as in the
// forward pass:
//
//   scaled(b, c)              G[b][c], divided by n(b) for mean and mean_by_count, by W(b) for mean_by_weight, and for
//                             sqrt_n by sqrt(n(b)), or sqrt(S(b)) where there are weights
//   add(acc, j, c)            acc + scaled(b, c) of the bag b of position j; with weights, fma(weights[j],
//                             scaled(b, c), acc); of max and min, acc + G[b][c] where position j gave output c of its
//                             bag, else acc + +0
//   occurrences(r)            the members of all bags with index r, in order: lookup by lookup, position by position
//   gradient(r, c)            acc = +0;  for j in occurrences(r): acc = add(acc, j, c); of more than 4,096 in chunks of
//                             4,096, whose sums are added in pairs, (0 + 1), (2 + 3), ..., and these in pairs again,
//                             until one is left
//   scale_grad_by_freq        gradient(r, c) divided by the number of occurrences(r)
//
//   dot(row, scaled(b))       lane c % 16 of 16 becomes fma(row[c], scaled(b, c), lane) for one column after the other,
//                             then the lanes are added in a fixed tree
//   D(b)                      D = +0;  for k in members(b): D = fma(weights[k], dot(row k, scaled(b)), D)
//   gradient of weights[j]    dot(row, scaled(b)) for sum and mean_by_count; of mean_by_weight that less D(b) / W(b),
//   and
//                             of sqrt_n that less weights[j] * D(b) / S(b); 0 for what is no member
//
// Determinism: the bits are the same on every tier, at every thread count and in every run, as those of lookups are.
// The cost grows with the indices, never with the rows of the table.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "rowan/export.hpp"
#include "rowan/options.hpp"
#include "rowan/status.hpp"
#include "rowan/view.hpp"

namespace rowan {

namespace detail {
struct WorkspaceMemory;
struct CoalescedGradient;
}  // namespace detail

/// One lookup and the gradient of the loss with respect to what it gave.
struct LookupGradient {
  Bags bags;              ///< as they were looked up
  GradientView gradient;  ///< [bags, dim]
  BagOptions options = {};
  /// Where the gradient of the per-sample weights goes: as many as there are indices, or empty for none.
  std::span<float> weights_gradient = {};

  /// That of embedding(): bags of one row. `padding_index` is that of torch.nn.Embedding: the row is read as it
  /// is, and has no gradient.
  static LookupGradient of_embedding(IndexSpan indices, GradientView gradient,
                                     std::optional<std::int64_t> padding_index = {}) noexcept {
    return {Bags::fixed(indices, indices.size()), gradient, {.pooling = Pooling::sum, .padding_index = padding_index}};
  }
};

/// What is done about gradients that are NaN or infinite.
enum class NonFinite : std::uint8_t {
  reject,  ///< refuses the call and names lookup, bag and column; nothing is changed
  keep,    ///< computes with them, as PyTorch does
};

struct GradientOptions {
  bool scale_grad_by_freq = false;  ///< divides a row's gradient by how often it occurs in the call
  NonFinite non_finite = NonFinite::reject;
  /// Adds to the gradient that is there, row by row, rather than replace it: micro-batches.
  bool accumulate = false;
};

/// The largest norm that rows may have, see Engine::renormalize().
struct MaxNorm {
  enum class Type : std::uint8_t { l1, l2, infinity };

  float max_norm = 1.0F;  ///< not negative, not NaN
  Type norm_type = Type::l2;
};

/// Memory that calls compute in, kept from one to the next: once it has seen the largest call it does not grow any
/// more, and such calls allocate nothing. Not thread-safe: one call at a time.
class ROWAN_API Workspace {
 public:
  Workspace() noexcept;
  Workspace(Workspace&&) noexcept;
  Workspace& operator=(Workspace&&) noexcept;
  ~Workspace();

  /// Bytes that it holds.
  std::uint64_t bytes() const noexcept;

 private:
  friend class Engine;
  friend class Optimizer;
  std::unique_ptr<detail::WorkspaceMemory> memory_;
};

/// A coalesced sparse gradient of a table: its unique rows in ascending order, and for each the gradient of its dim
/// columns. Keeps its memory from one call to the next. Not thread-safe.
class ROWAN_API SparseGradient {
 public:
  SparseGradient() noexcept;
  SparseGradient(SparseGradient&&) noexcept;
  SparseGradient& operator=(SparseGradient&&) noexcept;
  ~SparseGradient();

  std::span<const std::uint64_t> rows() const noexcept;  ///< ascending, each once
  std::span<const float> values() const noexcept;        ///< [rows().size(), dim], row-major
  std::span<float> values() noexcept;                    ///< a host may scale or change them before a step
  std::uint64_t dim() const noexcept;

  /// The squares of all values, summed row by row in f32 (16 lanes and a fixed tree) and over rows in double. With it
  /// a host clips by one norm over dense and sparse parts, and passes what comes out as StepOptions::scale.
  double squared_norm() const noexcept;

  /// Forgets the gradient, keeps the memory.
  void clear() noexcept;

 private:
  friend class Engine;
  friend class Optimizer;
  std::unique_ptr<detail::CoalescedGradient> state_;
};

}  // namespace rowan
