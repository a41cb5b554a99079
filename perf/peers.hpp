// Other libraries that do the same work, to measure against in one process.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace rowan::perf {

/// One library with one table. A call leaves its result in the library's own memory and copies it to `out` where
/// that is not empty: callers compare answers once and then time calls without the copy.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual std::string name() const = 0;
  virtual void set_threads(int threads) = 0;
  /// Bags of sums; offsets without the last one.
  virtual void embedding_bag(std::span<const std::int64_t> indices, std::span<const std::int64_t> offsets,
                             std::span<float> out) = 0;
  virtual void embedding(std::span<const std::int64_t> indices, std::span<float> out) = 0;
};

/// libtorch over these weights, in place; null where this build has no libtorch.
std::unique_ptr<Peer> make_torch(std::span<const float> weights, std::uint64_t dim);

}  // namespace rowan::perf
