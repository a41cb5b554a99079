// How calls report failure. Hot calls return a Status, which never allocates; calls that open, write or
// convert files return a Result<T>, whose Error carries a whole sentence. No call reports failure by throwing, with
// one exception that is asked for by name: Result::value().
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "rowan/export.hpp"

namespace rowan {

class TableView;

/// What went wrong. The numbers are part of the interface: new codes are added at the end of their group.
enum class Code : std::uint32_t {
  ok = 0,

  // Lookup calls. The comment says which fields of Status are set, and to what.
  index_out_of_range = 1,    ///< bag, position, value: indices[position] is not in [0, rows)
  offsets_start = 2,         ///< bag 0, value: offsets[0] is not 0
  offsets_decrease = 3,      ///< bag, value: offsets[bag] is less than offsets[bag - 1]
  offset_out_of_range = 4,   ///< bag, position = number of indices, value: offsets[bag] is not in [0, indices]
  offsets_missing = 5,       ///< include_last_offset was asked for and there is no offset at all
  bags_uneven = 6,           ///< position = number of indices, value = bags: indices do not divide into equal bags
  weights_size = 7,          ///< position = number of indices, value = number of weights: they differ
  weights_pooling = 8,       ///< value = the Pooling: it takes no per-sample weights
  padding_out_of_range = 9,  ///< value: the padding index is not in [-rows, rows)
  output_size = 10,          ///< position = elements needed (the greatest u64 if more), value = elements given
  output_stride = 11,        ///< position = dim, value = stride given, in elements: rows would overlap
  keys_kind = 12,            ///< the vocabulary holds keys of another kind, or none
  keys_size = 13,            ///< position = number of keys, value = number of rows to fill: they differ
  pooling_unknown = 14,      ///< value: not one of Pooling's
  index_too_large = 15,      ///< index_out_of_range of a u64 beyond i64: value has its bits
  lengths_negative = 16,     ///< bag, value: lengths[bag] is negative
  lengths_sum = 17,      ///< position = number of indices, value = their sum, or the greatest i64 if more: they differ
  weights_missing = 18,  ///< value = the Pooling: it needs per-sample weights
  default_out_of_range = 19,   ///< value = default_row (its bits): not in [0, rows)
  bad_index_unknown = 20,      ///< value: not one of BadIndex's
  output_dtype = 21,           ///< value = the DType: outputs are f32, f16 or bf16, 16-bit types in 16-bit elements
  output_overlap = 22,         ///< the output shares memory with what the call reads, or with another output
  repeat_zero = 23,            ///< Request::repeat is 0
  gradient_size = 24,          ///< position = elements needed (the greatest u64 if more), value = elements given
  gradient_stride = 25,        ///< position = dim, value = stride given, in elements: rows would overlap
  gradient_dtype = 26,         ///< value = the DType: gradients are f32, f16 or bf16, 16-bit types in 16-bit elements
  gradient_not_finite = 27,    ///< bag, position = column: the gradient there is NaN or infinite; of a SparseGradient,
                               ///< bag is the place among its rows
  weights_gradient_size = 28,  ///< position = number of weights, value = number of elements given: they differ
  not_trainable = 29,          ///< value = the DType: weights that learn are f32, f16 or bf16
  optimizer_mismatch = 30,     ///< position = rows, value = dim of the optimizer's or gradient's table: not of this one
  step_option = 31,  ///< value = which: 0 lr, 1 scale, 2 clip_value, 3 clip_norm, 4 max_norm; out of its range

  // The engine and its surroundings.
  isa_unknown = 32,      ///< ROWAN_ISA names no instruction-set tier
  isa_unsupported = 33,  ///< ROWAN_ISA names a tier that this processor or build does not have
  out_of_memory = 34,
  threads_failed = 35,    ///< oneTBB could not run the work or give the threads
  threads_negative = 36,  ///< value: a number of threads below 0
  engine_moved = 37,      ///< the Engine, or the Optimizer, was moved from

  // Files and arguments of calls that may allocate. Their Error has the sentence.
  invalid_argument = 64,
  not_found = 65,            ///< no such table, token or file
  already_exists = 66,       ///< the output file exists and overwriting was not asked for
  io_error = 67,             ///< the operating system refused: the sentence has its reason
  no_space = 68,             ///< the disk or the quota is full
  malformed_file = 69,       ///< the bytes contradict their own format
  version_unsupported = 70,  ///< written by a newer major version of the format
  needs_conversion = 71,     ///< a known format that cannot be mapped: the sentence has the command to run
  format_unsupported = 72,   ///< not a format that Rowan reads
  checksum_mismatch = 73,    ///< the bytes are not those that were written
  unfinished_file = 74,      ///< a writer is at work on it, or ended before Table::commit()
  file_in_use = 75,          ///< another writer has it open
};

/// Outcome of a hot call: 32 bytes, trivially copyable, never allocates. Which fields are set depends on the
/// code, see Code.
struct [[nodiscard]] Status {
  Code code = Code::ok;
  std::uint32_t table = 0;     ///< which table of a call over several; 0 otherwise
  std::uint64_t bag = 0;       ///< which bag; no_bag in embedding(), and for an index behind the last bag
  std::uint64_t position = 0;  ///< where in the call's indices
  std::int64_t value = 0;      ///< the offending value; where ok, the number of indices skipped or replaced

  static constexpr std::uint64_t no_bag = ~std::uint64_t{0};

  constexpr bool ok() const noexcept { return code == Code::ok; }
  constexpr explicit operator bool() const noexcept { return ok(); }

  /// One sentence: what was wrong, where, and what would be accepted. Allocates.
  ROWAN_API std::string message() const;
  /// The same, with the limits of the table that the call was made on.
  ROWAN_API std::string message(const TableView& view) const;
};
static_assert(sizeof(Status) == 32 && std::is_trivially_copyable_v<Status>);

/// A failure of a cold call.
struct Error {
  Code code = Code::ok;
  std::string message;  ///< one sentence: what was wrong, where, and what would be accepted
};

/// Thrown by Result::value() alone.
class ROWAN_API BadResult : public std::exception {
 public:
  explicit BadResult(Error error) noexcept : error_(std::move(error)) {}
  ~BadResult() override;
  const char* what() const noexcept override { return error_.message.c_str(); }
  const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

namespace detail {
[[noreturn]] ROWAN_API void throw_bad_result(const Error& error);  // ends a program that cannot catch
[[noreturn]] ROWAN_API void abort_bad_access() noexcept;
}  // namespace detail

/// A value or the Error that stands in its place. `*result` and `result->` require a value and end the
/// program without one; test first, or use value(), which throws BadResult. Taken from a temporary, both give
/// the value itself, so that `for (auto& table : *Table::open_all(path))` holds on to what it walks over.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  T& operator*() & noexcept { return get(); }
  const T& operator*() const& noexcept { return const_cast<Result*>(this)->get(); }
  T operator*() && { return std::move(get()); }
  T* operator->() noexcept { return &get(); }
  const T* operator->() const noexcept { return &const_cast<Result*>(this)->get(); }

  /// The value; throws BadResult where there is none.
  T& value() & { return checked(); }
  const T& value() const& { return const_cast<Result*>(this)->checked(); }
  T value() && { return std::move(checked()); }

  /// The failure; requires that there is one.
  const Error& error() const noexcept {
    const Error* error = std::get_if<1>(&state_);
    if (!error) detail::abort_bad_access();
    return *error;
  }

 private:
  T& get() noexcept {
    T* value = std::get_if<0>(&state_);
    if (!value) detail::abort_bad_access();
    return *value;
  }
  T& checked() {
    if (!ok()) detail::throw_bad_result(error());
    return get();
  }

  std::variant<T, Error> state_;
};

/// Success, or the Error that stands in its place.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}

  bool ok() const noexcept { return !failed_; }
  explicit operator bool() const noexcept { return ok(); }

  /// Throws BadResult on failure.
  void value() const {
    if (failed_) detail::throw_bad_result(error_);
  }
  /// The failure; requires that there is one.
  const Error& error() const noexcept {
    if (!failed_) detail::abort_bad_access();
    return error_;
  }

 private:
  Error error_;
  bool failed_ = false;
};

}  // namespace rowan
