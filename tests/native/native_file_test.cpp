// What a native file must hold beyond being safetensors, and what is said about files that are not native.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include "rowan/table.hpp"
#include "tests/native/samples.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
using namespace std::literals;

namespace {

/// The golden header's JSON with its padding taken off, and the data of the golden file.
struct Parts {
  std::string json;
  std::string data;
};

Parts golden_parts(const std::string& name = "native-1.0.safetensors") {
  const std::string file = test::read_file(ROWAN_GOLDEN_FOLDER "/" + name);
  std::string json = file.substr(8, 4088);
  json.resize(json.find_last_not_of(' ') + 1);
  return {json, file.substr(4096)};
}

Result<std::vector<Table>> open(const std::string& json, const std::string& data) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "t.safetensors", test::sealed(test::safetensors_file(json, data, 4096)));
  return Table::open_all(folder / "t.safetensors");
}

struct Change {
  std::string_view from;
  std::string_view to;
  Code code;
  std::string_view reason;
};

}  // namespace

TEST_CASE("the golden file taken apart and put together again opens") {
  const Parts parts = golden_parts();
  const auto tables = open(parts.json, parts.data);
  REQUIRE_MESSAGE(tables.ok(), tables.error().message);
  CHECK(tables->size() == 2);
}

TEST_CASE("a native file is one wherever its header says so") {
  const Parts parts = golden_parts();
  const auto tables = open("{" + std::string(100'000, ' ') + parts.json.substr(1), parts.data);
  REQUIRE_MESSAGE(tables.ok(), tables.error().message);
  CHECK(tables->size() == 2);
  CHECK(tables->front().vocabulary().kind() != KeyKind::none);  // which a plain safetensors file's tables would have
}

TEST_CASE("each field of a native header that is changed alone is refused by its reason") {
  const Change changes[] = {
      {R"("rowan.format":"1.0")", R"("rowan.format":"2.0")", Code::version_unsupported, "open it with a newer Rowan"},
      {R"("rowan.format":"1.0")", R"("rowan.format":"10.3")", Code::version_unsupported, "has version 10.3"},
      {R"("rowan.format":"1.0")", R"("rowan.format":"1")", Code::malformed_file, "MAJOR.MINOR"},
      {R"("rowan.format":"1.0")", R"("rowan.format":"")", Code::malformed_file, "MAJOR.MINOR"},
      {R"("rowan.format":"1.0")", R"("rowan.format":"0.9")", Code::malformed_file, "MAJOR.MINOR"},
      {R"("rowan.format":"1.0")", R"("rowan.format":"1.0.0")", Code::malformed_file, "MAJOR.MINOR"},
      {R"("rowan.format":"1.0")", R"("rowan.format":"-1.0")", Code::malformed_file, "MAJOR.MINOR"},
      {R"("rowan.dim/items":"5")", R"("rowan.dim/items":"0")", Code::malformed_file, "claims the dim '0'"},
      {R"("rowan.dim/items":"5")", R"("rowan.dim/items":"33")", Code::malformed_file, "claims the dim '33'"},
      {R"("rowan.dim/items":"5")", R"("rowan.dim/items":"5 ")", Code::malformed_file, "claims the dim"},
      {R"("rowan.dim/items":"5")", R"("rowan.dim/items":"18446744073709551616")", Code::malformed_file, "claims"},
      {R"("BF16","shape":[3,32])", R"("U8","shape":[3,64])", Code::format_unsupported, "elements of type U8"},
      {R"("F32","shape":[5,3])", R"("F32","shape":[15])", Code::malformed_file, "not of shape [rows, dim]"},
      {R"("F32","shape":[5,3])", R"("F32","shape":[5,3,1])", Code::malformed_file, "not of shape [rows, dim]"},
      {R"("F32","shape":[5,3])", R"("F32","shape":[3,5])", Code::malformed_file, "has 3 rows and 5 keys"},
      {R"("BF16","shape":[3,32])", R"("F16","shape":[6,16])", Code::malformed_file, "has 6 rows and 3 keys"},
      {"words.keys.bytes", "words.keys.other", Code::malformed_file, "are incomplete"},
      {"words.keys.ends", "words.keys.other", Code::malformed_file, "are incomplete"},
      {"words.keys.ends", "words.keys.ids", Code::malformed_file, "are incomplete"},
      {"words.keys.index", "words.keys.other", Code::malformed_file, "are incomplete"},
      {"items.keys.ids", "items.keys.other", Code::malformed_file, "are incomplete"},
      {"items.keys.ids", "items.keys.ends", Code::malformed_file, "are incomplete"},
      {"items.keys.index", "items.keys.other", Code::malformed_file, "are incomplete"},
      {R"("U64","shape":[5])", R"("U8","shape":[40])", Code::malformed_file, "not a U64 tensor"},
      {R"("U64","shape":[5])", R"("U64","shape":[5,1])", Code::malformed_file, "one dimension"},
      {R"("U64","shape":[8])", R"("U8","shape":[64])", Code::malformed_file, "not a U64 tensor"},
      {"rowan.checksum", "rowan.checksun", Code::malformed_file, "last tensor is not rowan.checksum"},
      {R"("U64","shape":[2])", R"("U8","shape":[16])", Code::malformed_file, "rowan.checksum is not U64 [2]"},
      {R"("U64","shape":[2])", R"("U64","shape":[1,2])", Code::malformed_file, "rowan.checksum is not U64 [2]"},
  };
  const Parts parts = golden_parts();
  for (const Change& change : changes) {
    CAPTURE(change.to);
    const auto tables = open(test::with_replaced(parts.json, change.from, change.to), parts.data);
    CHECK(!tables.ok());
    if (tables.ok()) continue;
    CAPTURE(tables.error().message);
    CHECK(tables.error().code == change.code);
    CHECK(tables.error().message.find(change.reason) != std::string::npos);
  }
}

TEST_CASE("each field of quantised and f8 tables that is changed alone is refused by its reason") {
  const Change changes[] = {
      {R"("rowan.dtype/bytes":"i8")", R"("rowan.dtype/bytes":"i4")", Code::ok, ""},  // shorter rows with padding
      {R"("rowan.dtype/bytes":"i8")", R"("rowan.dtype/bytes":"i16")", Code::format_unsupported, "quantised as 'i16'"},
      {R"("rowan.dtype/bytes":"i8")", R"("rowan.dtype/bytes":"f32")", Code::format_unsupported, "quantised as 'f32'"},
      {R"("rowan.dtype/bytes":"i8")", R"("rowan.dtype/bytes":"")", Code::format_unsupported, "quantised as ''"},
      {R"("rowan.dtype/bytes":"i8")", R"("rowan.other/bytes":"i8")", Code::format_unsupported, "elements of type U8"},
      {R"("rowan.dtype/bytes":"i8")", R"("rowan.dtype/e4m3":"i8")", Code::malformed_file, "claims the element type"},
      {R"("rowan.dtype/pairs":"i2")", R"("rowan.dtype/pairs":"i4")", Code::malformed_file, "claims the dim '5'"},
      {R"("rowan.dim/bytes":"3")", R"("rowan.other/bytes":"3")", Code::malformed_file, "no rowan.dim/bytes"},
      {R"("rowan.dim/bytes":"3")", R"("rowan.dim/bytes":"4")", Code::malformed_file, "claims the dim '4'"},
      {R"("rowan.dim/bytes":"3")", R"("rowan.dim/bytes":"0")", Code::malformed_file, "claims the dim '0'"},
      {R"("rowan.dim/bytes":"3")", R"("rowan.dim/bytes":"-3")", Code::malformed_file, "claims the dim '-3'"},
      {R"("rowan.dim/bytes":"3")", R"("rowan.dim/bytes":"18446744073709551615")", Code::malformed_file, "claims"},
      {R"("rowan.dim/pairs":"5")", R"("rowan.dim/pairs":"9")", Code::malformed_file, "claims the dim '9'"},
      {R"("rowan.dim/pairs":"5")", R"("rowan.dim/pairs":"4611686018427387904")", Code::malformed_file, "claims"},
      {R"("rowan.dim/nibbles":"5")", R"("rowan.dim/nibbles":"121")", Code::malformed_file, "claims the dim '121'"},
      {R"("rowan.dim/nibbles":"5")", R"("rowan.dim/nibbles":"120")", Code::ok, ""},  // as many as 60 bytes hold
      {R"("rowan.dim/e5m2":"3")", R"("rowan.dim/e5m2":"65")", Code::malformed_file, "claims the dim '65'"},
      {R"("U8","shape":[2,11])", R"("U8","shape":[22])", Code::malformed_file, "not of shape [rows, dim]"},
      {R"("U8","shape":[2,11])", R"("U8","shape":[22,1])", Code::malformed_file, "claims the dim '3'"},
      {R"("U8","shape":[2,11])", R"("U8","shape":[1,22])", Code::malformed_file, "has 1 rows and 2 keys"},
      {R"("U8","shape":[2,11])", R"("I8","shape":[2,11])", Code::format_unsupported, "elements of type I8"},
      {R"("F8_E4M3","shape":[2,3])", R"("F8_E8M0","shape":[2,3])", Code::format_unsupported, "of type F8_E8M0"},
      {R"("F8_E4M3","shape":[2,3])", R"("F8_E4M3","shape":[6,0])", Code::malformed_file, "shape and dtype contradict"},
  };
  const Parts parts = golden_parts("native-1.1.safetensors");
  for (const Change& change : changes) {
    CAPTURE(change.to);
    const auto tables = open(test::with_replaced(parts.json, change.from, change.to), parts.data);
    CHECK(tables.ok() == (change.code == Code::ok));
    if (tables.ok()) continue;
    CAPTURE(tables.error().message);
    CHECK(tables.error().code == change.code);
    CHECK(tables.error().message.find(change.reason) != std::string::npos);
  }
}

TEST_CASE("an index of too few or too many slots is refused") {
  const Parts parts = golden_parts();
  for (const std::string_view slots : {"4", "7", "12"}) {
    // The index of the last table is made longer or shorter, and the checksum moves with it.
    const std::uint64_t count = std::stoull(std::string(slots));
    const std::string end = std::to_string(512 + 8 * count);
    std::string json = test::with_replaced(parts.json, R"([8],"data_offsets":[512,576])",
                                           "["s + std::string(slots) + R"(],"data_offsets":[512,)" + end + "]");
    json = test::with_replaced(json, "[576,592]", "["s + end + "," + std::to_string(528 + 8 * count) + "]");
    const auto tables = open(json, parts.data.substr(0, 512) + std::string(8 * count + 16, '\0'));
    REQUIRE(!tables.ok());
    CHECK(tables.error().message.find("slots") != std::string::npos);
  }
}

TEST_CASE("a newer minor version with tensors and metadata of its own opens") {
  const Parts parts = golden_parts();
  std::string json =
      test::with_replaced(parts.json, R"("rowan.format":"1.0")", R"("rowan.format":"1.7","rowan.new":"x")");
  json = test::with_replaced(json, "rowan.padding.0", "rowan.something.new");
  const auto tables = open(json, parts.data);
  REQUIRE_MESSAGE(tables.ok(), tables.error().message);
  CHECK(tables->size() == 2);
}

TEST_CASE("a header that does not match its checksum is refused at open") {
  const test::TemporaryFolder folder;
  std::string file = test::read_file(ROWAN_GOLDEN_FOLDER "/native-1.0.safetensors");
  file[4000] = '\n';  // white space, as before
  test::write_file(folder / "t.safetensors", file);
  const auto table = Table::open_all(folder / "t.safetensors");
  REQUIRE(!table.ok());
  CHECK(table.error().code == Code::checksum_mismatch);
}

TEST_CASE("tables are found by name") {
  const std::string path = ROWAN_GOLDEN_FOLDER "/native-1.0.safetensors";
  CHECK(Table::open(path, "items").value().dim() == 5);
  const auto unnamed = Table::open(path);
  REQUIRE(!unnamed.ok());
  CHECK(unnamed.error().code == Code::invalid_argument);
  CHECK(unnamed.error().message.find("name one of 'words', 'items'") != std::string::npos);
  const auto missing = Table::open(path, "word");
  REQUIRE(!missing.ok());
  CHECK(missing.error().code == Code::not_found);
  CHECK(missing.error().message.find("it has 'words', 'items'") != std::string::npos);
}

TEST_CASE("paths that lead to no file are refused") {
  const test::TemporaryFolder folder;
  CHECK(Table::open(folder / "absent").error().code == Code::not_found);
  CHECK(Table::open(folder.path().string()).error().message.ends_with("is a folder, not a file"));
  CHECK(Table::open("/dev/null").error().code == Code::invalid_argument);
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(Table::open(folder / "pipe").error().code == Code::invalid_argument);
  CHECK(inspect(folder / "absent").error().code == Code::not_found);
  CHECK(verify(folder / "absent").error().code == Code::not_found);
}

TEST_CASE("a table stays readable when its file is removed or replaced by name") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "t.safetensors";
  REQUIRE(test::write_golden(path).ok());
  const auto table = Table::open(path, "items");
  REQUIRE(table.ok());
  REQUIRE(create_table_file(path, {.rows = 3, .dim = 2}, {.overwrite = true}).ok());
  CHECK(table->vocabulary().find(std::uint64_t{42}) == 0);
  CHECK(Table::open(path).value().dim() == 2);
}
