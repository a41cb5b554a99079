// The closed interpreter of pickles: what its opcodes build, and that nothing else is done.
#include "engine/formats/pickle.hpp"

#include <doctest/doctest.h>

#include "tests/formats/samples.hpp"

using namespace rowan;
using namespace rowan::test;
using detail::Pickle;
using detail::PickleKind;
using detail::PickleRef;
using detail::TorchRole;

namespace {

Result<Pickle> run(std::string_view bytes) { return Pickle::read(detail::as_bytes(bytes), "the/path"); }

/// So that the shared checks apply.
Result<detail::FoundFile> run_all(std::span<const std::byte> file, const std::string& path) {
  const auto pickle = Pickle::read(file, path);
  if (!pickle) return pickle.error();
  if (pickle->bytes() != file.size()) return Error{Code::malformed_file, path + " goes on"};
  return detail::FoundFile{};
}

/// The value as Python would print it.
std::string shown(const Pickle& pickle, PickleRef ref) {
  const auto all = [&](const std::string& begin, const std::string& end) {
    std::string text = begin;
    for (const PickleRef item : pickle.items(ref)) text += shown(pickle, item) + ' ';
    return text + end;
  };
  switch (pickle.kind(ref)) {
    case PickleKind::none:
      return "None";
    case PickleKind::boolean:
      return pickle.integer(ref) != 0 ? "True" : "False";
    case PickleKind::integer:
      return std::to_string(pickle.integer(ref));
    case PickleKind::wide_integer:
      return "wide:" + std::to_string(pickle.text(ref).size());
    case PickleKind::real:
      return "real";
    case PickleKind::text:
      return '\'' + std::string(pickle.text(ref)) + '\'';
    case PickleKind::bytes:
      return "b'" + std::string(pickle.text(ref)) + '\'';
    case PickleKind::tuple:
      return all("(", ")");
    case PickleKind::list:
      return all("[", "]");
    case PickleKind::dict:
      return all("{", "}");
    case PickleKind::name:
      return "name";
    case PickleKind::call:
      return all("call(", ")");
    case PickleKind::persistent:
      return all("persistent(", ")");
  }
  return "";
}

std::string result_of(const std::string& opcodes) {
  const std::string pickle = pickle_of(opcodes);
  const auto values = run(pickle);
  if (!values) return values.error().message;
  CHECK(values->bytes() == pickle.size());
  return shown(*values, values->root());
}

}  // namespace

TEST_CASE("every opcode that is read") {
  struct Case {
    std::string opcodes;
    std::string_view value;
  };
  const Case cases[] = {
      {"N", "None"},
      {"\x88", "True"},
      {"\x89", "False"},
      {"K\xFF", "255"},
      {"M\xFF\xFF", "65535"},
      {"J\xFF\xFF\xFF\xFF", "-1"},
      {"\x8A\x00"s, "0"},
      {"\x8A\x01\xFF", "-1"},
      {"\x8A\x02\xFF\x00"s, "255"},
      {"\x8A\x08\x00\x00\x00\x00\x00\x00\x00\x80"s, "-9223372036854775808"},
      {"\x8A\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00"s, "wide:9"},
      {"\x8B\x01\x00\x00\x00\x80"s, "-128"},
      {"G12345678", "real"},
      {"X\x02\x00\x00\x00hi"s, "'hi'"},
      {"\x8C\x02hi", "'hi'"},
      {"\x8D\x02\x00\x00\x00\x00\x00\x00\x00hi"s, "'hi'"},
      {"U\x02hi", "'hi'"},
      {"T\x02\x00\x00\x00hi"s, "'hi'"},
      {"C\x02hi", "b'hi'"},
      {"B\x02\x00\x00\x00hi"s, "b'hi'"},
      {"\x8E\x02\x00\x00\x00\x00\x00\x00\x00hi"s, "b'hi'"},
      {")", "()"},
      {"K\x01\x85", "(1 )"},
      {"K\x01K\x02\x86", "(1 2 )"},
      {"K\x01K\x02K\x03\x87", "(1 2 3 )"},
      {"(K\x01K\x02K\x03K\x04t", "(1 2 3 4 )"},
      {"]", "[]"},
      {"]K\x01"s + "a", "[1 ]"},
      {"](K\x01K\x02"s + "e", "[1 2 ]"},
      {"}", "{}"},
      {"}K\x01K\x02s", "{1 2 }"},
      {"}(K\x01K\x02K\x03K\x04u", "{1 2 3 4 }"},
      {"NK\x01"s + "0", "None"},
      {"N(K\x01K\x02"s + "1", "None"},
      {"N(0", "None"},
      {"]q\x05h\x05\x86", "([] [] )"},
      {"]r\x05\x00\x00\x00j\x05\x00\x00\x00\x86"s, "([] [] )"},
      {"]\x94h\x00\x86"s, "([] [] )"},
      {"\x95\x01\x00\x00\x00\x00\x00\x00\x00N"s, "None"},
      {global("collections", "OrderedDict") + ")R", "{}"},
      {global("collections", "OrderedDict") + ")\x81", "{}"},
      {global("collections", "OrderedDict") + ")R}K\x01K\x02s" + "b", "{}"},
      {global("collections", "OrderedDict") + "](]K\x01"s + "aK\x02"s + "aK\x03K\x04\x86"s + "e\x85R", "{1 2 3 4 }"},
      {global("torch", "Size") + "K\x01K\x02\x86\x85R", "(1 2 )"},
      {global("torch", "float32"), "name"},
      {text("torch") + text("FloatStorage") + "\x93", "name"},
      {global("torch._utils", "_rebuild_parameter") + "N\x89\x86R", "call(None False )"},
      {"K\x01K\x02\x86Q", "persistent(1 2 )"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.value);
    CHECK(result_of(one.opcodes) == one.value);
  }
}

TEST_CASE("a pickle ends at its STOP") {
  const auto pickle = run(pickle_of("N") + "behind it");
  REQUIRE(pickle.ok());
  CHECK(pickle->bytes() == 4);
}

TEST_CASE("names that torch.load() does not take are refused by name, and nothing is run") {
  const auto refused = [](const std::string& module, const std::string& name) {
    const std::string piece = "it asks for '" + module + "." + name + "', which is not among the names";
    const std::string command = text("echo owned") + "\x85R";
    check_refusal(run_all, pickle_of(global(module, name) + command), Code::format_unsupported, piece);
    check_refusal(run_all, pickle_of(text(module) + text(name) + "\x93" + command), Code::format_unsupported, piece);
  };
  refused("os", "system");
  refused("posix", "system");
  refused("builtins", "eval");
  refused("__builtin__", "eval");
  refused("subprocess", "Popen");
  refused("torch", "load");
  refused("torch", "");
  refused("torch.storage", "_load_from_bytes");
  refused("torch._utils", "_rebuild_everything");
  refused("collections", "OrderedDict.fromkeys");
  refused("numpy.core.multiarray", "_reconstruct");
  refused("gensim.models.keyedvectors", "KeyedVectors");
}

TEST_CASE("what no pickler writes is refused") {
  constexpr Code malformed = Code::malformed_file;
  constexpr Code unsupported = Code::format_unsupported;
  const std::string dict = global("collections", "OrderedDict");
  const Refusal refusals[] = {
      {"", malformed, "ends at byte 0, in the pickle, without its STOP"},
      {"\x80\x02N", malformed, "without its STOP"},
      {"\x80\x06N.", unsupported, "protocol 6; 2 to 5 are read"},
      {pickle_of(""), malformed, "0 values on its stack"},
      {pickle_of("NN"), malformed, "2 values on its stack"},
      {pickle_of("N("), malformed, "on its stack"},
      {pickle_of("\x85"), malformed, "takes a value that is not there"},
      {pickle_of("N(\x85"), malformed, "takes a value that is not there"},
      {pickle_of("t"), malformed, "takes a mark that is not there"},
      {pickle_of("1"), malformed, "takes a mark that is not there"},
      {pickle_of("0"), malformed, "takes a value that is not there"},
      {pickle_of("q\x01"), malformed, "takes a value that is not there"},
      {pickle_of("Nr\xFF\xFF\xFF\xFF"), malformed, "puts a value at place 4294967295"},
      {pickle_of("h\x07"), malformed, "gets place 7"},
      {pickle_of("Nq\x05h\x04"), malformed, "gets place 4"},
      {pickle_of("NNa"), malformed, "adds to a value of another kind"},
      {pickle_of("}N"s + "a"), malformed, "adds to a value of another kind"},
      {pickle_of("}(Nu"), malformed, "a key without its value"},
      {pickle_of("](("s + "N"s + "e"), malformed, "takes a value that is not there"},
      {pickle_of("X\xFF\xFF\xFF\xFFhi"), malformed, "in a text"},
      {pickle_of("\x8D\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFhi"), malformed, "in a text"},
      {pickle_of("\x8E\x00\x00\x00\x00\x08\x00\x00\x00hi"s), malformed, "in a text"},
      {pickle_of("\x8B\xFF\xFF\xFF\xFFhi"), malformed, "in a text"},
      {pickle_of("\x8A\x08hi"), malformed, "in a number"},
      {pickle_of("\x95\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFN"), malformed, "frame that passes its end"},
      {pickle_of("cos"), malformed, "in a name"},
      {pickle_of("NN\x93"), malformed, "name that is not a text"},
      {pickle_of("N)R"), malformed, "calls what is not a name"},
      {pickle_of(dict + "NR"), malformed, "calls with what is not a tuple"},
      {pickle_of(dict + "N\x85R"), malformed, "OrderedDict of what is not a list"},
      {pickle_of(dict + "]N"s + "a\x85R"), malformed, "OrderedDict of what is not pairs"},
      {pickle_of(global("torch", "Size") + ")R"), malformed, "torch.Size of what is not a tuple"},
      {pickle_of("NNb"), malformed, "attributes of what is not a dict"},
      {pickle_of("NQ"), malformed, "persistent id that is not a tuple"},
      {pickle_of("I01\n"), unsupported, "opcode 73"},
      {pickle_of("(ios\nsystem\n"), unsupported, "opcode 105"},
      {pickle_of("\x82\x01"), unsupported, "opcode 130"},
      {pickle_of("\x97"), unsupported, "opcode 151"},
  };
  check_refusals(run_all, refusals);
}

TEST_CASE("copies are not made again and again") {
  // A list of 20,000 pairs, of which 20,000 dicts are to be made.
  std::string pickle = global("collections", "OrderedDict") + "q\x01" + "]q\x02(";
  pickle += "NN\x86q\x03";
  for (int i = 0; i < 20000; ++i) pickle += "h\x03";
  pickle += "e\x85q\x04";
  for (int i = 0; i < 20000; ++i) pickle += "h\x01h\x04R";
  check_refusal(run_all, pickle_of(pickle), Code::malformed_file, "again and again");
}

TEST_CASE("values are counted") {
  check_refusal(run_all, pickle_of(std::string((std::size_t{1} << 23) + 1, 'N')), Code::format_unsupported,
                "more than 8388608 values");
}

TEST_CASE("a damaged pickle is read or refused") {
  check_damage(run_all,
               pickle_of("}(" + text("a") + tensor_of() + text("b") + "]q\x01(h\x01K\x01\x8A\x01\x07"s + "eu"));
}
