#include "rowan/reference.hpp"

#include "engine/lookup/checks.hpp"
#include "engine/lookup/kernel_choice.hpp"
#include "simd/order.hpp"
#include "simd/scalar.hpp"

namespace rowan::reference {
namespace {

using namespace detail;

float element_at(const TableView& table, std::uint64_t row, std::uint64_t column) noexcept {
  return simd::decode(element_of(table.dtype()), table.data() + row * table.row_stride(), column);
}

template <IndexType Index>
Status embed(const TableView& table, std::span<const Index> indices, const OutputView& out) noexcept {
  CheckedOutput checked;
  if (const Status status = check_embedding(table, indices, out, nullptr, checked); !status) return status;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    for (std::uint64_t c = 0; c < table.dim(); ++c) {
      checked.data[i * checked.stride + c] = element_at(table, static_cast<std::uint64_t>(indices[i]), c);
    }
  }
  return {};
}

/// One column of one bag.
template <IndexType Index>
float pool(const TableView& table, const CheckedBags<Index>& bags, Pooling pooling, std::size_t bag,
           std::uint64_t column) noexcept {
  float pooled = 0.0F;
  std::uint64_t members = 0;
  for (std::size_t j = bags.begin(bag); j < bags.begin(bag + 1); ++j) {
    if (bags.has_padding && bags.indices[j] == bags.padding) continue;
    const float x = element_at(table, static_cast<std::uint64_t>(bags.indices[j]), column);
    if (pooling == Pooling::max) {
      if (members == 0 || simd::greater(x, pooled)) pooled = x;
    } else if (bags.weights != nullptr) {
      const float product = bags.weights[j] * x;
      pooled = pooled + product;
    } else {
      pooled = pooled + x;
    }
    ++members;
  }
  if (pooling == Pooling::mean && members > 1) pooled = pooled / static_cast<float>(members);
  return pooled;
}

template <IndexType Index, class AnyBags>
Status embed_bags(const TableView& table, const AnyBags& bags, const OutputView& out,
                  const BagOptions& options) noexcept {
  CheckedBags<Index> checked;
  CheckedOutput checked_out;
  const Status status = check_bags(table, bags, out, options, nullptr, checked, checked_out);
  if (!status) return status;
  for (std::size_t bag = 0; bag < checked.bags; ++bag) {
    for (std::uint64_t c = 0; c < table.dim(); ++c) {
      checked_out.data[bag * checked_out.stride + c] = pool(table, checked, options.pooling, bag, c);
    }
  }
  return {};
}

}  // namespace

Status embedding(const TableView& table, std::span<const std::int32_t> indices, OutputView out) noexcept {
  return embed(table, indices, out);
}

Status embedding(const TableView& table, std::span<const std::int64_t> indices, OutputView out) noexcept {
  return embed(table, indices, out);
}

Status embedding_bag(const TableView& table, const Bags<std::int32_t>& bags, OutputView out,
                     const BagOptions& options) noexcept {
  return embed_bags<std::int32_t>(table, bags, out, options);
}

Status embedding_bag(const TableView& table, const Bags<std::int64_t>& bags, OutputView out,
                     const BagOptions& options) noexcept {
  return embed_bags<std::int64_t>(table, bags, out, options);
}

Status embedding_bag(const TableView& table, const FixedBags<std::int32_t>& bags, OutputView out,
                     const BagOptions& options) noexcept {
  return embed_bags<std::int32_t>(table, bags, out, options);
}

Status embedding_bag(const TableView& table, const FixedBags<std::int64_t>& bags, OutputView out,
                     const BagOptions& options) noexcept {
  return embed_bags<std::int64_t>(table, bags, out, options);
}

}  // namespace rowan::reference
