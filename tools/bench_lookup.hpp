// One lookup as bench makes it, and the proof that its answers are the reference's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/engine.hpp"
#include "tools/bench_calls.hpp"

namespace rowan::tool {

/// "sum", "mean", "max", "min", "sqrt_n", "mean_by_weight" or "mean_by_count".
std::string_view to_string(Pooling pooling);
std::optional<Pooling> parse_pooling(std::string_view text);
constexpr const char* pooling_names = "sum|mean|max|min|sqrt_n|mean_by_weight|mean_by_count";

struct LookupOptions {
  Pooling pooling = Pooling::sum;
  bool weighted = false;   ///< random weights; those poolings that need them have them anyway
  bool embedding = false;  ///< rows as they are, not pooled
  DType output = DType::f32;
  std::uint64_t seed = 1;  ///< of the weights

  bool has_weights() const {
    return !embedding && (weighted || pooling == Pooling::mean_by_weight || pooling == Pooling::mean_by_count);
  }
};

class Lookup {
 public:
  /// All three must outlive it.
  Lookup(const LookupOptions& options, const TableView& table, const Calls& calls);

  /// Makes the call of this number; they start over when all were made. Throws Failure where it is refused.
  void run(const Engine& engine, std::size_t number);

  /// Makes one call and compares every output of it with the scalar reference. Returns how many; throws Failure where
  /// one differs.
  std::size_t check(const Engine& engine);

  std::size_t rows_of(std::size_t number) const { return calls_[number % calls_.size()].rows(); }

 private:
  std::size_t outputs_of(const Call& call) const { return options_.embedding ? call.rows() : call.bags(); }
  OutputView output(std::size_t rows);
  Bags bags_of(const Call& call) const;

  LookupOptions options_;
  BagOptions bag_options_;
  TableView table_;
  const Calls& calls_;
  std::vector<float> weights_;
  std::vector<float> wide_;
  std::vector<std::uint16_t> narrow_;
};

}  // namespace rowan::tool
