// What a ranking server does for one request: one lookup in each of hundreds of tables of very different sizes, some
// for the user and some for each candidate, all into one feature matrix with a row per candidate.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "perf/memory.hpp"
#include "perf/peers/peer.hpp"
#include "rowan/engine.hpp"

namespace rowan::perf {

struct ModelSize {
  std::size_t tables = 300;
  std::uint64_t bytes = std::uint64_t{16} << 30;  ///< of all tables together, at most
  std::uint64_t most_rows = 10'000'000;           ///< of one table
  std::size_t candidates = 200;
  std::size_t requests = 32;  ///< different ones, taken in turn
};

struct Feature {
  TableView table;
  bool user = false;         ///< one bag for the request, the same for all candidates
  std::uint64_t column = 0;  ///< in the matrix, of its first float
};

/// The indices of one feature in one request, and offsets with the last one.
struct Lookup {
  std::vector<std::int64_t> indices;
  std::vector<std::int64_t> offsets;
};

/// Tables, f32 and i8 in turn, of 8 to 128 columns and 100 to `most_rows` rows, log-uniform; where they would take more
/// than `bytes`, the largest are made smaller. Every third feature is the user's. Half of the features have bags of one
/// row, the others of 1 to a length that is log-uniform up to 50. Rows are asked for with Zipf exponent 1.05.
class RequestModel {
 public:
  RequestModel(const ModelSize& size, std::uint64_t seed, int threads);

  const ModelSize& size() const noexcept { return size_; }
  const std::vector<Feature>& features() const noexcept { return features_; }
  std::uint64_t width() const noexcept { return width_; }  ///< of the matrix, in floats
  std::size_t requests() const noexcept { return requests_.size(); }
  const Lookup& lookup(std::size_t request, std::size_t feature) const noexcept { return requests_[request][feature]; }
  std::uint64_t repeat(const Feature& feature) const noexcept { return feature.user ? size_.candidates : 1; }

  std::uint64_t table_bytes() const noexcept { return table_bytes_; }
  std::uint64_t reads() const noexcept { return reads_; }  ///< rows, in all requests together
  std::string pages() const { return block_->pages(); }

 private:
  ModelSize size_;
  std::unique_ptr<Block> block_;
  std::vector<Feature> features_;
  std::vector<std::vector<Lookup>> requests_;
  std::uint64_t width_ = 0;
  std::uint64_t table_bytes_ = 0;
  std::uint64_t reads_ = 0;
};

}  // namespace rowan::perf
