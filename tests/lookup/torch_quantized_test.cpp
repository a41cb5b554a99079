// The answers of PyTorch's own quantised bag operators over rows that PyTorch packed, whose bytes are looked up as they
// are (tests/golden/make_torch_quantized_bags.py).
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/engine.hpp"
#include "simd/scalar.hpp"

using namespace rowan;

namespace {

struct TorchBags {
  bool include_last_offset;
  std::vector<std::int32_t> indices;
  std::vector<std::int64_t> offsets;
  std::vector<float> weights;
  std::vector<float> expected;
};

struct TorchTable {
  DType dtype;
  std::uint64_t rows;
  std::uint64_t dim;
  std::string_view packed;  // two digits a byte
  std::vector<TorchBags> calls;
};

#include "tests/golden/torch_quantized_bags.inc"

std::vector<std::byte> bytes_of(std::string_view digits) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

/// How far two sums of the same terms may be apart that round in another order, or fuse: each of a bag's n terms
/// w * scale * q and n terms w * bias takes part in at most 2n + 4 roundings, each of 2^-24 of what has been added up.
double bound(const TorchTable& table, const std::vector<std::byte>& bytes, const TorchBags& call, std::size_t begin,
             std::size_t end, std::uint64_t column) {
  const auto element = static_cast<simd::Element>(table.dtype);
  const std::uint64_t row_size = *row_bytes(table.dtype, table.dim);
  double sum = 0;
  for (std::size_t j = begin; j < end; ++j) {
    const std::byte* row = bytes.data() + static_cast<std::size_t>(call.indices[j]) * row_size;
    const auto [scale, bias] = simd::decode_parameters(element, row + simd::packed_bytes(element, table.dim));
    const double weight = call.weights.empty() ? 1.0 : std::abs(static_cast<double>(call.weights[j]));
    sum += weight * (std::abs(static_cast<double>(scale)) * simd::code_at(element, row, column) +
                     std::abs(static_cast<double>(bias)));
  }
  return static_cast<double>(2 * (end - begin) + 4) * 0x1p-24 * sum;
}

}  // namespace

TEST_CASE("bags of rows that PyTorch packed are its own answers but for rounding") {
  const Engine engine;
  std::size_t compared = 0;
  std::size_t equal = 0;
  for (const TorchTable& table : torch_tables) {
    const std::vector<std::byte> bytes = bytes_of(table.packed);
    REQUIRE(bytes.size() == table.rows * *row_bytes(table.dtype, table.dim));
    const TableView view = *TableView::over(bytes, table.rows, table.dim, table.dtype);
    for (const TorchBags& call : table.calls) {
      const Bags::Weights weights =
          call.weights.empty() ? std::nullopt : Bags::Weights(std::span<const float>(call.weights));
      const std::size_t bags = call.expected.size() / table.dim;
      std::vector<float> out(call.expected.size(), -1.0F);
      const Status status =
          engine.embedding_bag(view, Bags(call.indices, call.offsets, weights), out,
                               {.pooling = Pooling::sum, .include_last_offset = call.include_last_offset});
      REQUIRE_MESSAGE(status.ok(), status.message(view));
      for (std::size_t bag = 0; bag < bags; ++bag) {
        const auto begin = static_cast<std::size_t>(call.offsets[bag]);
        const std::size_t end =
            bag + 1 < call.offsets.size() ? static_cast<std::size_t>(call.offsets[bag + 1]) : call.indices.size();
        for (std::uint64_t c = 0; c < table.dim; ++c) {
          const float ours = out[bag * table.dim + c];
          const float theirs = call.expected[bag * table.dim + c];
          CHECK(std::abs(static_cast<double>(ours) - theirs) <= bound(table, bytes, call, begin, end, c));
          ++compared;
          equal += ours == theirs ? 1 : 0;
        }
      }
    }
  }
  MESSAGE(equal, " of ", compared, " elements are equal to the bit");
  CHECK(compared > 2'000);
  CHECK(equal > compared / 10);
}
