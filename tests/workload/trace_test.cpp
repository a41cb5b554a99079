// Traces: what is read from .npy and .safetensors files, and what is refused.
#include "perf/trace.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <random>

#include "tests/support/files.hpp"

using namespace rowan;
using namespace rowan::perf;
using rowan::test::TemporaryFolder;
using rowan::test::write_file;

namespace {

using Values = std::vector<std::int64_t>;

template <class Number>
std::string bytes_of(const std::vector<Number>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Number)};
}

template <class Number>
std::string little_endian(Number number) {
  return bytes_of(std::vector<Number>{number});
}

/// A .npy file with this dict.
std::string npy(const std::string& dict, const std::string& data, char version = 1) {
  const std::string start = std::string("\x93NUMPY") + version + '\0';
  const auto length = dict.size();
  return start +
         (version == 1 ? little_endian(static_cast<std::uint16_t>(length))
                       : little_endian(static_cast<std::uint32_t>(length))) +
         dict + data;
}

std::string npy_dict(const std::string& dtype, const std::string& shape, const std::string& order = "False") {
  return "{'descr': '" + dtype + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }     \n";
}

std::string npy_of(const Values& values) {
  return npy(npy_dict("<i8", "(" + std::to_string(values.size()) + ",)"), bytes_of(values));
}

std::string safetensors(const std::string& header, const std::string& data) {
  return little_endian(static_cast<std::uint64_t>(header.size())) + header + data;
}

std::string entry(const std::string& name, const std::string& dtype, std::size_t count, std::size_t begin,
                  std::size_t end) {
  return '"' + name + R"(":{"dtype":")" + dtype + R"(","shape":[)" + std::to_string(count) + R"(],"data_offsets":[)" +
         std::to_string(begin) + "," + std::to_string(end) + "]}";
}

struct Fixture {
  TemporaryFolder folder;

  Result<Trace> read(const std::string& name, const std::string& content, std::uint64_t bag = 2) {
    write_file(folder / name, content);
    return read_trace(folder / name, "", bag);
  }
  Result<Trace> read_pair(const Values& indices, const std::string& offsets) {
    write_file(folder / "i.npy", npy_of(indices));
    write_file(folder / "o.npy", offsets);
    return read_trace(folder / "i.npy", folder / "o.npy", 2);
  }
  /// Indices 5, 6, 7 of 64 bits and `second` behind them.
  Result<Trace> read_tensors(const std::string& second, const std::string& data) {
    return read("t.safetensors", safetensors("{" + entry("indices", "I64", 3, 0, 24) + "," + second + "}",
                                             bytes_of(Values{5, 6, 7}) + data));
  }
};

void refuse(const Result<Trace>& trace, std::string_view part) {
  REQUIRE(!trace.ok());
  CAPTURE(trace.error().message);
  CAPTURE(part);
  CHECK(trace.error().message.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "indices of a .npy file are cut into bags") {
  const auto wide = read("a.npy", npy_of({3, 1, 2, 9, 4}));
  REQUIRE(wide.ok());
  CHECK(wide->indices == Values{3, 1, 2, 9, 4});
  CHECK(wide->offsets == Values{0, 2, 4, 5});
  CHECK(!wide->narrow);
  const auto narrow =
      read("b.npy", npy(npy_dict("<i4", "(3,)"), bytes_of(std::vector<std::int32_t>{7, 8, 9})), ~std::uint64_t{0});
  REQUIRE(narrow.ok());
  CHECK(narrow->indices == Values{7, 8, 9});
  CHECK(narrow->offsets == Values{0, 3});
  CHECK(narrow->narrow);
}

TEST_CASE_FIXTURE(Fixture, "a matrix has a bag in each row, in any version of .npy") {
  for (const char version : {'\1', '\2', '\3'}) {
    const auto trace = read("a.npy", npy(npy_dict("<i8", "(2, 3)"), bytes_of(Values{1, 2, 3, 4, 5, 6}), version));
    REQUIRE(trace.ok());
    CHECK(trace->offsets == Values{0, 3, 6});
  }
}

TEST_CASE_FIXTURE(Fixture, "offsets come in both of PyTorch's forms") {
  for (const Values& offsets : {Values{0, 0, 3}, Values{0, 0, 3, 4}}) {
    const auto trace = read_pair({4, 3, 2, 1}, npy_of(offsets));
    REQUIRE(trace.ok());
    CHECK(trace->offsets == Values{0, 0, 3, 4});
    CHECK(trace->bags() == 3);
  }
}

TEST_CASE_FIXTURE(Fixture, "offsets that are none are refused") {
  refuse(read_pair({1, 2}, npy_of({1, 2})), "offsets[0] is 1");
  refuse(read_pair({1, 2}, npy_of({0, 2, 1})), "offsets[2] is 1");
  refuse(read_pair({1, 2}, npy_of({0, -1})), "offsets[1] is -1");
  refuse(read_pair({1, 2}, npy_of({0, 3})), "there are 2 indices");
  refuse(read_pair({1, 2}, npy_of({})), "no offsets");
  refuse(read_pair({}, npy_of({0})), "no indices");
  refuse(read_pair({1, 2}, "nothing"), "o.npy: line 1 ends in \"nothing\"");
}

TEST_CASE_FIXTURE(Fixture, ".npy files of other things are refused") {
  const std::string data = bytes_of(Values{1, 2});
  refuse(read("a.npy", npy(npy_dict("<f8", "(2,)"), data)), "type '<f8'");
  refuse(read("a.npy", npy(npy_dict(">i8", "(2,)"), data)), "type '>i8'");
  refuse(read("a.npy", npy(npy_dict("<i8", "(1, 2)", "True"), data)), "in C order");
  CHECK(read("a.npy", npy(npy_dict("<i8", "(2,)", "True"), data)).ok());
  refuse(read("a.npy", npy(npy_dict("<i8", "(3,)"), data)), "has 16 bytes behind its NumPy header");
  refuse(read("a.npy", npy(npy_dict("<i8", "(1,)"), data)), "has 16 bytes behind its NumPy header");
  refuse(read("a.npy", npy(npy_dict("<i8", "(4294967296, 4294967296)"), data)), "more than 64 bits can count");
  refuse(read("a.npy", npy(npy_dict("<i8", "(99999999999999999999,)"), data)), "no unsigned 64-bit number");
  refuse(read("a.npy", npy(npy_dict("<i8", "(-2,)"), data)), "no unsigned 64-bit number");
  refuse(read("a.npy", npy("{'descr': '<i8'}", data)), "lacks one of descr, fortran_order and shape");
  refuse(read("a.npy", npy(npy_dict("<i8", "(2,)") + "x", data)), "goes on behind its dict");
  refuse(read("a.npy", npy(npy_dict("<i8", "(2,)"), data, '\4')), "version 4.0");
  CHECK(read("a.npy", npy(std::string(60'000, ' ') + npy_dict("<i8", "(2,)"), data)).ok());
  refuse(read("a.npy", npy(std::string(70'000, ' ') + npy_dict("<i8", "(2,)"), data, '\2')), "NumPy header of 70");
  refuse(read("a.npy", ""), "is empty");
  refuse(read("a.npy", "5 1\n3 1\n"), "a.npy: the header promises 5 rows");
  refuse(read_trace(folder / "missing.npy", "", 1), "cannot open");
  refuse(read_trace(folder.path().string(), "", 1), "is a folder");
}

TEST_CASE_FIXTURE(Fixture, "more numbers than fit memory are refused before any is read") {
  const std::string path = folder / "large.npy";
  const std::string header = npy(npy_dict("<i8", "(1073741825,)"), "");
  write_file(path, header);
  std::filesystem::resize_file(path, header.size() + 8 * ((std::uint64_t{1} << 30) + 1));  // none of it on the disk
  refuse(read_trace(path, "", 1), "holds more than 1073741824 numbers");
}

TEST_CASE_FIXTURE(Fixture, "tensors of a .safetensors file") {
  for (const std::string& second : {entry("offsets", "I32", 2, 24, 32), entry("lengths", "I32", 2, 24, 32)}) {
    const bool offsets = second.starts_with("\"offsets");
    const auto trace = read_tensors(second, bytes_of(std::vector<std::int32_t>{offsets ? 0 : 2, offsets ? 2 : 1}));
    REQUIRE(trace.ok());
    CHECK(trace->indices == Values{5, 6, 7});
    CHECK(trace->offsets == Values{0, 2, 3});
  }
  const auto alone =
      read("a.safetensors", safetensors(R"({"__metadata__":{"a":"b"},)" + entry("indices", "I32", 1, 0, 4) + "}   ",
                                        little_endian(std::int32_t{8})));
  REQUIRE(alone.ok());
  CHECK(alone->narrow);
}

TEST_CASE_FIXTURE(Fixture, ".safetensors files that are no traces are refused") {
  const std::string two = bytes_of(Values{0, 2});
  refuse(read_tensors(entry("weights", "I64", 2, 24, 40), two), "'weights'");
  refuse(read_tensors(entry("offsets", "F32", 2, 24, 32), two.substr(8)), "type 'F32'");
  refuse(read_tensors(entry("offsets", "I64", 2, 24, 41), two), "shape and dtype contradict");
  refuse(read_tensors(entry("offsets", "I64", 2, 40, 24), two), "ends before, at 24");
  refuse(read_tensors(entry("offsets", "I64", 2, 24, 40), two.substr(8)), "cut short");
  refuse(read_tensors(entry("offsets", "I64", 2, 18446744073709551600U, 18446744073709551615U), two),
         "shape and dtype contradict");
  refuse(read_tensors(entry("lengths", "I64", 2, 24, 40), two), "add up to less");
  refuse(read_tensors(entry("lengths", "I64", 2, 24, 40), bytes_of(Values{3, 1})), "add up to more");
  refuse(read_tensors(entry("lengths", "I64", 2, 24, 40), bytes_of(Values{INT64_MAX, INT64_MAX})), "add up to more");
  refuse(read_tensors(entry("lengths", "I64", 2, 24, 40), bytes_of(Values{4, -1})), "add up to more");
  refuse(read_tensors(entry("lengths", "I64", 2, 24, 40), bytes_of(Values{-1, 4})), "lengths[0] is -1");
  refuse(read_tensors(entry("offsets", "I64", 2, 24, 40) + "," + entry("lengths", "I64", 2, 40, 56), two + two),
         "both");
  refuse(read("a.safetensors", safetensors("{" + entry("offsets", "I64", 2, 0, 16) + "}", two)), "'indices'");
  for (const char* const header : {"", "[]", "7"}) {
    CAPTURE(header);
    refuse(read("a.safetensors", safetensors(header, two)), "a.safetensors is of no format");
  }
  for (const char* const header : {"{", R"({"indices":7})", R"({"indices":{"dtype":"I64"}})",
                                   R"({"indices":{"dtype":"I64","shape":[-1],"data_offsets":[0,8]}})",
                                   R"({"indices":{"dtype":"I64","shape":[1.5],"data_offsets":[0,8]}})",
                                   R"({"indices":{"dtype":"I64","shape":[1],"data_offsets":[0]}})"}) {
    CAPTURE(header);
    refuse(read("a.safetensors", safetensors(header, two)), "header is refused");
  }
  refuse(read("a.safetensors", little_endian(~std::uint64_t{0}) + "{}"), "of no format");
  refuse(read("a.safetensors", safetensors("{" + std::string(100'000, '['), "")), "header is refused");
  refuse(read("a.safetensors", "abc"), "line 1 ends in \"abc\"");
  write_file(folder / "o.npy", npy_of({0}));
  refuse(read_trace(folder / "a.safetensors", folder / "o.npy", 1), "brings its own offsets");
}

TEST_CASE_FIXTURE(Fixture, "damaged files are read or refused, nothing else") {
  const std::string whole[] = {npy_of({3, 1, 2, 9, 4}),
                               safetensors("{" + entry("indices", "I64", 2, 0, 16) + "}", bytes_of(Values{1, 2}))};
  std::mt19937_64 random(5);
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = whole[i % 2];
    for (int changes = 0; changes < 3; ++changes) damaged[random() % damaged.size()] = static_cast<char>(random());
    if (random() % 4 == 0) damaged.resize(random() % damaged.size());
    const auto trace = read(i % 2 == 0 ? "a.npy" : "a.safetensors", damaged);
    if (trace.ok()) CHECK(static_cast<std::size_t>(trace->offsets.back()) == trace->indices.size());
  }
}

TEST_CASE_FIXTURE(Fixture, "rows outside the table are found") {
  const auto trace = read("a.npy", npy_of({3, 0, 9}));
  REQUIRE(trace.ok());
  CHECK(check_rows(*trace, 10).ok());
  CHECK(check_rows(*trace, 9).error().message.find("indices[2] is 9, and the table has 9 rows") != std::string::npos);
  CHECK(!check_rows(*read("b.npy", npy_of({-1})), 10).ok());
}
