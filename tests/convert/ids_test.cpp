// Ids from a .npy file: its header, and its count against the rows.
#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "tests/convert/conversion.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

std::string npy(std::string header, const std::vector<std::uint64_t>& ids, int version = 1) {
  header += '\n';
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(version);
  bytes += '\0';
  const auto length = static_cast<std::uint32_t>(header.size());
  bytes.append(reinterpret_cast<const char*>(&length), version == 1 ? 2 : 4);
  bytes += header;
  return bytes.append(reinterpret_cast<const char*>(ids.data()), ids.size() * 8);
}

std::string header(std::size_t count) {
  return "{'descr': '<u8', 'fortran_order': False, 'shape': (" + std::to_string(count) + ",), }   ";
}

struct WithIds : Conversion {
  std::string ids = folder() / "ids.npy";

  explicit WithIds(const std::string& bytes) {
    write_file(ids, bytes);
    options.keys = KeyKind::u64;
    options.ids_from = ids;
  }
  std::string refused(std::string_view text, Code code) {
    const auto report = run(text);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().code == code);
    CHECK(files() == 2);  // the source and the ids
    return report.error().message;
  }
};

constexpr std::string_view text = "a 1 2\nb 3 4\nc 5 6\n";

}  // namespace

TEST_CASE("ids replace the tokens, in every version of the header") {
  for (const int version : {1, 2, 3}) {
    WithIds conversion(npy(header(3), {70, ~std::uint64_t{0}, 0}, version));
    const auto report = conversion.run(text);
    REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().message));
    const auto table = Table::open(conversion.target());
    CHECK(table->vocabulary().find(std::uint64_t{70}) == 0);
    CHECK(table->vocabulary().find(~std::uint64_t{0}) == 1);
    CHECK(table->vocabulary().find(std::uint64_t{0}) == 2);
  }
}

TEST_CASE("of tokens that ids replace nobody asks whether they are UTF-8") {
  WithIds conversion(npy(header(2), {1, 2}));
  const std::string odd = "\xFF 1 2\nb 3 4\n";
  CHECK(conversion.run(odd)->invalid_utf8 == 0);
  conversion.options.keys = KeyKind::bytes;
  conversion.options.ids_from.clear();
  CHECK(conversion.run(odd)->invalid_utf8 == 1);
}

TEST_CASE("ids are taken in order over many batches") {
  std::vector<std::uint64_t> ids;
  std::string rows;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    ids.push_back(i * i + 5);
    rows.append("same ").append(std::to_string(i)).append(" 0.5\n");
  }
  WithIds conversion(npy(header(ids.size()), ids));
  conversion.sizes = {.batch = 1000, .head = 1000, .row = 100000, .chunk = 100};
  conversion.options.threads = Threads::own(2);
  REQUIRE(conversion.run(rows).ok());
  const auto table = Table::open(conversion.target());
  for (std::uint64_t i = 0; i < ids.size(); ++i) CHECK(table->vocabulary().id(i) == ids[i]);
}

TEST_CASE("as many ids as rows") {
  WithIds fewer(npy(header(2), {1, 2}));
  CHECK(fewer.refused(text, Code::invalid_argument) == fewer.ids + " has 2 ids, " + fewer.source() + " has more rows");
  CHECK(fewer.refused("3 2\na 1 2\nb 3 4\nc 5 6\n", Code::invalid_argument) ==
        fewer.ids + " has 2 ids, " + fewer.source() + " has 3 rows");
  WithIds more(npy(header(4), {1, 2, 3, 4}));
  CHECK(more.refused(text, Code::invalid_argument) == more.ids + " has 4 ids, " + more.source() + " has 3 rows");
}

TEST_CASE("with a limit the first ids are used") {
  WithIds conversion(npy(header(4), {9, 8, 7, 6}));
  for (const std::uint64_t limit : {2, 3, 10}) {
    conversion.options.limit = limit;
    REQUIRE(conversion.run(text).ok());
    CHECK(Table::open(conversion.target())->vocabulary().find(std::uint64_t{8}) == 1);
  }
  WithIds fewer(npy(header(2), {1, 2}));
  fewer.options.limit = 2;
  CHECK(fewer.run(text).ok());
}

TEST_CASE("ids need u64 keys") {
  WithIds conversion(npy(header(3), {1, 2, 3}));
  conversion.options.keys = KeyKind::bytes;
  CHECK(conversion.refused(text, Code::invalid_argument).find("u64 keys") != std::string::npos);
}

TEST_CASE("arrays that hold no ids") {
  const std::vector<std::uint64_t> ids = {1, 2, 3};
  for (const char* dict : {"{'descr': '<i8', 'fortran_order': False, 'shape': (3,)}",
                           "{'descr': '>u8', 'fortran_order': False, 'shape': (3,)}",
                           "{'descr': '<u4', 'fortran_order': False, 'shape': (6,)}",
                           "{'descr': '<u8', 'fortran_order': False, 'shape': (3, 1)}",
                           "{'descr': '|S24', 'fortran_order': True, 'shape': ()}"}) {
    WithIds conversion(npy(dict, ids));
    CHECK(conversion.refused(text, Code::format_unsupported).find("little-endian u64 ('<u8')") != std::string::npos);
  }
  WithIds objects(npy("{'descr': '|O', 'fortran_order': False, 'shape': (3,)}", ids));
  CHECK(objects.refused(text, Code::format_unsupported).find("which is a pickle") != std::string::npos);
  for (const char* dict :
       {"", "{}", "{'descr': '<u8', 'fortran_order': False}", "{'descr': '<u8', 'fortran_order': False, 'shape': (3)}",
        "{'descr': '<u8', 'fortran_order': 0, 'shape': (3,)}",
        "{'descr': '<u8', 'fortran_order': False, 'shape': (3,)} x",
        "{'descr': '<u8', 'descr': '<u8', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '<u8', 'fortran_order': False, 'shape': (3,), 'more': 1}",
        "{'descr': '<u8', 'fortran_order': False, 'shape': (-3,)}", "['descr']",
        "{'descr': '<u8', 'fortran_order': False, 'shape': (18446744073709551616,)}"}) {
    CAPTURE(dict);
    WithIds conversion(npy(dict, ids));
    CHECK(
        conversion.refused(text, Code::malformed_file).starts_with(conversion.ids + ": the header of the NumPy array"));
  }
}

TEST_CASE("a length that the file does not have") {
  const std::vector<std::uint64_t> ids = {1, 2, 3};
  for (const char* count : {"2", "4", "2305843009213693952", "18446744073709551615", "0"}) {
    WithIds conversion(npy("{'descr': '<u8', 'fortran_order': False, 'shape': (" + std::string(count) + ",)}", ids));
    CHECK(conversion.refused(text, Code::malformed_file).find("bytes behind its NumPy header") != std::string::npos);
  }
  const std::string whole = npy(header(3), ids);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    WithIds conversion(whole.substr(0, size));
    CHECK_FALSE(conversion.refused(text, Code::malformed_file).empty());
  }
}

TEST_CASE("the header's spelling: keys in any order, spaces, L suffixes, either quote") {
  for (const char* dict : {"{\"shape\": (3L,), 'fortran_order': False,'descr':'<u8'}",
                           "{ 'fortran_order' : False , 'descr' : '<u8' , 'shape' : ( 3 , ) , }     \n"}) {
    WithIds conversion(npy(dict, {7, 8, 9}));
    REQUIRE(conversion.run(text).ok());
    CHECK(Table::open(conversion.target())->vocabulary().find(std::uint64_t{8}) == 1);
  }
}
