// NumPy's arrays, alone and in archives.
#include "engine/formats/npy.hpp"

#include <doctest/doctest.h>

#include "engine/formats/registry.hpp"
#include "tests/formats/samples.hpp"

using namespace rowan;
using namespace rowan::test;
using detail::Encoding;
using detail::npy_format;
using detail::zip_format;

namespace {

using Sizes = std::vector<std::uint64_t>;

constexpr auto matrix = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

detail::FoundTensor tensor_of(const std::string& file) {
  const auto found = read(npy_format.read, file);
  REQUIRE(found.ok());
  CHECK(found->what == "a NumPy array");
  REQUIRE(found->tensors.size() == 1);
  CHECK(found->tensors[0].name.empty());
  CHECK(found->table.empty());
  CHECK(found->keys.empty());
  CHECK(found->notes.empty());
  CHECK_FALSE(found->tensors[0].deflated);
  CHECK_FALSE(found->tensors[0].product);
  return found->tensors[0];
}

std::string with_type(const std::string& type) {
  return "{'descr': '" + type + "', 'fortran_order': False, 'shape': (2,), }";
}

}  // namespace

TEST_CASE("an array of each version") {
  for (const int version : {1, 2, 3}) {
    const std::string file = npy_of(matrix, floats(6), version);
    const auto tensor = tensor_of(file);
    CHECK(tensor.type == "<f4");
    CHECK(tensor.encoding == Encoding::f32);
    CHECK(tensor.shape == Sizes{2, 3});
    CHECK(tensor.strides.empty());
    CHECK_FALSE(tensor.big_endian);
    CHECK(tensor.offset == file.size() - 24);
  }
}

TEST_CASE("types of elements") {
  struct Spelling {
    const char* type;
    Encoding encoding;
    std::size_t bytes;
    bool big_endian;
  };
  const Spelling spellings[] = {
      {"<f2", Encoding::f16, 2, false},   {"<f4", Encoding::f32, 4, false},       {"<f8", Encoding::f64, 8, false},
      {">f2", Encoding::f16, 2, true},    {">f4", Encoding::f32, 4, true},        {">f8", Encoding::f64, 8, true},
      {"|i1", Encoding::i8, 1, false},    {">i1", Encoding::i8, 1, false},        {"f4", Encoding::f32, 4, false},
      {"=f4", Encoding::f32, 4, false},   {"<i8", Encoding::other, 8, false},     {">i4", Encoding::other, 4, true},
      {"|u1", Encoding::other, 1, false}, {"|b1", Encoding::other, 1, false},     {"<f16", Encoding::other, 16, false},
      {"<c8", Encoding::other, 8, false}, {"|S5", Encoding::other, 5, false},     {"<U5", Encoding::other, 20, false},
      {"|V2", Encoding::other, 2, false}, {"<M8[ns]", Encoding::other, 8, false},
  };
  for (const Spelling& spelling : spellings) {
    CAPTURE(spelling.type);
    const auto tensor = tensor_of(npy_of(with_type(spelling.type), std::string(2 * spelling.bytes, '\0')));
    CHECK(tensor.type == spelling.type);
    CHECK(tensor.encoding == spelling.encoding);
    CHECK(tensor.big_endian == spelling.big_endian);
  }
}

TEST_CASE("the dict in every form that NumPy has written or Python would") {
  for (const std::string dict : {
           "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
           "{'shape': (2L, 3L), 'fortran_order': False, 'descr': '<f4'}",
           "{\"descr\":\"<f4\",\"fortran_order\":False,\"shape\":(2,3)}",
           "  { 'fortran_order' :\tFalse , 'shape' : ( 2 , 3 , ) , 'descr' : '<f4' , }  ",
       }) {
    CAPTURE(dict);
    CHECK(tensor_of(npy_of(dict, floats(6))).shape == Sizes{2, 3});
  }
}

TEST_CASE("shapes, and the order of dimensions") {
  const auto shaped = [](const std::string& shape, const std::string& fortran, std::size_t elements) {
    return tensor_of(
        npy_of("{'descr': '<f4', 'fortran_order': " + fortran + ", 'shape': " + shape + "}", floats(elements)));
  };
  CHECK(shaped("()", "False", 1).shape.empty());
  CHECK(shaped("(5,)", "False", 5).shape == Sizes{5});
  CHECK(shaped("(0, 7)", "False", 0).shape == Sizes{0, 7});
  CHECK(shaped("(2, 3)", "True", 6).strides == Sizes{1, 2});
  CHECK(shaped("(2, 3, 4)", "True", 24).strides == Sizes{1, 2, 6});
  CHECK(shaped("(6,)", "True", 6).strides.empty());
  CHECK(shaped("()", "True", 1).strides.empty());
}

TEST_CASE("contradictions are refused") {
  constexpr Code malformed = Code::malformed_file;
  constexpr Code unsupported = Code::format_unsupported;
  const std::string good = npy_of(matrix, floats(6));
  const auto dict = [](const std::string& text) { return npy_of(text, floats(6)); };
  const auto shape = [](const std::string& text, std::string_view data = {}) {
    return npy_of("{'descr': '<f4', 'fortran_order': False, 'shape': " + text + "}", data);
  };
  std::string many = "(";
  for (int i = 0; i < 65; ++i) many += "1,";
  const Refusal refusals[] = {
      {"", malformed, "does not start as a NumPy array"},
      {"\x93NUMPX", malformed, "does not start as a NumPy array"},
      {"\x93NUMPY\x01", malformed, "in its version"},
      {"\x93NUMPY\x01\x00\x10"s, malformed, "in the length of its header"},
      {patched(good, 6, "\x04"), unsupported, "version 4.0; 1.0, 2.0 and 3.0 are read"},
      {patched(good, 7, "\x01"), unsupported, "version 1.1"},
      {patched(good, 8, u16(0xFFFF)), malformed, "ends at byte 65545 of 152"},
      {"\x93NUMPY\x02\x00"s + u32(~0U) + "{", unsupported, "header of 4294967295 bytes; at most 65536"},
      {good + "x", malformed, "has 25 bytes behind its NumPy header"},
      {good.substr(0, good.size() - 1), malformed, "has 23 bytes behind its NumPy header"},
      {dict(""), malformed, "no '{' at byte"},
      {dict("{'descr': '<f4', 'shape': (2, 3)}"), malformed, "lacks one of"},
      {dict("{'descr': '<f4', 'descr': '<f4'}"), malformed, "key 'descr' twice"},
      {dict("{'extra': 1}"), malformed, "unknown key 'extra'"},
      {dict("{descr: '<f4'}"), malformed, "no '\"' at byte 1"},
      {dict("{'descr' '<f4'}"), malformed, "no ':' at byte"},
      {dict("{'descr': '<f4"), malformed, "does not end plainly"},
      {dict("{'descr': '\\x3cf4'}"), malformed, "does not end plainly"},
      {dict("{'fortran_order': 0}"), malformed, "neither True nor False"},
      {dict("{'fortran_order': False"), malformed, "no '}' at byte"},
      {dict(matrix + "{}"s), malformed, "goes on behind its dict"},
      {dict(matrix + "\0"s), malformed, "goes on behind its dict"},
      {shape("6", floats(6)), malformed, "no '(' at byte"},
      {shape("(6)", floats(6)), malformed, "not a tuple"},
      {shape("(-6,)"), malformed, "no unsigned 64-bit number"},
      {shape("(,)"), malformed, "no unsigned 64-bit number"},
      {shape("(18446744073709551616,)"), malformed, "no unsigned 64-bit number"},
      {shape("(6;)", floats(6)), malformed, "no ')' at byte"},
      {shape("(1.5,)"), malformed, "no ')' at byte"},
      {shape(many + ")", floats(1)), malformed, "more than 64 dimensions"},
      {shape("(4611686018427387904,)"), malformed, "more than 64 bits can count"},
      {shape("(4294967296, 4294967296)"), malformed, "more than 64 bits can count"},
      {shape("(0, 4294967296, 4294967296)"), malformed, "more than 64 bits can count"},
      {shape("(8589934592,)"), malformed, "say 34359738368"},
      {npy_of(with_type("|O"), "data"), unsupported, "Python objects, '|O'"},
      {npy_of(with_type("|O8"), "data"), unsupported, "Python objects, '|O8'"},
      {npy_of(with_type("<x4"), "data"), unsupported, "unknown type '<x4'"},
      {npy_of(with_type(""), "data"), unsupported, "unknown type ''"},
      {npy_of(with_type("<"), "data"), unsupported, "unknown type '<'"},
      {npy_of(with_type("<f"), "data"), unsupported, "unknown type '<f'"},
      {npy_of(with_type("<f-4"), "data"), unsupported, "unknown type '<f-4'"},
      {npy_of(with_type("<U9223372036854775807"), "data"), malformed, "more than 64 bits can count"},
      {npy_of(with_type("<S9223372036854775808"), "data"), malformed, "more than 64 bits can count"},
      {npy_of("{'descr': [('a', '<f4'), ('b', '<i4')], 'fortran_order': False}", "data"), unsupported,
       "structured type, '[('a', '<f4')"},
      {npy_of("{'descr': ('<f4', (3,)), 'fortran_order': False}", "data"), unsupported, "structured type"},
      {npy_of("{'descr': '|S0', 'fortran_order': True, 'shape': (4294967296, 4294967296)}", ""), malformed,
       "more elements than 64 bits can count"},
  };
  check_refusals(npy_format.read, refusals);
}

TEST_CASE("a damaged array is read or refused") { check_damage(npy_format.read, npy_of(matrix, floats(6))); }

TEST_CASE("an archive's arrays lie where their members do, or are to be inflated") {
  const std::string first = npy_of(matrix, floats(6));
  const std::string second = npy_of("{'descr': '>f8', 'fortran_order': True, 'shape': (2, 2)}", std::string(32, 'x'));
  const ZipSample zip = zip_of({{"first.npy", first}, {"read.me", "text"}, {"folder/second.npy", second, true}});
  const auto found = read(zip_format.read, zip.bytes);
  REQUIRE(found.ok());
  CHECK(found->what == "an .npz archive of NumPy arrays");
  REQUIRE(found->tensors.size() == 2);
  CHECK(found->tensors[0].name == "first");
  CHECK(found->tensors[0].encoding == Encoding::f32);
  CHECK(found->tensors[0].shape == Sizes{2, 3});
  CHECK(found->tensors[0].offset == zip.data[0] + first.size() - 24);
  CHECK(zip.bytes.substr(found->tensors[0].offset, 24) == floats(6));
  CHECK_FALSE(found->tensors[0].deflated);
  CHECK(found->tensors[1].name == "folder/second");
  CHECK(found->tensors[1].encoding == Encoding::f64);
  CHECK(found->tensors[1].big_endian);
  CHECK(found->tensors[1].strides == Sizes{1, 2});
  CHECK(found->tensors[1].offset == second.size() - 32);
  REQUIRE(found->tensors[1].deflated);
  CHECK(found->tensors[1].deflated->offset == zip.data[2]);
  CHECK(found->tensors[1].deflated->bytes == deflated(second).size());
  CHECK(found->tensors[1].deflated->inflated == second.size());
  REQUIRE(found->notes.size() == 1);
  CHECK(found->notes[0] == "member 'read.me' is not an .npy array and was left out");
}

TEST_CASE("of an archive, types that are not read are left out where there are others") {
  const std::string objects = npy_of(with_type("|O"), "pickle");
  const auto found = read(zip_format.read, zip_of({{"o.npy", objects}, {"m.npy", npy_of(matrix, floats(6))}}).bytes);
  REQUIRE(found.ok());
  REQUIRE(found->tensors.size() == 1);
  CHECK(found->tensors[0].name == "m");
  REQUIRE(found->notes.size() == 1);
  CHECK(found->notes[0].find("member 'o.npy' holds a NumPy array of Python objects") != std::string::npos);
  check_refusal(zip_format.read, zip_of({{"o.npy", objects}}).bytes, Code::format_unsupported,
                "member 'o.npy' holds a NumPy array of Python objects");
}

TEST_CASE("an archive with one bad array is refused") {
  for (const bool deflate : {false, true}) {
    const std::string good = npy_of(matrix, floats(6));
    check_refusal(zip_format.read, zip_of({{"m.npy", good + "x", deflate}}).bytes, Code::malformed_file,
                  "member 'm.npy' has 25 bytes behind");
    check_refusal(zip_format.read, zip_of({{"m.npy", "", deflate}}).bytes, Code::malformed_file,
                  "member 'm.npy' does not start as");
    check_refusal(zip_format.read, zip_of({{"m.npy", good.substr(0, 50), deflate}}).bytes, Code::malformed_file,
                  "ends at byte 128 of 50");
    check_damage(zip_format.read, zip_of({{"m.npy", good, deflate}}).bytes);
  }
}
