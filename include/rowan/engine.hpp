// Lookups: embedding() and embedding_bag() over a table.
//
// Semantics are those of torch.nn.functional.embedding and embedding_bag. In pseudocode, for every output
// column c on its own, all arithmetic in f32 with one rounding per operation and never fused:
//
//   embedding:                out[i][c] = f32(table[indices[i]][c])
//
//   embedding_bag:            members(b) = positions j of bag b, in order, with indices[j] != padding_index
//     sum                     acc = +0;  for j in members(b): acc = acc + f32(table[indices[j]][c])
//     sum, weighted           acc = +0;  for j in members(b): acc = acc + weights[j] * f32(table[indices[j]][c])
//     mean                    the sum divided by the number of members (a division, not a multiplication)
//     max                     acc = f32(table[indices[first]][c]);  for the others, x: if x > acc then acc = x
//     a bag without members   +0 in every mode
//
// So in max the first of equal values wins (+0 and -0 are equal), a NaN in the first member stays, and a NaN
// in a later one never enters: what PyTorch's CPU kernel does. rowan/reference.hpp is this text as code.
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
#include "rowan/status.hpp"
#include "rowan/threads.hpp"
#include "rowan/view.hpp"

namespace rowan {

/// How the rows of a bag become one.
enum class Pooling : std::uint8_t { sum, mean, max };

/// Options of embedding_bag(). The defaults are those of torch.nn.EmbeddingBag.
struct BagOptions {
  Pooling pooling = Pooling::mean;
  bool include_last_offset = false;
  /// Entries with this index are left out of the bag. In [-rows, rows); negatives count from the end.
  std::optional<std::int64_t> padding_index = {};
};

struct EngineOptions {
  /// Where large calls run. Small ones always run on the calling thread.
  Threads threads = Threads::caller();
};

/// Picks the instruction-set tier once and runs lookups with it.
///
/// Thread-safety: any number of threads may call one Engine at a time. When its own arena is taken by one
/// caller, the others run on their own threads rather than wait.
/// Allocation: none in calls that run on the calling thread. A call that is split over threads allocates what
/// oneTBB needs for its tasks.
/// Errors: every index and offset is checked before anything is written: a refused call leaves the output
/// untouched. Nothing throws.
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

  /// Rows by index: out[i] = table[indices[i]], converted to f32; an f32 row is copied bit for bit.
  /// Indices of any shape [*] give [*, dim].
  Status embedding(const TableView& table, std::span<const std::int32_t> indices, OutputView out) const noexcept;
  Status embedding(const TableView& table, std::span<const std::int64_t> indices, OutputView out) const noexcept;

  /// Pooled rows: out[b] = pooling of the rows of bag b. Shape [bags, dim].
  Status embedding_bag(const TableView& table, const Bags<std::int32_t>& bags, OutputView out,
                       const BagOptions& options = {}) const noexcept;
  Status embedding_bag(const TableView& table, const Bags<std::int64_t>& bags, OutputView out,
                       const BagOptions& options = {}) const noexcept;
  /// The same for bags of one length; BagOptions::include_last_offset has no meaning here and is ignored.
  Status embedding_bag(const TableView& table, const FixedBags<std::int32_t>& bags, OutputView out,
                       const BagOptions& options = {}) const noexcept;
  Status embedding_bag(const TableView& table, const FixedBags<std::int64_t>& bags, OutputView out,
                       const BagOptions& options = {}) const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
  Status status_;
};

}  // namespace rowan
