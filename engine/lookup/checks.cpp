#include "engine/lookup/checks.hpp"

#include <algorithm>
#include <limits>

#include "engine/lookup/kernel_choice.hpp"

namespace rowan::detail {
namespace {

Status check_output(const OutputView& out, std::uint64_t rows, std::uint64_t dim, CheckedOutput& checked) noexcept {
  const std::uint64_t size = out.values().size();
  const std::uint64_t stride = out.stride() != 0 ? out.stride() : dim;
  if (stride < dim) {
    return {.code = Code::output_stride, .position = dim, .value = static_cast<std::int64_t>(stride)};
  }
  std::uint64_t needed = 0;
  const bool too_large =
      rows != 0 && (__builtin_mul_overflow(rows - 1, stride, &needed) || __builtin_add_overflow(needed, dim, &needed));
  const bool exact = out.stride() == 0;
  if (too_large || (exact ? size != needed : size < needed)) {
    return {.code = Code::output_size,
            .position = too_large ? std::numeric_limits<std::uint64_t>::max() : needed,
            .value = static_cast<std::int64_t>(size)};
  }
  checked = {out.values().data(), stride};
  return {};
}

/// The position of the first index outside [0, rows), or indices.size().
template <IndexType Index>
std::size_t find_bad_index(std::span<const Index> indices, std::uint64_t rows) noexcept {
  const auto bad = [rows](Index index) { return index < 0 || static_cast<std::uint64_t>(index) >= rows; };
  return static_cast<std::size_t>(std::find_if(indices.begin(), indices.end(), bad) - indices.begin());
}

template <IndexType Index>
bool indices_ok(std::span<const Index> indices, std::uint64_t rows, Checks checks) noexcept {
  if (checks == nullptr) return find_bad_index(indices, rows) == indices.size();
  return checks->indices_ok[index_width<Index>](indices.data(), indices.size(), rows);
}

template <IndexType Index>
Status bad_index(std::span<const Index> indices, std::size_t position, std::uint64_t bag) noexcept {
  return {.code = Code::index_out_of_range, .bag = bag, .position = position, .value = indices[position]};
}

template <IndexType Index>
Status check_offsets(std::span<const Index> offsets, std::size_t indices, Checks checks) noexcept {
  if (offsets.empty()) return {};
  if (offsets[0] != 0) return {.code = Code::offsets_start, .value = offsets[0]};
  if (checks != nullptr && checks->offsets_ok[index_width<Index>](offsets.data(), offsets.size(), indices)) return {};
  for (std::size_t bag = 0; bag < offsets.size(); ++bag) {
    const Index offset = offsets[bag];
    if (offset < 0 || static_cast<std::uint64_t>(offset) > indices) {
      return {.code = Code::offset_out_of_range, .bag = bag, .position = indices, .value = offset};
    }
    if (bag != 0 && offset < offsets[bag - 1]) return {.code = Code::offsets_decrease, .bag = bag, .value = offset};
  }
  return {};
}

template <IndexType Index>
Status check_options(const TableView& table, std::size_t indices, const std::optional<std::span<const float>>& weights,
                     const BagOptions& options, CheckedBags<Index>& checked) noexcept {
  if (options.pooling > Pooling::max) {
    return {.code = Code::pooling_unknown, .value = static_cast<std::int64_t>(options.pooling)};
  }
  if (weights) {
    if (options.pooling != Pooling::sum) return {.code = Code::weights_pooling};
    if (weights->size() != indices) {
      return {.code = Code::weights_size, .position = indices, .value = static_cast<std::int64_t>(weights->size())};
    }
    checked.weights = weights->data();
  }
  if (!options.padding_index) return {};

  const std::int64_t given = *options.padding_index;
  const std::uint64_t from_end = 0 - static_cast<std::uint64_t>(given);  // the distance, for a negative one
  const bool valid = given < 0 ? from_end <= table.rows() : static_cast<std::uint64_t>(given) < table.rows();
  if (!valid) return {.code = Code::padding_out_of_range, .value = given};
  const std::uint64_t row = given < 0 ? table.rows() - from_end : static_cast<std::uint64_t>(given);
  if (row > static_cast<std::uint64_t>(std::numeric_limits<Index>::max())) return {};  // no such index can be given
  checked.has_padding = true;
  checked.padding = static_cast<Index>(row);
  return {};
}

/// The bag that holds a position, which may also lie behind the last one.
template <IndexType Index>
std::uint64_t bag_of(const CheckedBags<Index>& bags, std::size_t position) noexcept {
  if (position >= bags.last_end) return Status::no_bag;
  if (bags.offsets == nullptr) return position / bags.bag_length;
  const auto greater = [](std::size_t p, Index offset) { return p < static_cast<std::size_t>(offset); };
  const Index* after = std::upper_bound(bags.offsets, bags.offsets + bags.bags, position, greater);
  return static_cast<std::size_t>(after - bags.offsets) - 1;
}

/// What is left to check once the bags have their form.
template <IndexType Index>
Status check_rest(const TableView& table, std::span<const Index> indices, const OutputView& out, Checks checks,
                  const CheckedBags<Index>& bags, CheckedOutput& checked_out) noexcept {
  if (const Status status = check_output(out, bags.bags, table.dim(), checked_out); !status) return status;
  if (indices_ok(indices, table.rows(), checks)) return {};
  const std::size_t position = find_bad_index(indices, table.rows());
  return bad_index(indices, position, bag_of(bags, position));
}

}  // namespace

template <IndexType Index>
Status check_embedding(const TableView& table, std::span<const Index> indices, const OutputView& out, Checks checks,
                       CheckedOutput& checked) noexcept {
  if (const Status status = check_output(out, indices.size(), table.dim(), checked); !status) return status;
  if (indices_ok(indices, table.rows(), checks)) return {};
  return bad_index(indices, find_bad_index(indices, table.rows()), Status::no_bag);
}

template <IndexType Index>
Status check_bags(const TableView& table, const Bags<Index>& bags, const OutputView& out, const BagOptions& options,
                  Checks checks, CheckedBags<Index>& checked, CheckedOutput& checked_out) noexcept {
  const std::size_t count = bags.indices.size();
  if (options.include_last_offset && bags.offsets.empty()) return {.code = Code::offsets_missing};
  if (const Status status = check_options(table, count, bags.weights, options, checked); !status) return status;
  if (const Status status = check_offsets(bags.offsets, count, checks); !status) return status;

  checked.indices = bags.indices.data();
  checked.offsets = bags.offsets.data();
  checked.bags = bags.offsets.size() - (options.include_last_offset ? 1 : 0);
  if (options.include_last_offset) {
    checked.last_end = static_cast<std::size_t>(bags.offsets.back());
  } else {
    checked.last_end = checked.bags != 0 ? count : 0;
  }
  return check_rest(table, bags.indices, out, checks, checked, checked_out);
}

template <IndexType Index>
Status check_bags(const TableView& table, const FixedBags<Index>& bags, const OutputView& out,
                  const BagOptions& options, Checks checks, CheckedBags<Index>& checked,
                  CheckedOutput& checked_out) noexcept {
  const std::size_t count = bags.indices.size();
  if (bags.bags == 0 ? count != 0 : count % bags.bags != 0) {
    return {.code = Code::bags_uneven, .position = count, .value = static_cast<std::int64_t>(bags.bags)};
  }
  if (const Status status = check_options(table, count, bags.weights, options, checked); !status) return status;

  checked.indices = bags.indices.data();
  checked.bag_length = bags.bags != 0 ? count / bags.bags : 0;
  checked.bags = bags.bags;
  checked.last_end = count;
  return check_rest(table, bags.indices, out, checks, checked, checked_out);
}

#define ROWAN_INSTANTIATE(Index)                                                                                      \
  template Status check_embedding(const TableView&, std::span<const Index>, const OutputView&, Checks,                \
                                  CheckedOutput&) noexcept;                                                           \
  template Status check_bags(const TableView&, const Bags<Index>&, const OutputView&, const BagOptions&, Checks,      \
                             CheckedBags<Index>&, CheckedOutput&) noexcept;                                           \
  template Status check_bags(const TableView&, const FixedBags<Index>&, const OutputView&, const BagOptions&, Checks, \
                             CheckedBags<Index>&, CheckedOutput&) noexcept;
ROWAN_INSTANTIATE(std::int32_t)
ROWAN_INSTANTIATE(std::int64_t)
#undef ROWAN_INSTANTIATE

}  // namespace rowan::detail
