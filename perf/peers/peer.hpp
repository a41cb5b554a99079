// Other libraries that do the same work, to measure against in one process and on the same memory.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "rowan/optimizer.hpp"
#include "rowan/view.hpp"

namespace rowan::perf {

/// One library's lookups in one table. Bags are given by all their offsets, the last one, at which the last bag ends,
/// included.
class PeerTable {
 public:
  virtual ~PeerTable() = default;
  /// Sums of bags. A library whose interface returns memory of its own keeps the answer there and leaves `out` alone.
  virtual void embedding_bag(std::span<const std::int64_t> indices, std::span<const std::int64_t> offsets,
                             std::span<float> out) = 0;
  /// Rows by index. Only where Peer::gathers().
  virtual void embedding(std::span<const std::int64_t> indices) = 0;
  /// What the last call computed, wherever it lies: the first `count` floats.
  virtual std::span<const float> answer(std::size_t count) = 0;
  /// Sums of bags into a matrix whose rows are the `out_stride` floats apart that the table was prepared for; each bag
  /// `repeat` times, one below the other.
  virtual void fill(std::span<const std::int64_t> indices, std::span<const std::int64_t> offsets, float* out,
                    std::uint64_t repeat) = 0;
};

/// One library's training of one table: sums of bags, backwards, and the step of an optimizer.
class Trainer {
 public:
  virtual ~Trainer() = default;
  /// `gradient`: [bags, dim]. Bags are given as to PeerTable.
  virtual void step(std::span<const std::int64_t> indices, std::span<const std::int64_t> offsets,
                    std::span<const float> gradient) = 0;
  /// Whether a row that occurs more than once takes one step, by the sum of its gradients.
  virtual bool sums_repeated_rows() const = 0;
};

class Peer {
 public:
  virtual ~Peer() = default;
  virtual std::string who() const = 0;   ///< as series are named: "fbgemm"
  virtual std::string name() const = 0;  ///< with its version: "FBGEMM 1.4.0"
  virtual bool pools(DType dtype) const = 0;
  virtual bool gathers(DType dtype) const = 0;
  /// How long its threads spin after a call on several of them, in seconds.
  virtual double settle() const = 0;
  /// Everything that is prepared once, code generation included, is done here. `out_stride`, in floats, is for fill();
  /// 0 = dim. The table's memory outlives what is returned.
  virtual std::unique_ptr<PeerTable> over(const TableView& table, int threads, std::uint64_t out_stride = 0) = 0;
  /// At its first step; null where the library has no such optimizer. `row_state` is memory on the pages of the table,
  /// a number for each row, where the library keeps its state where it is told; it is set to the initial one here.
  virtual std::unique_ptr<Trainer> train(const MutableTableView& table, std::span<float> row_state,
                                         const Algorithm& algorithm, int threads) = 0;
};

/// Null in a build without the library.
std::unique_ptr<Peer> make_torch();
std::unique_ptr<Peer> make_fbgemm();

/// How to get them, for the sentence that says they are absent.
inline constexpr const char* torch_absent =
    "libtorch: absent; configure with -DROWAN_PERF_TORCH=ON (Debian's package libtorch-dev)";
inline constexpr const char* fbgemm_absent = "FBGEMM: absent; configure with -DROWAN_PERF_FBGEMM=PREFIX";

/// The FBGEMM that this build was configured with; empty where there is none.
std::string fbgemm_prefix();

}  // namespace rowan::perf
