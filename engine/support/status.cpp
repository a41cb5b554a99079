#include "engine/support/status.hpp"

#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <optional>

#include "engine/support/error.hpp"

namespace rowan {
namespace {

using detail::concat;

/// Where an index stands.
std::string place_of(const Status& s) {
  return s.bag != Status::no_bag ? concat("position ", s.position, " (bag ", s.bag, ")")
                                 : concat("position ", s.position);
}

std::string_view pooling_name(std::int64_t number) {
  constexpr std::string_view names[] = {"sum", "mean", "max", "min", "sqrt_n", "mean_by_weight", "mean_by_count"};
  return number >= 0 && number < static_cast<std::int64_t>(std::size(names)) ? names[number] : "this";
}

/// Which of several lookups, where it is not the first.
std::string lookup_of(const Status& s) { return s.table != 0 ? concat(" of lookup ", s.table) : std::string(); }

std::string_view step_option_name(std::int64_t number) {
  constexpr std::string_view names[] = {"lr", "scale", "clip_value", "clip_norm", "max_norm"};
  return number >= 0 && number < static_cast<std::int64_t>(std::size(names)) ? names[number] : "an option";
}

}  // namespace

std::string detail::describe_status(const Status& s, std::optional<std::uint64_t> rows) {
  const std::string limit = rows ? concat(*rows) : std::string("rows");
  const auto value = static_cast<std::uint64_t>(s.value);  // of the codes whose value is a size
  constexpr std::uint64_t beyond = ~std::uint64_t{0};
  switch (s.code) {
    case Code::ok:
      return "no error";
    case Code::index_out_of_range:
      return concat("index ", s.value, " at ", place_of(s), " is not in [0, ", limit, ")");
    case Code::offsets_start:
      return concat("the first offset is ", s.value, "; it must be 0");
    case Code::offsets_decrease:
      return concat("the offset of bag ", s.bag, ", ", s.value,
                    ", is less than the one before it; offsets must not decrease");
    case Code::offset_out_of_range:
      return concat("the offset of bag ", s.bag, ", ", s.value, ", is not in [0, ", s.position,
                    "], the number of indices");
    case Code::offsets_missing:
      return "there are no offsets; with include_last_offset there must be one more than there are bags";
    case Code::bags_uneven:
      return concat(s.position, " indices do not divide into ", value, " bags of equal length");
    case Code::weights_size:
      return concat(value, " weights for ", s.position, " indices; there must be one each, or none at all");
    case Code::weights_pooling:
      return concat("per-sample weights do not go with ", pooling_name(s.value),
                    " pooling; they are accepted with sum, sqrt_n, mean_by_weight and mean_by_count");
    case Code::weights_missing:
      return concat(pooling_name(s.value), " pooling needs per-sample weights, one per index");
    case Code::padding_out_of_range:
      return concat("padding index ", s.value, " is not in [-", limit, ", ", limit, ")");
    case Code::output_size:
      return concat("the output has ", value, " elements; ",
                    s.position == beyond ? "more than 2^64" : concat(s.position), " are needed");
    case Code::output_stride:
      return concat("the output's stride of ", value, " elements is less than the dim, ", s.position,
                    "; rows would overlap");
    case Code::keys_kind:
      return "the table has no keys of this kind";
    case Code::keys_size:
      return concat("there are ", s.position, " keys and ", value, " rows to fill");
    case Code::index_too_large:
      return concat("index ", value, " at ", place_of(s), " is not in [0, ", limit, ")");
    case Code::lengths_negative:
      return concat("the length of bag ", s.bag, " is ", s.value, "; it must be at least 0");
    case Code::lengths_sum:
      return concat("the lengths add up to ", s.value == INT64_MAX ? "more than 2^63" : concat(value), "; there are ",
                    s.position, " indices");
    case Code::default_out_of_range:
      return concat("the default row ", value, " is not in [0, ", limit, ")");
    case Code::bad_index_unknown:
      return concat("there is no bad-index policy number ", s.value);
    case Code::output_dtype:
      return "outputs are float, or 16-bit elements of type f16 or bf16";
    case Code::output_overlap:
      return concat("the output", s.table != 0 ? concat(" of request ", s.table) : std::string(),
                    " shares memory with what the call reads or with another output");
    case Code::repeat_zero:
      return "repeat is 0; each bag is written at least once";
    case Code::gradient_size:
      return concat("the gradient", lookup_of(s), " has ", value, " elements; ",
                    s.position == beyond ? "more than 2^64" : concat(s.position), " are needed");
    case Code::gradient_stride:
      return concat("the gradient's stride", lookup_of(s), " of ", value, " elements is less than the dim, ",
                    s.position, "; rows would overlap");
    case Code::gradient_dtype:
      return concat("the gradient", lookup_of(s), " is of another type than float, or f16 or bf16 in 16 bits");
    case Code::gradient_not_finite:
      return concat("the gradient", lookup_of(s), " is NaN or infinite in row ", s.bag, ", column ", s.position,
                    "; NonFinite::keep computes with such values");
    case Code::weights_gradient_size:
      return concat("there is room for ", value, " gradients of weights", lookup_of(s), " and there are ", s.position,
                    " weights");
    case Code::not_trainable:
      return "weights that learn are f32, f16 or bf16; those of this table are of another type";
    case Code::optimizer_mismatch:
      return concat("the optimizer or gradient is that of a table of ", s.position, " rows of ", value,
                    " columns, or of another type: not of this one");
    case Code::step_option:
      return concat(step_option_name(s.value), " is not a number that a step can be taken with; it must be ",
                    s.value == 1   ? "finite"
                    : s.value == 0 ? "finite and at least 0, of Ftrl greater than 0"
                                   : "at least 0");
    case Code::pooling_unknown:
      return concat("there is no pooling number ", s.value);
    case Code::isa_unknown:
      return "ROWAN_ISA must be baseline, avx2 or avx512, or not be set";
    case Code::isa_unsupported:
      return "this processor cannot run the instruction set that ROWAN_ISA asks for";
    case Code::out_of_memory:
      return "out of memory";
    case Code::threads_failed:
      return "the threads could not be had, or failed to run the work";
    case Code::threads_negative:
      return concat("the number of threads is ", s.value, "; it must be at least 0");
    case Code::engine_moved:
      return "the engine or the optimizer was moved from; use the one that it was moved to";
    default:
      return concat("error ", static_cast<std::uint32_t>(s.code));
  }
}

std::string Status::message() const { return detail::describe_status(*this, std::nullopt); }

BadResult::~BadResult() = default;

namespace detail {

void throw_bad_result(const Error& error) { throw BadResult(error); }

void abort_bad_access() noexcept { std::abort(); }

}  // namespace detail
}  // namespace rowan
