#include "rowan/status.hpp"

#include <cstdlib>

#include "engine/support/error.hpp"
#include "rowan/view.hpp"

namespace rowan {
namespace {

using detail::concat;

/// `limits` adds the figures of the table where they are known: rows is then not negative.
std::string describe(const Status& s, std::int64_t rows) {
  const bool known = rows >= 0;
  const auto valid_rows = [&] { return known ? concat("[0, ", rows, ")") : std::string("[0, rows)"); };
  const auto position = static_cast<std::int64_t>(s.position);
  switch (s.code) {
    case Code::ok:
      return "no error";
    case Code::index_out_of_range:
      return concat("index ", s.value, " at position ", s.position, " (bag ", s.bag, ") is not in ", valid_rows());
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
      return concat(position, " indices do not divide into ", s.value, " bags of equal length");
    case Code::weights_size:
      return concat(s.value, " weights for ", position, " indices; there must be one each, or none");
    case Code::weights_pooling:
      return "per-sample weights are accepted with sum pooling only";
    case Code::padding_out_of_range:
      return concat("padding index ", s.value, " is not in ",
                    known ? concat("[-", rows, ", ", rows, ")") : std::string("[-rows, rows)"));
    case Code::output_size:
      return concat("the output has ", s.value, " floats; ", position, " are needed");
    case Code::output_stride:
      return concat("the output's stride of ", s.value, " floats is less than the dim, ", position,
                    "; rows would overlap");
    case Code::keys_kind:
      return "the table has no keys of this kind";
    case Code::keys_size:
      return concat("there are ", position, " keys and ", s.value, " rows to fill");
    case Code::isa_unknown:
      return "ROWAN_ISA must be baseline, avx2 or avx512, or not be set";
    case Code::isa_unsupported:
      return "this processor cannot run the instruction set that ROWAN_ISA asks for";
    case Code::out_of_memory:
      return "out of memory";
    case Code::threads_failed:
      return "the threads failed to run the call; its output is not complete";
    case Code::invalid_argument:
      return concat("invalid argument: ", s.value);
    default:
      return concat("error ", static_cast<std::uint32_t>(s.code));
  }
}

}  // namespace

std::string Status::message() const { return describe(*this, -1); }

std::string Status::message(const TableView& view) const {
  return describe(*this, static_cast<std::int64_t>(view.rows()));
}

BadResult::~BadResult() = default;

namespace detail {

void throw_bad_result(const Error& error) { throw BadResult(error); }

void abort_bad_access() noexcept { std::abort(); }

}  // namespace detail
}  // namespace rowan
