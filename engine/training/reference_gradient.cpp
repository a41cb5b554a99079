// Gradients of lookups, one element after the other.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <new>
#include <utility>

#include "engine/lookup/checks.hpp"
#include "engine/lookup/reference_members.hpp"
#include "engine/training/plan.hpp"
#include "engine/training/reference_lanes.hpp"
#include "rowan/training_reference.hpp"
#include "simd/order.hpp"

namespace rowan::reference {
namespace {

using namespace detail;

constexpr std::size_t chunk = 4096;

/// A lookup that was checked, and what its bags have in common for all columns.
struct Lookup : PlannedLookup {
  std::vector<float> divisors = {};       // of each bag
  std::vector<std::size_t> winners = {};  // [bags, dim]: the position that gave the output, of max and min

  /// G[b][c].
  float output_gradient(std::size_t bag, std::uint64_t column) const noexcept {
    const std::size_t bytes = dtype == DType::f32 ? 4 : 2;
    return simd::decode(element_of(dtype), gradient + bag * stride * bytes, 0, column);
  }
  float scaled(std::size_t bag, std::uint64_t column) const noexcept {
    return divided(output_gradient(bag, column), divisors[bag]);
  }
  /// `sum` and the term of a position.
  float added(float sum, std::size_t position, std::size_t bag, std::uint64_t column,
              std::uint64_t dim) const noexcept {
    if (extreme()) return sum + (winners[bag * dim + column] == position ? output_gradient(bag, column) : 0.0F);
    const float value = scaled(bag, column);
    return bags.weights != nullptr ? std::fma(bags.weights[position], value, sum) : sum + value;
  }
};

/// A member of a bag, as an occurrence of its row.
struct Occurrence {
  std::uint64_t row;
  const Lookup* lookup;
  std::size_t bag;
  std::size_t position;
};

template <class Body>
void for_bags(const Lookup& lookup, const Body& body) {
  std::size_t begin = 0;
  for (std::size_t bag = 0; bag < lookup.bags.bags; ++bag) {
    const std::size_t end = lookup.bags.end(bag, begin);
    body(bag, begin, end);
    begin = end;
  }
}

Status check_finite(const Lookup& lookup, std::uint64_t dim) noexcept {
  for (std::size_t bag = 0; bag < lookup.bags.bags; ++bag) {
    for (std::uint64_t c = 0; c < dim; ++c) {
      if (!std::isfinite(lookup.output_gradient(bag, c))) {
        return {.code = Code::gradient_not_finite, .bag = bag, .position = c};
      }
    }
  }
  return {};
}

Status check(const TableView& table, const LookupGradient& given, NonFinite non_finite, Lookup& lookup) noexcept {
  if (const Status status = plan_shapes(table, given, lookup); !status) return status;
  if (const Status status = scan_bags(table, nullptr, false, lookup.bags); !status) return status;
  return non_finite == NonFinite::reject ? check_finite(lookup, table.dim()) : Status{};
}

void find_winners(const TableView& table, Lookup& lookup, std::size_t bag, std::size_t begin, std::size_t end) {
  const Rows rows(table);
  const bool largest = lookup.bags.pooling == Pooling::max;
  for (std::uint64_t c = 0; c < table.dim(); ++c) {
    float kept = 0.0F;
    bool first = true;
    for_members(table, lookup.bags, begin, end, [&](std::uint64_t row, float, std::size_t position) {
      const float x = rows.value(row, c);
      const bool better = largest ? simd::greater(x, kept) : simd::greater(kept, x);
      if (first || better) {
        kept = x;
        lookup.winners[bag * table.dim() + c] = position;
      }
      first = false;
    });
  }
}

/// Everything about bags that terms need.
void prepare(const TableView& table, Lookup& lookup) {
  lookup.divisors.resize(lookup.bags.bags);
  if (lookup.extreme()) lookup.winners.resize(lookup.bags.bags * table.dim());
  for_bags(lookup, [&](std::size_t bag, std::size_t begin, std::size_t end) {
    lookup.divisors[bag] = divisor(table, lookup.bags, begin, end);
    if (lookup.extreme()) find_winners(table, lookup, bag, begin, end);
  });
}

/// gradient(r, c) from all occurrences of r.
float gradient_of(std::span<const Occurrence> occurrences, std::uint64_t column, std::uint64_t dim) {
  std::vector<float> sums;
  for (std::size_t begin = 0; begin < occurrences.size(); begin += chunk) {
    float sum = 0.0F;
    for (const Occurrence& o : occurrences.subspan(begin, std::min(chunk, occurrences.size() - begin))) {
      sum = o.lookup->added(sum, o.position, o.bag, column, dim);
    }
    sums.push_back(sum);
  }
  while (sums.size() > 1) {
    std::vector<float> pairs;
    for (std::size_t i = 0; i < sums.size(); i += 2) {
      pairs.push_back(i + 1 < sums.size() ? sums[i] + sums[i + 1] : sums[i]);
    }
    sums = std::move(pairs);
  }
  return sums.front();
}

Gradient coalesced(std::vector<Occurrence>& occurrences, std::uint64_t dim, bool by_frequency) {
  std::stable_sort(occurrences.begin(), occurrences.end(),
                   [](const Occurrence& a, const Occurrence& b) { return a.row < b.row; });
  Gradient made;
  for (auto first = occurrences.begin(); first != occurrences.end();) {
    const auto last = std::find_if(first, occurrences.end(), [&](const Occurrence& o) { return o.row != first->row; });
    made.rows.push_back(first->row);
    for (std::uint64_t c = 0; c < dim; ++c) {
      const float sum = gradient_of(std::span(first, last), c, dim);
      made.values.push_back(by_frequency ? divided(sum, static_cast<float>(last - first)) : sum);
    }
    first = last;
  }
  return made;
}

/// a + b, row by row.
Gradient sum_of(const Gradient& a, const Gradient& b, std::uint64_t dim) {
  Gradient sum;
  std::set_union(a.rows.begin(), a.rows.end(), b.rows.begin(), b.rows.end(), std::back_inserter(sum.rows));
  const auto row_in = [&](const Gradient& g, std::uint64_t row) -> const float* {
    const auto at = std::lower_bound(g.rows.begin(), g.rows.end(), row);
    if (at == g.rows.end() || *at != row) return nullptr;
    return g.values.data() + static_cast<std::uint64_t>(at - g.rows.begin()) * dim;
  };
  for (const std::uint64_t row : sum.rows) {
    const float* const x = row_in(a, row);
    const float* const y = row_in(b, row);
    for (std::uint64_t c = 0; c < dim; ++c) {
      sum.values.push_back(x == nullptr ? y[c] : y == nullptr ? x[c] : x[c] + y[c]);
    }
  }
  return sum;
}

void write_weights_gradient(const TableView& table, const Lookup& lookup) {
  const Rows rows(table);
  const std::span<float> out = lookup.weights_gradient;
  std::fill(out.begin(), out.end(), 0.0F);
  for_bags(lookup, [&](std::size_t bag, std::size_t begin, std::size_t end) {
    float sum = 0.0F;
    float weights = 0.0F;
    float squares = 0.0F;
    for_members(table, lookup.bags, begin, end, [&](std::uint64_t row, float weight, std::size_t j) {
      out[j] = sum_in_lanes(table.dim(), [&](std::uint64_t c, float lane) {
        return std::fma(rows.value(row, c), lookup.scaled(bag, c), lane);
      });
      sum = std::fma(weight, out[j], sum);
      weights = weights + weight;
      squares = std::fma(weight, weight, squares);
    });
    const bool by_weight = lookup.bags.pooling == Pooling::mean_by_weight;
    if ((!by_weight && lookup.bags.pooling != Pooling::sqrt_n) || lookup.divisors[bag] == 0.0F) return;
    for_members(table, lookup.bags, begin, end, [&](std::uint64_t, float weight, std::size_t j) {
      const float taken = by_weight ? sum / weights : weight * sum / squares;
      out[j] = out[j] - taken;
    });
  });
}

Status backward(const TableView& table, std::span<const LookupGradient> given, Gradient& gradient,
                const GradientOptions& options) {
  std::vector<Lookup> lookups(given.size());
  for (std::size_t i = 0; i < given.size(); ++i) {
    Status status = check(table, given[i], options.non_finite, lookups[i]);
    status.table = static_cast<std::uint32_t>(i);
    if (!status) return status;
  }
  if (const Status status = check_weights_gradients(table, given); !status) return status;
  std::vector<Occurrence> occurrences;
  std::uint64_t bad = 0;
  for (Lookup& lookup : lookups) {
    prepare(table, lookup);
    for_bags(lookup, [&](std::size_t bag, std::size_t begin, std::size_t end) {
      for_members(table, lookup.bags, begin, end, [&](std::uint64_t row, float, std::size_t position) {
        occurrences.push_back({row, &lookup, bag, position});
      });
      for (std::size_t j = begin; j < end; ++j) static_cast<void>(row_of(table, lookup.bags.indices, j, bad));
    });
  }
  Gradient made = coalesced(occurrences, table.dim(), options.scale_grad_by_freq);
  if (options.accumulate) made = sum_of(gradient, made, table.dim());
  for (const Lookup& lookup : lookups) {
    if (!lookup.weights_gradient.empty()) write_weights_gradient(table, lookup);
  }
  gradient = std::move(made);
  return {.value = static_cast<std::int64_t>(bad)};
}

}  // namespace

Status embedding_bag_backward(const TableView& table, std::span<const LookupGradient> lookups, Gradient& gradient,
                              const GradientOptions& options) noexcept {
  try {
    return backward(table, lookups, gradient, options);
  } catch (const std::bad_alloc&) {
    return {.code = Code::out_of_memory};
  }
}

double squared_norm(const Gradient& gradient) noexcept {
  double total = 0.0;
  if (gradient.rows.empty()) return total;
  const std::size_t dim = gradient.values.size() / gradient.rows.size();
  for (std::size_t i = 0; i < gradient.rows.size(); ++i) {
    total += static_cast<double>(sum_of_squares(gradient.values.data() + i * dim, dim));
  }
  return total;
}

}  // namespace rowan::reference
