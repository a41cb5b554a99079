#include "perf/request_model.hpp"

#include <algorithm>
#include <cmath>

#include "perf/random.hpp"
#include "perf/workload.hpp"

namespace rowan::perf {
namespace {

constexpr std::uint64_t least_rows = 100;
constexpr std::uint64_t dims[] = {8, 16, 24, 32, 48, 64, 96, 128};
constexpr double longest_bag = 50;
constexpr Distribution skew{1.05};
constexpr std::uint64_t alignment = 64;

struct Shape {
  DType dtype;
  std::uint64_t dim;
  std::uint64_t rows;

  std::uint64_t bytes() const {
    const std::uint64_t plain = rows * row_bytes(dtype, dim).value();
    return (plain + alignment - 1) / alignment * alignment;
  }
};

/// The shapes when no table is larger than `most` bytes.
std::uint64_t bytes_of(const std::vector<Shape>& shapes, std::uint64_t most) {
  std::uint64_t sum = 0;
  for (const Shape& shape : shapes) sum += std::min(shape.bytes(), most);
  return sum;
}

/// Takes rows from the largest tables until all together are within `bytes`.
void shrink(std::vector<Shape>& shapes, std::uint64_t bytes) {
  std::uint64_t low = 0;
  std::uint64_t high = bytes;
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (bytes_of(shapes, middle) <= bytes ? low : high) = middle;
  }
  for (Shape& shape : shapes) {
    if (shape.bytes() > low) shape.rows = (low - alignment) / row_bytes(shape.dtype, shape.dim).value();
  }
}

std::vector<Shape> draw_shapes(const ModelSize& size, Draws& random) {
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < size.tables; ++i) {
    const double rows = random.log_uniform(static_cast<double>(least_rows), static_cast<double>(size.most_rows));
    shapes.push_back(
        {i % 2 == 0 ? DType::f32 : DType::i8, dims[random.below(std::size(dims))], static_cast<std::uint64_t>(rows)});
  }
  shrink(shapes, size.bytes);
  return shapes;
}

}  // namespace

RequestModel::RequestModel(const ModelSize& size, std::uint64_t seed, int threads) : size_(size) {
  Draws random(seed);
  const std::vector<Shape> shapes = draw_shapes(size, random);
  for (const Shape& shape : shapes) table_bytes_ += shape.bytes();
  block_ = std::make_unique<Block>(table_bytes_);

  std::vector<double> longest;  // bag of each feature
  std::span<std::byte> left = block_->bytes();
  for (const Shape& shape : shapes) {
    const std::uint64_t plain = shape.rows * row_bytes(shape.dtype, shape.dim).value();
    const bool user = features_.size() % 3 == 2;
    features_.push_back(
        {random_table(left.first(plain), shape.dim, shape.dtype, seed + features_.size(), threads), user, width_});
    left = left.subspan(shape.bytes());
    width_ += shape.dim;
    longest.push_back(random.below(2) == 0 ? 1 : random.log_uniform(1, longest_bag));
  }

  requests_.resize(size.requests);
  for (std::size_t feature = 0; feature < features_.size(); ++feature) {
    const std::size_t bags = features_[feature].user ? 1 : size.candidates;
    for (std::size_t request = 0; request < size.requests; ++request) {
      Lookup lookup{{}, {0}};
      for (std::size_t bag = 0; bag < bags; ++bag) {
        const std::uint64_t length = 1 + random.below(static_cast<std::uint64_t>(std::ceil(longest[feature])));
        lookup.offsets.push_back(lookup.offsets.back() + static_cast<std::int64_t>(length));
      }
      const auto count = static_cast<std::size_t>(lookup.offsets.back());
      lookup.indices =
          random_indices(features_[feature].table.rows(), count, skew, seed + request * features_.size() + feature);
      reads_ += count;
      requests_[request].push_back(std::move(lookup));
    }
  }
}

}  // namespace rowan::perf
