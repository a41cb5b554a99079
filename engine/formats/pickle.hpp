// Python's pickles of protocols 2 to 5, as far as tensors need them. A pickle is a program; this interpreter builds
// values and calls nothing: names are those of torch_names.hpp, and their calls are kept as what was to be called with
// what.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/formats/torch_names.hpp"
#include "engine/support/bytes.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

enum class PickleKind : std::uint8_t {
  none,
  boolean,
  integer,
  wide_integer,  ///< beyond 64 bits: its bytes, little-endian
  real,          ///< whose number nobody asks for
  text,
  bytes,
  tuple,
  list,
  dict,
  name,        ///< one of torch_names.hpp
  call,        ///< of a name, with arguments
  persistent,  ///< what the pickle's reader has to give, which an id of several values names
};

/// Place of a value in its pickle. Values may be shared, and may contain themselves.
using PickleRef = std::uint32_t;

/// A pickle that was run to its end. Refers to its bytes, which take up to some hundred times as much memory here.
class Pickle {
 public:
  /// Runs the pickle that `bytes` start with; they may go on behind it. `subject` begins the sentences of errors.
  /// Code::format_unsupported for protocols, opcodes and names that are not read, and for more than 8 Mi values;
  /// Code::malformed_file for what no pickler writes.
  static Result<Pickle> read(std::span<const std::byte> bytes, const std::string& subject);

  std::uint64_t bytes() const noexcept { return bytes_; }  ///< that it takes
  PickleRef root() const noexcept { return root_; }        ///< the value that it is of
  PickleRef values() const noexcept { return static_cast<PickleRef>(values_.size()); }

  PickleKind kind(PickleRef ref) const noexcept { return values_[ref].kind; }
  /// Of an integer or boolean.
  std::int64_t integer(PickleRef ref) const noexcept { return static_cast<std::int64_t>(values_[ref].where); }
  /// Of a text, bytes or a wide integer.
  std::string_view text(PickleRef ref) const noexcept {
    return as_text(pickle_.subspan(values_[ref].where, values_[ref].what));
  }
  /// Of a tuple or list; keys and values in turn of a dict; the arguments of a call; the id of a persistent one.
  std::span<const PickleRef> items(PickleRef ref) const noexcept { return sequences_[values_[ref].where]; }
  /// Of a name, or of what is called.
  const TorchName& name(PickleRef ref) const noexcept { return names_[values_[ref].what]; }

 private:
  friend class PickleMachine;

  /// `what`: length of a text, place in names_. `where`: a number, place of a text or in sequences_.
  struct Value {
    PickleKind kind = PickleKind::none;
    std::uint32_t what = 0;
    std::uint64_t where = 0;
  };

  std::span<const std::byte> pickle_;
  std::uint64_t bytes_ = 0;
  PickleRef root_ = 0;
  std::vector<Value> values_;
  std::vector<std::vector<PickleRef>> sequences_;
  std::vector<TorchName> names_;
};

}  // namespace rowan::detail
