#include "engine/lookup/checks.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "engine/lookup/extent.hpp"

namespace rowan::detail {
namespace {

constexpr auto most_signed = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

/// What is said of a matrix of the wrong shape.
struct ShapeCodes {
  Code size;
  Code stride;
};

/// Whether `size` elements are `rows` rows of dim, `stride` apart or, where that is 0, contiguous. `stride` becomes
/// what it means, `needed` the elements up to the end of the last row.
Status check_shape(std::uint64_t size, std::uint64_t rows, std::uint64_t dim, const ShapeCodes& codes,
                   std::uint64_t& stride, std::uint64_t& needed) noexcept {
  const bool exact = stride == 0;
  if (exact) stride = dim;
  if (stride < dim) return {.code = codes.stride, .position = dim, .value = static_cast<std::int64_t>(stride)};
  needed = 0;
  const bool too_large =
      rows != 0 && (__builtin_mul_overflow(rows - 1, stride, &needed) || __builtin_add_overflow(needed, dim, &needed));
  if (too_large || (exact ? size != needed : size < needed)) {
    return {.code = codes.size,
            .position = too_large ? std::numeric_limits<std::uint64_t>::max() : needed,
            .value = static_cast<std::int64_t>(size)};
  }
  if (rows <= 1) stride = dim;  // of a single row the stride is not used, whatever it is
  return {};
}

Status check_output(const TableView& table, const OutputView& out, std::uint64_t rows,
                    CheckedOutput& checked) noexcept {
  if (!out.valid_dtype()) return {.code = Code::output_dtype, .value = static_cast<std::int64_t>(out.dtype())};
  std::uint64_t stride = out.stride();
  std::uint64_t needed = 0;
  const Status status =
      check_shape(out.size(), rows, table.dim(), {Code::output_size, Code::output_stride}, stride, needed);
  if (!status) return status;
  checked = {static_cast<std::byte*>(out.data()), stride, out.dtype()};
  if (Extent{out.data(), needed * checked.element_bytes()}.overlaps(extent_of(table))) {
    return {.code = Code::output_overlap};
  }
  return {};
}

bool output_overlaps(const CheckedOutput& out, std::size_t rows, std::uint64_t dim, const Extent& other) noexcept {
  if (rows == 0) return false;
  return Extent{out.data, ((rows - 1) * out.stride + dim) * out.element_bytes()}.overlaps(other);
}

/// The position of the first index outside [0, rows), or the number of indices.
std::size_t find_bad_index(const IndexSpan& indices, std::uint64_t rows) noexcept {
  std::size_t at = 0;
  while (at < indices.size() && value_at(indices, at) < rows) ++at;
  return at;
}

bool indices_ok(const IndexSpan& indices, std::uint64_t rows, Checks checks) noexcept {
  if (checks == nullptr) return find_bad_index(indices, rows) == indices.size();
  return checks->indices_ok[static_cast<int>(indices.kind())](indices.data(), indices.size(), rows);
}

Status check_bad_index(const TableView& table, BadIndex bad_index, std::uint64_t default_row) noexcept {
  if (bad_index > BadIndex::default_row) {
    return {.code = Code::bad_index_unknown, .value = static_cast<std::int64_t>(bad_index)};
  }
  if (bad_index == BadIndex::default_row && default_row >= table.rows()) {
    return {.code = Code::default_out_of_range, .value = static_cast<std::int64_t>(default_row)};
  }
  return {};
}

/// `bag_of` tells the bag of a position.
template <class BagOf>
Status check_indices(const TableView& table, Checks checks, bool known_good, CheckedIndices& indices,
                     const BagOf& bag_of) noexcept {
  if (known_good || indices_ok(indices.span, table.rows(), checks)) {
    indices.bad_index = BadIndex::reject;
    return {};
  }
  if (indices.bad_index != BadIndex::reject) return {};
  const std::size_t position = find_bad_index(indices.span, table.rows());
  const std::uint64_t value = value_at(indices.span, position);
  const bool beyond = indices.span.kind() == IndexKind::u64 && value > most_signed;
  return {.code = beyond ? Code::index_too_large : Code::index_out_of_range,
          .bag = bag_of(position),
          .position = position,
          .value = static_cast<std::int64_t>(value)};
}

Status check_offsets(const IndexSpan& offsets, std::size_t indices, Checks checks) noexcept {
  if (offsets.empty()) return {};
  const auto signed_at = [&](std::size_t bag) { return static_cast<std::int64_t>(value_at(offsets, bag)); };
  if (value_at(offsets, 0) != 0) return {.code = Code::offsets_start, .value = signed_at(0)};
  if (checks != nullptr &&
      checks->offsets_ok[static_cast<int>(offsets.kind())](offsets.data(), offsets.size(), indices)) {
    return {};
  }
  for (std::size_t bag = 0; bag < offsets.size(); ++bag) {
    if (value_at(offsets, bag) > indices) {
      return {.code = Code::offset_out_of_range, .bag = bag, .position = indices, .value = signed_at(bag)};
    }
    if (bag != 0 && value_at(offsets, bag) < value_at(offsets, bag - 1)) {
      return {.code = Code::offsets_decrease, .bag = bag, .value = signed_at(bag)};
    }
  }
  return {};
}

Status check_lengths(const IndexSpan& lengths, std::size_t indices) noexcept {
  std::uint64_t sum = 0;
  std::uint64_t odd = 0;  // the sign bits of all, and a carry out of the sum
  for_values(lengths, 0, lengths.size(), [&](std::size_t, std::uint64_t length) {
    sum += length;
    odd |= length | sum;
  });
  if (odd <= most_signed && sum == indices) return {};
  for (std::size_t bag = 0; bag < lengths.size() && is_signed(lengths.kind()); ++bag) {
    const auto length = static_cast<std::int64_t>(value_at(lengths, bag));
    if (length < 0) return {.code = Code::lengths_negative, .bag = bag, .value = length};
  }
  // Where the sum itself has no meaning any more, the greatest number stands for it.
  return {.code = Code::lengths_sum,
          .position = indices,
          .value = odd <= most_signed ? static_cast<std::int64_t>(sum) : std::numeric_limits<std::int64_t>::max()};
}

bool takes_weights(Pooling pooling) noexcept {
  return pooling == Pooling::sum || pooling == Pooling::sqrt_n || pooling >= Pooling::mean_by_weight;
}

Status check_options(const TableView& table, const Bags& bags, const BagOptions& options,
                     CheckedBags& checked) noexcept {
  const auto pooling = static_cast<std::int64_t>(options.pooling);
  if (options.pooling > Pooling::mean_by_count) return {.code = Code::pooling_unknown, .value = pooling};
  checked.pooling = options.pooling;
  if (const auto& weights = bags.weights()) {
    if (!takes_weights(options.pooling)) return {.code = Code::weights_pooling, .value = pooling};
    if (weights->size() != bags.indices().size()) {
      return {.code = Code::weights_size,
              .position = bags.indices().size(),
              .value = static_cast<std::int64_t>(weights->size())};
    }
    checked.weights = weights->data();
  } else if (options.pooling >= Pooling::mean_by_weight) {
    return {.code = Code::weights_missing, .value = pooling};
  }
  const Status status = check_bad_index(table, options.bad_index, options.default_row);
  if (!status) return status;
  checked.indices = {bags.indices(), options.bad_index, options.default_row};
  if (!options.padding_index) return {};

  const std::int64_t given = *options.padding_index;
  const std::uint64_t from_end = 0 - static_cast<std::uint64_t>(given);  // the distance, for a negative one
  const bool valid = given < 0 ? from_end <= table.rows() : static_cast<std::uint64_t>(given) < table.rows();
  if (!valid) return {.code = Code::padding_out_of_range, .value = given};
  checked.has_padding = true;
  checked.padding = given < 0 ? table.rows() - from_end : static_cast<std::uint64_t>(given);
  return {};
}

/// Fills in how many bags there are and where the last one ends. Offsets and lengths are not looked at yet.
Status check_form(const Bags& bags, const BagOptions& options, CheckedBags& checked) noexcept {
  const std::size_t count = bags.indices().size();
  checked.form = bags.form();
  checked.bounds = bags.bounds();
  switch (bags.form()) {
    case Bags::Form::fixed:
      checked.bags = bags.fixed_bags();
      if (checked.bags == 0 ? count != 0 : count % checked.bags != 0) {
        return {.code = Code::bags_uneven, .position = count, .value = static_cast<std::int64_t>(checked.bags)};
      }
      checked.fixed_length = checked.bags != 0 ? count / checked.bags : 0;
      checked.last_end = count;
      return {};
    case Bags::Form::lengths:
      checked.bags = bags.bounds().size();
      checked.last_end = count;
      return {};
    case Bags::Form::offsets:
      break;
  }
  if (options.include_last_offset) {
    if (bags.bounds().empty()) return {.code = Code::offsets_missing};
    checked.bags = bags.bounds().size() - 1;
    checked.last_end = static_cast<std::size_t>(value_at(bags.bounds(), checked.bags));
  } else {
    checked.bags = bags.bounds().size();
    checked.last_end = checked.bags != 0 ? count : 0;
  }
  return {};
}

/// The bag that holds a position, which may also lie behind the last one.
std::uint64_t bag_of(const CheckedBags& bags, std::size_t position) noexcept {
  if (position >= bags.last_end) return Status::no_bag;
  if (bags.form == Bags::Form::fixed) return position / bags.fixed_length;
  std::size_t bag = 0;
  for (std::size_t end = bags.end(0, 0); end <= position; end = bags.end(bag, end)) ++bag;
  return bag;
}

}  // namespace

Status plan_embedding(const TableView& table, const IndexSpan& indices, const OutputView& out,
                      const EmbeddingOptions& options, CheckedIndices& planned, CheckedOutput& planned_out) noexcept {
  if (const Status status = check_bad_index(table, options.bad_index, options.default_row); !status) return status;
  if (const Status status = check_output(table, out, indices.size(), planned_out); !status) return status;
  if (output_overlaps(planned_out, indices.size(), table.dim(), extent_of(indices))) {
    return {.code = Code::output_overlap};
  }
  planned = {indices, options.bad_index, options.default_row};
  return {};
}

Status scan_indices(const TableView& table, Checks checks, bool known_good, CheckedIndices& planned) noexcept {
  return check_indices(table, checks, known_good, planned, [](std::size_t) { return Status::no_bag; });
}

Status plan_members(const TableView& table, const Bags& bags, const BagOptions& options,
                    CheckedBags& planned) noexcept {
  if (const Status status = check_form(bags, options, planned); !status) return status;
  return check_options(table, bags, options, planned);
}

Status plan_gradient(const TableView& table, const GradientView& gradient, std::uint64_t rows,
                     std::uint64_t& stride) noexcept {
  if (!gradient.valid_dtype()) {
    return {.code = Code::gradient_dtype, .value = static_cast<std::int64_t>(gradient.dtype())};
  }
  stride = gradient.stride();
  std::uint64_t needed = 0;
  return check_shape(gradient.size(), rows, table.dim(), {Code::gradient_size, Code::gradient_stride}, stride, needed);
}

Status plan_bags(const TableView& table, const Bags& bags, const OutputView& out, const BagOptions& options,
                 std::uint64_t repeat, CheckedBags& planned, CheckedOutput& planned_out) noexcept {
  if (repeat == 0) return {.code = Code::repeat_zero};
  if (const Status status = plan_members(table, bags, options, planned); !status) return status;

  std::uint64_t out_rows = 0;
  if (__builtin_mul_overflow(planned.bags, repeat, &out_rows)) {
    return {.code = Code::output_size,
            .position = std::numeric_limits<std::uint64_t>::max(),
            .value = static_cast<std::int64_t>(out.size())};
  }
  planned.repeat = repeat;
  if (const Status status = check_output(table, out, out_rows, planned_out); !status) return status;
  for (const Extent& read : {extent_of(bags.indices()), extent_of(bags.bounds()), extent_of(bags.weights())}) {
    if (output_overlaps(planned_out, out_rows, table.dim(), read)) return {.code = Code::output_overlap};
  }
  return {};
}

Status scan_bags(const TableView& table, Checks checks, bool known_good, CheckedBags& planned) noexcept {
  const std::size_t count = planned.indices.span.size();
  Status status;
  if (planned.form == Bags::Form::offsets) status = check_offsets(planned.bounds, count, checks);
  if (planned.form == Bags::Form::lengths) status = check_lengths(planned.bounds, count);
  if (!status) return status;
  return check_indices(table, checks, known_good, planned.indices,
                       [&](std::size_t position) { return bag_of(planned, position); });
}

}  // namespace rowan::detail
