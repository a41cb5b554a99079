// Lookups of whatever shape: refused by the engine where the reference refuses them, and equal to it, to the bit, where
// not.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "rowan/engine.hpp"
#include "rowan/reference.hpp"

using namespace rowan;

namespace {

template <class Integer>
std::vector<Integer> integers(FuzzedDataProvider& input, std::size_t most, std::uint64_t rows) {
  std::vector<Integer> values(input.ConsumeIntegralInRange<std::size_t>(0, most));
  for (Integer& value : values) {
    value = input.ConsumeIntegralInRange<int>(0, 15) == 0
                ? input.ConsumeIntegral<Integer>()
                : static_cast<Integer>(input.ConsumeIntegralInRange<std::uint64_t>(0, rows));
  }
  return values;
}

template <class Index>
void look_up(FuzzedDataProvider& input, const TableView& table) {
  const auto indices = integers<Index>(input, 40, table.rows());
  const auto bounds = integers<std::int64_t>(input, 8, indices.size());
  std::vector<float> weights(input.ConsumeIntegralInRange<std::size_t>(0, indices.size() + 1));
  for (float& weight : weights) weight = input.ConsumeFloatingPointInRange<float>(-2, 2);
  const Bags::Weights given = input.ConsumeBool() ? Bags::Weights(weights) : std::nullopt;
  const int form = input.ConsumeIntegralInRange<int>(0, 2);
  const Bags bags = form == 0   ? Bags(indices, bounds, given)
                    : form == 1 ? Bags::by_lengths(indices, bounds, given)
                                : Bags::fixed(indices, input.ConsumeIntegralInRange<std::uint64_t>(0, 10), given);
  BagOptions options{.pooling = static_cast<Pooling>(input.ConsumeIntegralInRange<int>(0, 7)),
                     .include_last_offset = input.ConsumeBool()};
  options.bad_index = static_cast<BadIndex>(input.ConsumeIntegralInRange<int>(0, 3));
  if (input.ConsumeBool()) options.padding_index = input.ConsumeIntegral<std::int64_t>();
  if (input.ConsumeBool()) options.padding_index = input.ConsumeIntegralInRange<std::int64_t>(-5, 5);
  options.default_row = input.ConsumeIntegralInRange<std::uint64_t>(0, table.rows());
  const std::size_t floats = input.ConsumeIntegralInRange<std::size_t>(0, 12) * table.dim();
  std::vector<float> expected(floats, 7.0F);
  std::vector<float> actual(floats, 7.0F);
  const Engine engine;
  const Status reference = reference::embedding_bag(table, bags, expected, options);
  const Status status = engine.embedding_bag(table, bags, actual, options);
  if (status.code != reference.code || status.position != reference.position || status.value != reference.value) {
    std::abort();
  }
  for (std::size_t i = 0; i < floats; ++i) {
    const bool both_nan = expected[i] != expected[i] && actual[i] != actual[i];
    if (!both_nan && std::memcmp(&expected[i], &actual[i], sizeof(float)) != 0) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  const std::uint64_t dim = input.ConsumeIntegralInRange<std::uint64_t>(1, 40);
  const auto dtype = static_cast<DType>(input.ConsumeIntegralInRange<int>(0, dtype_count - 1));
  const std::uint64_t stride = *row_bytes(dtype, dim) + input.ConsumeIntegralInRange<std::uint64_t>(0, 3);
  const std::uint64_t rows = input.ConsumeIntegralInRange<std::uint64_t>(0, 6);
  const std::vector<std::byte> bytes = input.ConsumeBytes<std::byte>(rows * stride);
  std::vector<std::byte> table_bytes(rows * stride);
  std::copy(bytes.begin(), bytes.end(), table_bytes.begin());
  const auto table = TableView::over(table_bytes, rows, dim, dtype, stride);
  if (!table) std::abort();
  switch (input.ConsumeIntegralInRange<int>(0, 5)) {
    case 0:
      look_up<std::int32_t>(input, *table);
      break;
    case 1:
      look_up<std::int64_t>(input, *table);
      break;
    case 2:
      look_up<std::uint32_t>(input, *table);
      break;
    case 3:
      look_up<std::uint64_t>(input, *table);
      break;
    case 4:
      look_up<std::uint16_t>(input, *table);
      break;
    default:
      look_up<std::uint8_t>(input, *table);
  }
  return 0;
}
