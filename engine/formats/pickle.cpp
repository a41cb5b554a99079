// A machine with a stack, a memo and marks, all of which grow by no more than the pickle's bytes warrant: an opcode
// makes at most one value, and lists refer to values instead of holding them.
#include "engine/formats/pickle.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "engine/formats/cursor.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

constexpr std::size_t most_values = std::size_t{1} << 23;
constexpr std::uint8_t newest_protocol = 5;

/// The opcodes that are read, by the names of Python's pickletools.
enum Opcode : std::uint8_t {
  op_mark = '(',
  op_stop = '.',
  op_pop = '0',
  op_pop_mark = '1',
  op_binfloat = 'G',
  op_binint = 'J',
  op_binint1 = 'K',
  op_binint2 = 'M',
  op_none = 'N',
  op_binpersid = 'Q',
  op_reduce = 'R',
  op_binstring = 'T',
  op_short_binstring = 'U',
  op_binunicode = 'X',
  op_append = 'a',
  op_build = 'b',
  op_global = 'c',
  op_appends = 'e',
  op_binget = 'h',
  op_long_binget = 'j',
  op_binput = 'q',
  op_long_binput = 'r',
  op_setitem = 's',
  op_tuple = 't',
  op_setitems = 'u',
  op_empty_tuple = ')',
  op_empty_list = ']',
  op_empty_dict = '}',
  op_binbytes = 'B',
  op_short_binbytes = 'C',
  op_proto = 0x80,
  op_newobj = 0x81,
  op_tuple1 = 0x85,
  op_tuple2 = 0x86,
  op_tuple3 = 0x87,
  op_newtrue = 0x88,
  op_newfalse = 0x89,
  op_long1 = 0x8A,
  op_long4 = 0x8B,
  op_short_binunicode = 0x8C,
  op_binunicode8 = 0x8D,
  op_binbytes8 = 0x8E,
  op_empty_set = 0x8F,
  op_additems = 0x90,
  op_stack_global = 0x93,
  op_memoize = 0x94,
  op_frame = 0x95,
  op_bytearray8 = 0x96,
};

}  // namespace

class PickleMachine {
 public:
  PickleMachine(std::span<const std::byte> bytes, const std::string& subject)
      : subject_(subject), cursor_(bytes, subject) {
    pickle_.pickle_ = bytes;
  }

  Result<Pickle> run() {
    while (!stopped_) {
      opcode_at_ = cursor_.at();
      const auto opcode = cursor_.take<std::uint8_t>("the pickle, without its STOP");
      if (!cursor_.ok()) return cursor_.error();
      step(opcode);
      if (!cursor_.ok()) return cursor_.error();
      if (error_) return *error_;
      if (pickle_.values_.size() > most_values) {
        return make_error(Code::format_unsupported, subject_, " has more than ", most_values, " values");
      }
    }
    if (stack_.size() != 1 || !marks_.empty()) {
      return make_error(Code::malformed_file, subject_, " stops at byte ", opcode_at_, " with ", stack_.size(),
                        " values on its stack instead of one");
    }
    pickle_.bytes_ = cursor_.at();
    pickle_.root_ = stack_.back();
    return std::move(pickle_);
  }

 private:
  using Sequence = std::vector<PickleRef>;

  void fail(Code code, std::string_view what) {
    if (!error_) error_ = make_error(code, subject_, ", at its byte ", opcode_at_, ": ", what);
  }
  void malformed(std::string_view what) { fail(Code::malformed_file, what); }

  void push(PickleKind kind, std::uint64_t where = 0, std::uint32_t what = 0) {
    stack_.push_back(static_cast<PickleRef>(pickle_.values_.size()));
    pickle_.values_.push_back({kind, what, where});
  }
  void push_sequence(PickleKind kind, Sequence items, std::uint32_t what = 0) {
    pickle_.sequences_.push_back(std::move(items));
    push(kind, pickle_.sequences_.size() - 1, what);
  }
  void push_text(PickleKind kind, std::uint64_t length) {
    const auto text = cursor_.take_bytes(length, "a text");
    if (length > std::numeric_limits<std::uint32_t>::max()) return malformed("it has a text of more than 4 GiB");
    push(kind, cursor_.at() - text.size(), static_cast<std::uint32_t>(text.size()));
  }
  /// A number of `length` bytes, little-endian, in two's complement.
  void push_long(std::uint64_t length) {
    if (length > sizeof(std::uint64_t)) return push_text(PickleKind::wide_integer, length);
    std::uint64_t number = 0;
    const auto bytes = cursor_.take_bytes(length, "a number");
    for (std::size_t i = 0; i < bytes.size(); ++i) number |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
    const bool negative = !bytes.empty() && (bytes.back() & std::byte{0x80}) != std::byte{};
    if (negative && bytes.size() < sizeof number) number |= ~std::uint64_t{0} << (8 * bytes.size());
    push(PickleKind::integer, number);
  }

  /// Values that may be taken: those above the last mark.
  std::size_t available() const { return stack_.size() - (marks_.empty() ? 0 : marks_.back()); }
  bool has(std::size_t count) {
    if (available() < count) malformed("it takes a value that is not there");
    return !error_;
  }
  PickleRef pop() {
    if (!has(1)) return 0;
    const PickleRef ref = stack_.back();
    stack_.pop_back();
    return ref;
  }
  Sequence pop_last(std::size_t count) {
    if (!has(count)) return {};
    Sequence items(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return items;
  }
  /// The values above the last mark, and the mark.
  Sequence pop_to_mark() {
    if (marks_.empty()) {
      malformed("it takes a mark that is not there");
      return {};
    }
    Sequence items = pop_last(available());
    marks_.pop_back();
    return items;
  }

  void put(std::uint64_t place) {
    if (!has(1)) return;
    // Picklers count their puts, each of which takes a byte of the pickle at least.
    if (place > pickle_.pickle_.size()) return malformed(concat("it puts a value at place ", place, " of its memo"));
    if (place >= memo_.size()) memo_.resize(place + 1, nothing);
    memo_[place] = stack_.back();
  }
  void get(std::uint64_t place) {
    if (place >= memo_.size() || memo_[place] == nothing) {
      return malformed(concat("it gets place ", place, " of its memo, where nothing was put"));
    }
    stack_.push_back(memo_[place]);
  }

  /// Adds to the list or dict on top of the stack.
  void extend(PickleKind kind, const Sequence& items) {
    if (!has(1)) return;
    const PickleRef container = stack_.back();
    if (pickle_.kind(container) != kind) return malformed("it adds to a value of another kind");
    if (kind == PickleKind::dict && items.size() % 2 != 0) return malformed("it adds a key without its value");
    Sequence& all = pickle_.sequences_[pickle_.values_[container].where];
    all.insert(all.end(), items.begin(), items.end());
  }

  void push_name(std::string_view module, std::string_view name) {
    const auto known = find_torch_name(module, name);
    if (!known) {
      return fail(Code::format_unsupported,
                  concat("it asks for ", in_quotes(concat(module, ".", name)),
                         ", which is not among the names that tensors need; nothing was run"));
    }
    pickle_.names_.push_back(*known);
    push(PickleKind::name, 0, static_cast<std::uint32_t>(pickle_.names_.size() - 1));
  }
  void push_global() {
    const std::string_view module = cursor_.take_until('\n', "a name");
    const std::string_view name = cursor_.take_until('\n', "a name");
    if (cursor_.ok()) push_name(module, name);
  }
  void push_stack_global() {
    const Sequence names = pop_last(2);
    if (error_) return;
    if (pickle_.kind(names[0]) != PickleKind::text || pickle_.kind(names[1]) != PickleKind::text) {
      return malformed("it asks for a name that is not a text");
    }
    push_name(pickle_.text(names[0]), pickle_.text(names[1]));
  }

  void reduce() {
    const Sequence call = pop_last(2);
    if (error_) return;
    if (pickle_.kind(call[0]) != PickleKind::name) return malformed("it calls what is not a name");
    if (pickle_.kind(call[1]) != PickleKind::tuple) return malformed("it calls with what is not a tuple");
    const auto arguments = pickle_.items(call[1]);
    const TorchRole role = pickle_.name(call[0]).role;
    if (role == TorchRole::ordered_dict) return push_dict(arguments);
    if (role != TorchRole::size) {
      return push(PickleKind::call, pickle_.values_[call[1]].where, pickle_.values_[call[0]].what);
    }
    if (arguments.size() != 1 || pickle_.kind(arguments[0]) != PickleKind::tuple) {
      return malformed("it makes a torch.Size of what is not a tuple");
    }
    stack_.push_back(arguments[0]);
  }
  /// OrderedDict(), or OrderedDict(pairs) as Python 2 has it.
  void push_dict(std::span<const PickleRef> arguments) {
    Sequence items;
    if (!arguments.empty()) {
      if (arguments.size() > 1 || pickle_.kind(arguments[0]) != PickleKind::list) {
        return malformed("it makes an OrderedDict of what is not a list");
      }
      // The list may be shared: pairs that are made once are copied once.
      copied_ += pickle_.items(arguments[0]).size();
      if (copied_ > pickle_.pickle_.size()) return malformed("it makes OrderedDicts of one list again and again");
      for (const PickleRef pair : pickle_.items(arguments[0])) {
        const bool sequence = pickle_.kind(pair) == PickleKind::list || pickle_.kind(pair) == PickleKind::tuple;
        if (!sequence || pickle_.items(pair).size() != 2)
          return malformed("it makes an OrderedDict of what is not pairs");
        items.insert(items.end(), pickle_.items(pair).begin(), pickle_.items(pair).end());
      }
    }
    push_sequence(PickleKind::dict, std::move(items));
  }

  void build() {
    pop();  // attributes: of a dict, as a state dict's _metadata, or of what was called
    if (!has(1)) return;
    const PickleKind kind = pickle_.kind(stack_.back());
    if (kind != PickleKind::dict && kind != PickleKind::call) malformed("it sets attributes of what is not a dict");
  }
  void push_persistent() {
    const PickleRef id = pop();
    if (error_) return;
    if (pickle_.kind(id) != PickleKind::tuple) return malformed("it has a persistent id that is not a tuple");
    push(PickleKind::persistent, pickle_.values_[id].where);
  }

  void step(std::uint8_t opcode);

  const std::string& subject_;
  Cursor cursor_;
  Pickle pickle_;
  std::vector<PickleRef> stack_;
  std::vector<std::size_t> marks_;  // heights of the stack
  static constexpr PickleRef nothing = std::numeric_limits<PickleRef>::max();
  std::vector<PickleRef> memo_;
  std::uint64_t opcode_at_ = 0;
  std::uint64_t copied_ = 0;  // pairs, into OrderedDicts
  bool stopped_ = false;
  std::optional<Error> error_;
};

void PickleMachine::step(std::uint8_t opcode) {
  constexpr auto number = "a number";
  constexpr auto length = "the length of a text";
  switch (opcode) {
    case op_proto: {
      const auto protocol = cursor_.take<std::uint8_t>("the protocol");
      if (protocol > newest_protocol) {
        fail(Code::format_unsupported, concat("it is of protocol ", protocol, "; 2 to 5 are read"));
      }
      return;
    }
    case op_frame:
      if (cursor_.take<std::uint64_t>("a frame") > cursor_.left()) malformed("it has a frame that passes its end");
      return;
    case op_stop:
      stopped_ = true;
      return;

    case op_none:
      return push(PickleKind::none);
    case op_newtrue:
    case op_newfalse:
      return push(PickleKind::boolean, opcode == op_newtrue ? 1 : 0);
    case op_binint:
      return push(PickleKind::integer, static_cast<std::uint64_t>(std::int64_t{cursor_.take<std::int32_t>(number)}));
    case op_binint1:
      return push(PickleKind::integer, cursor_.take<std::uint8_t>(number));
    case op_binint2:
      return push(PickleKind::integer, cursor_.take<std::uint16_t>(number));
    case op_long1:
      return push_long(cursor_.take<std::uint8_t>(number));
    case op_long4:
      return push_long(cursor_.take<std::uint32_t>(number));
    case op_binfloat:
      cursor_.skip(sizeof(double), number);
      return push(PickleKind::real);
    case op_short_binunicode:
    case op_short_binstring:
      return push_text(PickleKind::text, cursor_.take<std::uint8_t>(length));
    case op_binunicode:
    case op_binstring:
      return push_text(PickleKind::text, cursor_.take<std::uint32_t>(length));
    case op_binunicode8:
      return push_text(PickleKind::text, cursor_.take<std::uint64_t>(length));
    case op_short_binbytes:
      return push_text(PickleKind::bytes, cursor_.take<std::uint8_t>(length));
    case op_binbytes:
      return push_text(PickleKind::bytes, cursor_.take<std::uint32_t>(length));
    case op_binbytes8:
    case op_bytearray8:
      return push_text(PickleKind::bytes, cursor_.take<std::uint64_t>(length));

    case op_empty_tuple:
      return push_sequence(PickleKind::tuple, {});
    case op_empty_list:
    case op_empty_set:  // as a list: nobody asks which of both it is
      return push_sequence(PickleKind::list, {});
    case op_empty_dict:
      return push_sequence(PickleKind::dict, {});
    case op_tuple1:
    case op_tuple2:
    case op_tuple3:
      return push_sequence(PickleKind::tuple, pop_last(std::size_t{1} + opcode - op_tuple1));
    case op_tuple:
      return push_sequence(PickleKind::tuple, pop_to_mark());
    case op_append:
      return extend(PickleKind::list, pop_last(1));
    case op_appends:
    case op_additems:
      return extend(PickleKind::list, pop_to_mark());
    case op_setitem:
      return extend(PickleKind::dict, pop_last(2));
    case op_setitems:
      return extend(PickleKind::dict, pop_to_mark());

    case op_mark:
      return marks_.push_back(stack_.size());
    case op_pop:
      // Python's POP takes a mark where that is on top.
      if (available() == 0 && !marks_.empty()) return marks_.pop_back();
      pop();
      return;
    case op_pop_mark:
      pop_to_mark();
      return;
    case op_binput:
      return put(cursor_.take<std::uint8_t>("a place of the memo"));
    case op_long_binput:
      return put(cursor_.take<std::uint32_t>("a place of the memo"));
    case op_memoize:
      return put(memo_.size());
    case op_binget:
      return get(cursor_.take<std::uint8_t>("a place of the memo"));
    case op_long_binget:
      return get(cursor_.take<std::uint32_t>("a place of the memo"));

    case op_global:
      return push_global();
    case op_stack_global:
      return push_stack_global();
    case op_reduce:
    case op_newobj:
      return reduce();
    case op_build:
      return build();
    case op_binpersid:
      return push_persistent();
    default:
      fail(Code::format_unsupported, concat("it has the opcode ", opcode, ", which tensors do not need"));
  }
}

Result<Pickle> Pickle::read(std::span<const std::byte> bytes, const std::string& subject) {
  return PickleMachine(bytes, subject).run();
}

}  // namespace rowan::detail
