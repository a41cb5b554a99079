#include "engine/training/row_gradients.hpp"

#include <algorithm>

#include "engine/lookup/divisor.hpp"
#include "engine/lookup/kernel_rows.hpp"
#include "engine/training/f32_rows.hpp"
#include "engine/training/parts.hpp"

namespace rowan::detail {
namespace {

constexpr std::size_t block_rows = 128;

bool divides(const PlannedLookup& lookup) noexcept { return Divisor::needed(lookup.bags.pooling); }

/// Sums of chunks, one behind the other, added in pairs until the first is that of all.
void add_in_pairs(float* sums, std::size_t chunks, std::size_t dim) noexcept {
  for (std::size_t left = chunks; left > 1; left = (left + 1) / 2) {
    for (std::size_t pair = 0; pair < left; pair += 2) {
      const float* const a = sums + pair * dim;
      float* const out = sums + pair / 2 * dim;
      if (pair + 1 == left) {
        std::copy(a, a + dim, out);
        continue;
      }
      for (std::size_t c = 0; c < dim; ++c) out[c] = a[c] + a[dim + c];
    }
  }
}

}  // namespace

RowGradients::RowGradients(const ComputeContext& context, const TableView& table, const PlannedLookups& lookups,
                           const Options& options, RowGradientsMemory& memory)
    : context_(context), table_(table), lookups_(lookups), options_(options), memory_(memory) {
  const std::size_t dim = table.dim();
  const bool by_position = lookups.weighted || lookups.extreme;
  transposed_ =
      transpose(context, lookups.all, table,
                {.by_position = by_position, .any_order = options.any_order, .split = options.split}, memory.transpose);

  const PlannedLookup* const only = lookups.all.size() == 1 ? &lookups.all.front() : nullptr;
  if (only != nullptr && !divides(*only) && !lookups.extreme) {  // the caller's own matrix
    element_ = element_of(only->dtype);
    gradient_ = only->gradient_rows(dim);
  } else {
    scaled_ = memory.gradient.get(lookups.bags * dim);
    gradient_ = {reinterpret_cast<const std::byte*>(scaled_), dim * sizeof(float), dim, dim * sizeof(float)};
  }
  const std::size_t bits = simd::bits_of(element_);
  prefetch_ = context.policy.prefetch(lookups.bags * gradient_.stride, gradient_.parameters, bits);
  if (lookups.extreme) winners_ = memory.winners.get(lookups.bags * dim);
  if (by_position) {
    memory.bag_of.get(lookups.positions);
    memory.position_weights.get(lookups.positions);
  }
  if (scaled_ != nullptr || by_position) {
    for_each_part(context, options.split, memory.transpose.parts.size(),
                  [&](std::size_t i) noexcept { prepare(memory_.transpose.parts[i]); });
  }
  if (lookups.weighted && !lookups.extreme) attach_weights();
  sum_hot_rows();
}

/// What is known of a part's bags before rows are: their gradient scaled, the bag and weight of each position, who won.
void RowGradients::prepare(const BagPart& part) noexcept {
  const PlannedLookup& lookup = lookups_.all[part.request];
  const std::size_t dim = table_.dim();
  const bool by_position = lookups_.weighted || lookups_.extreme;
  std::uint64_t bags[block_rows];
  float divisors[block_rows];
  std::size_t position = part.position;
  for (std::size_t first = part.first; first < part.last; first += block_rows) {
    const std::size_t count = std::min(block_rows, part.last - first);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t end = lookup.bags.end(first + i, position);
      bags[i] = first + i;
      if (divides(lookup)) divisors[i] = divisor_of(lookup, table_.rows(), position, end);
      if (by_position) {
        std::fill_n(memory_.bag_of.get(0) + lookup.first_position + position, end - position,
                    lookup.first_bag + first + i);
      }
      if (lookup.extreme()) find_winners(lookup, first + i, position, end);
      position = end;
    }
    if (scaled_ == nullptr) continue;
    float* const out = scaled_ + (lookup.first_bag + first) * dim;
    to_f32(context_.kernels, lookup.dtype, lookup.gradient_rows(dim), bags, count, out);
    if (divides(lookup)) divide(context_.kernels, out, count, dim, divisors);
  }
  if (!by_position) return;
  float* const weights = memory_.position_weights.get(0) + lookup.first_position;
  if (lookup.bags.weights != nullptr) {
    std::copy(lookup.bags.weights + part.position, lookup.bags.weights + position, weights + part.position);
  } else {
    std::fill(weights + part.position, weights + position, 1.0F);
  }
}

void RowGradients::find_winners(const PlannedLookup& lookup, std::size_t bag, std::size_t begin,
                                std::size_t end) noexcept {
  constexpr std::size_t columns_at_once = 1024;
  const std::size_t dim = table_.dim();
  for (std::size_t column = 0; column < dim; column += columns_at_once) {
    const std::size_t columns = std::min(columns_at_once, dim - column);
    float row[columns_at_once];
    float best[columns_at_once];
    bool first = true;
    for_values(lookup.bags.indices.span, begin, end, [&](std::size_t j, std::uint64_t index) {
      const std::uint64_t found = lookup.row_of(index, table_.rows());
      if (found == table_.rows()) return;
      to_f32(context_.kernels, table_.dtype(), columns_of(table_, column, columns), &found, 1, row);
      context_.kernels.winners({.row = row,
                                .dim = columns,
                                .smallest = lookup.bags.pooling == Pooling::min,
                                .first = first,
                                .name = static_cast<std::uint32_t>(lookup.first_position + j),
                                .best = best,
                                .winners = winners_ + (lookup.first_bag + bag) * dim + column});
      first = false;
    });
  }
}

/// Where there are weights, occurrences bring their own, and name their bag.
void RowGradients::attach_weights() {
  float* const weights = memory_.weights.get(transposed_.occurrences);
  const float* const of_position = memory_.position_weights.get(0);
  const std::uint64_t* const bag_of = memory_.bag_of.get(0);
  constexpr std::size_t at_once = std::size_t{1} << 14;
  for_each_part(context_, options_.split, (transposed_.occurrences + at_once - 1) / at_once,
                [&](std::size_t part) noexcept {
                  const std::size_t end = std::min(transposed_.occurrences, (part + 1) * at_once);
                  for (std::size_t i = part * at_once; i < end; ++i) {
                    const std::uint64_t position = transposed_.source(i);
                    weights[i] = of_position[position];
                    transposed_.set_source(i, bag_of[position]);
                  }
                });
  weights_ = weights;
}

void RowGradients::sum_hot_rows() {
  std::vector<HotRow>& hot = memory_.hot;
  hot.clear();
  std::size_t chunks = 0;
  const std::size_t* const starts = transposed_.starts;
  // A row with more occurrences than a chunk has one at a multiple of it.
  for (std::size_t i = chunk_occurrences; i < transposed_.occurrences; i += chunk_occurrences) {
    const auto after = std::upper_bound(starts, starts + transposed_.unique + 1, i);
    const auto u = static_cast<std::size_t>(after - starts) - 1;
    if (!is_hot(u) || (!hot.empty() && hot.back().unique == u)) continue;
    hot.push_back({u, chunks, (transposed_.count(u) - 1) / chunk_occurrences + 1});
    chunks += hot.back().chunks;
  }
  if (hot.empty()) return;
  const std::size_t dim = table_.dim();
  float* const sums = memory_.chunk_sums.get(chunks * dim);
  for_each_part(context_, options_.split, chunks, [&](std::size_t chunk) noexcept {
    const HotRow& row = *(std::upper_bound(hot.begin(), hot.end(), chunk,
                                           [](std::size_t c, const HotRow& r) { return c < r.first_chunk; }) -
                          1);
    const std::size_t begin = starts[row.unique] + (chunk - row.first_chunk) * chunk_occurrences;
    const std::size_t range[] = {begin, std::min(begin + chunk_occurrences, starts[row.unique + 1])};
    sum(range, 1, sums + chunk * dim);
  });
  for (const HotRow& row : hot) add_in_pairs(sums + row.first_chunk * dim, row.chunks, dim);
}

std::size_t RowGradients::part_begin(std::size_t part, std::size_t parts) const noexcept {
  const std::size_t* const starts = transposed_.starts;
  const std::size_t wanted = transposed_.occurrences / parts * part + std::min(part, transposed_.occurrences % parts);
  return static_cast<std::size_t>(std::lower_bound(starts, starts + transposed_.unique, wanted) - starts);
}

void RowGradients::compute(std::size_t first, std::size_t last, float* out) const noexcept {
  const std::size_t dim = table_.dim();
  const std::size_t* const starts = transposed_.starts;
  if (memory_.hot.empty()) {
    sum(starts + first, last - first, out);
  } else {
    for (std::size_t u = first; u < last;) {
      std::size_t end = u;
      while (end < last && !is_hot(end)) ++end;
      sum(starts + u, end - u, out + (u - first) * dim);
      for (u = end; u < last && is_hot(u); ++u) {
        const auto row = std::lower_bound(memory_.hot.begin(), memory_.hot.end(), u,
                                          [](const HotRow& r, std::size_t wanted) { return r.unique < wanted; });
        const float* const sums = memory_.chunk_sums.get(0) + row->first_chunk * dim;
        std::copy(sums, sums + dim, out + (u - first) * dim);
      }
    }
  }
  if (!options_.by_frequency) return;
  for (std::size_t u = first; u < last; ++u) {
    const auto divisor = static_cast<float>(transposed_.count(u));
    divide(context_.kernels, out + (u - first) * dim, 1, dim, &divisor);
  }
}

std::uint64_t RowGradients::find(std::size_t first, std::size_t last, float* block,
                                 const float** found) const noexcept {
  const std::size_t dim = table_.dim();
  const bool bags_as_they_are = element_ == simd::Element::f32 && weights_ == nullptr && winners_ == nullptr;
  const auto is_a_bags = [&](std::size_t u) { return bags_as_they_are && transposed_.count(u) == 1; };
  if (bags_as_they_are && last <= transposed_.lone) {
    for (std::size_t u = first; u < last; ++u) found[u - first] = bag_of(u);
    return ~std::uint64_t{0} >> (64 - (last - first));
  }
  std::uint64_t from_zero = 0;
  for (std::size_t u = first; u < last;) {
    if (is_a_bags(u)) {
      found[u - first] = bag_of(u);
      from_zero |= std::uint64_t{1} << (u - first);
      ++u;
      continue;
    }
    const std::size_t begin = u;
    for (; u < last && !is_a_bags(u); ++u) found[u - first] = block + (u - first) * dim;
    compute(begin, u, block + (begin - first) * dim);
  }
  return from_zero;
}

void RowGradients::sum(const std::size_t* starts, std::size_t count, float* out) const noexcept {
  if (count == 0) return;
  const std::size_t dim = table_.dim();
  if (winners_ != nullptr) {
    for (std::size_t i = 0; i < count; ++i) sum_one_by_one(starts[i], starts[i + 1], out + i * dim);
    return;
  }
  const simd::Op op = weights_ != nullptr ? simd::Op::weighted_sum : simd::Op::sum;
  context_.kernels.pool[static_cast<int>(element_)][static_cast<int>(op)][static_cast<int>(transposed_.read)]({
      .rows = gradient_,
      .indices = transposed_.sources,
      .index_bytes = transposed_.source_step,
      .weights = weights_,
      .offsets = starts,
      .bags = count,
      .readable = transposed_.occurrences,
      .out = out,
      .out_stride = dim,
      .prefetch = prefetch_,
      .smallest = false,
      .resume = false,
      .to_resume = false,
      .base = 0.0F,
      .base_out = nullptr,
  });
}

/// Where some lookup takes the maximum or the minimum: occurrences name their position.
void RowGradients::sum_one_by_one(std::size_t begin, std::size_t end, float* out) const noexcept {
  const std::size_t dim = table_.dim();
  std::fill_n(out, dim, 0.0F);
  for (std::size_t i = begin; i < end; ++i) {
    const std::uint64_t position = transposed_.source(i);
    const std::uint64_t bag = memory_.bag_of.get(0)[position];
    const auto after = std::upper_bound(lookups_.all.begin(), lookups_.all.end(), position,
                                        [](std::uint64_t p, const PlannedLookup& l) { return p < l.first_position; });
    context_.kernels.add_term({.gradient = scaled_ + bag * dim,
                               .winners = (after - 1)->extreme() ? winners_ + bag * dim : nullptr,
                               .position = static_cast<std::uint32_t>(position),
                               .weight = memory_.position_weights.get(0)[position],
                               .dim = dim,
                               .out = out});
  }
}

}  // namespace rowan::detail
