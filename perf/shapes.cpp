#include "perf/shapes.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "perf/fields.hpp"
#include "perf/markup.hpp"
#include "perf/random.hpp"

namespace rowan::perf {
namespace {

constexpr std::uint64_t most_columns = 4096;
constexpr std::uint64_t longest_bag_asked_for = 1000;
constexpr std::uint64_t most_rows_asked_for = 1'000'000'000'000;

constexpr double least_drawn_dim = 16;
constexpr double most_drawn_dim = 768;
constexpr double longest_drawn_bag = 200;

const std::vector<Distribution>& all_skews() {
  static const std::vector<Distribution> skews = {{}, {1.05}, {1.2}};
  return skews;
}

Error bad_shape(std::string_view text, const std::string& what) {
  return {Code::invalid_argument, "\"" + std::string(text) + "\" is no DIM,BAG[,TYPE[,ROWS]]: " + what};
}

/// A whole number from 1 to `most`.
std::optional<std::uint64_t> count_of(std::string_view text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0 || value > most) return std::nullopt;
  return value;
}

std::uint64_t drawn_count(Draws& draws, double low, double high) {
  return static_cast<std::uint64_t>(std::min(draws.log_uniform(low, high + 1), high));
}

}  // namespace

bool is_counted(DType dtype) {
  return std::find(std::begin(counted_types), std::end(counted_types), dtype) != std::end(counted_types);
}

Result<std::vector<LookupShape>> parse_shapes(std::string_view text) {
  const std::vector<std::string_view> fields = fields_of(text);
  if (fields.size() < 2 || fields.size() > 4) {
    return bad_shape(text, "it has " + std::to_string(fields.size()) + (fields.size() == 1 ? " field" : " fields") +
                               "; right would be 96,17 or 96,17,i8 or 96,17,i8,5000000");
  }
  const auto dim = count_of(fields[0], most_columns);
  if (!dim) return bad_shape(text, "DIM is a whole number from 1 to " + std::to_string(most_columns));
  const auto bag = count_of(fields[1], longest_bag_asked_for);
  if (!bag) return bad_shape(text, "BAG is a whole number from 1 to " + std::to_string(longest_bag_asked_for));
  std::vector<DType> dtypes(std::begin(counted_types), std::end(counted_types));
  if (fields.size() > 2) {
    const std::optional<DType> dtype = parse_dtype(fields[2]);
    if (!dtype) return bad_shape(text, "TYPE is f32, f16, bf16, f8_e4m3, f8_e5m2, i8, i4 or i2");
    dtypes = {*dtype};
  }
  std::optional<std::uint64_t> rows;
  if (fields.size() > 3) {
    rows = count_of(fields[3], most_rows_asked_for);
    if (!rows) return bad_shape(text, "ROWS is a whole number from 1 to " + std::to_string(most_rows_asked_for));
  }

  std::vector<LookupShape> shapes;
  for (const DType dtype : dtypes) {
    if (rows) {
      shapes.push_back({.dim = *dim, .bag = *bag, .dtype = dtype, .rows = *rows, .distributions = all_skews()});
      continue;
    }
    for (const MemoryLevel level : all_levels) {
      shapes.push_back({.dim = *dim, .bag = *bag, .dtype = dtype, .level = level, .distributions = all_skews()});
    }
  }
  return shapes;
}

std::vector<LookupShape> random_shapes(std::size_t count, std::uint64_t seed) {
  constexpr std::size_t apart_each = std::size(counted_types) + 1;
  Draws draws(seed);
  std::vector<LookupShape> shapes;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t turn = i % apart_each;
    LookupShape shape;
    shape.dim = drawn_count(draws, least_drawn_dim, most_drawn_dim);
    shape.bag = drawn_count(draws, 1, longest_drawn_bag);
    shape.level = all_levels[draws.below(std::size(all_levels))];
    shape.distributions = {all_skews()[draws.below(all_skews().size())]};
    shape.dtype =
        turn < std::size(counted_types) ? counted_types[turn] : types_apart[i / apart_each % std::size(types_apart)];
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

Result<Place> table_of(const LookupShape& shape, const Caches& caches, std::uint64_t available) {
  if (shape.rows == 0) {
    const auto bytes = bytes_within(shape.level, caches, available);
    if (bytes) return Place{shape.level, *bytes};
    if (shape.level == MemoryLevel::memory) return Error{Code::out_of_memory, no_table_out_of_cache(caches, available)};
    return Error{Code::not_found, "this machine has no L3 of at least four times its L2"};
  }
  // Rows of no more than 16 KiB: the product fits.
  const std::uint64_t bytes = shape.rows * row_bytes(shape.dtype, shape.dim).value();
  if (bytes > available / 2) {
    return Error{Code::out_of_memory, "a table of " + binary_size(bytes) + " is more than " +
                                          binary_size(available / 2) + ", half of the memory that can be had"};
  }
  return Place{level_of(bytes, caches), bytes};
}

}  // namespace rowan::perf
