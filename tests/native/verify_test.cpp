// verify() finds damage in every region of a large file, and keys that contradict their index.
#include <doctest/doctest.h>

#include "rowan/table.hpp"
#include "tests/native/samples.hpp"
#include "tests/support/files.hpp"

using namespace rowan;

namespace {

/// Two keyed tables over several blocks of checksums, with padded rows in one.
std::string large_file(const test::TemporaryFolder& folder) {
  const std::string path = folder / "large.safetensors";
  auto writer = TableWriter::create(path, {{.name = "words", .dim = 25, .keys = KeyKind::bytes, .pad_rows = true},
                                           {.name = "ids", .dim = 3, .keys = KeyKind::u64}});
  REQUIRE(writer.ok());
  constexpr std::size_t rows = 30'001;
  const std::vector<float> values(rows * 25, 2.0F);
  std::vector<std::string> text;
  std::vector<std::uint64_t> ids;
  for (std::size_t row = 0; row < rows; ++row) {
    text.push_back(std::to_string(row));
    ids.push_back(row);
  }
  const std::vector<std::string_view> keys(text.begin(), text.end());
  REQUIRE(writer->append(0, values, keys).ok());
  REQUIRE(writer->append(1, std::span(values).first(rows * 3), ids).ok());
  REQUIRE(writer->publish().ok());
  return path;
}

std::uint64_t offset_of(const FileInfo& info, std::string_view name) {
  for (const TensorInfo& tensor : info.tensors) {
    if (tensor.name == name) return tensor.offset;
  }
  FAIL("no tensor " << name);
  return 0;
}

/// The golden file with one number of its data changed and all checksums made to fit.
std::string resealed(const test::TemporaryFolder& folder, std::size_t at_in_data, std::uint64_t value) {
  std::string file = test::read_file(ROWAN_GOLDEN_FOLDER "/native-1.0.safetensors");
  std::memcpy(file.data() + 4096 + at_in_data, &value, 8);
  const std::string path = folder / "resealed.safetensors";
  test::write_file(path, test::sealed(file));
  return path;
}

}  // namespace

TEST_CASE("a sound file is verified, and says how much of it was") {
  const test::TemporaryFolder folder;
  const std::string path = large_file(folder);
  for (const Threads threads : {Threads::caller(), Threads::own(2)}) {
    const auto report = verify(path, threads);
    REQUIRE_MESSAGE(report.ok(), report.error().message);
    const std::uint64_t size = test::read_file(path).size();
    CHECK(report->blocks >= 6);
    CHECK(report->bytes == size - 8 * report->blocks);
  }
}

TEST_CASE("a changed byte is found in every region and the block is named") {
  const test::TemporaryFolder folder;
  const std::string path = large_file(folder);
  const std::string whole = test::read_file(path);
  const auto info = inspect(path);
  REQUIRE(info.ok());
  for (const TensorInfo& tensor : info->tensors) {
    CAPTURE(tensor.name);
    for (const std::uint64_t at : {tensor.offset, tensor.offset + tensor.bytes / 2, tensor.offset + tensor.bytes - 1}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
      test::write_file(path, damaged);
      const auto report = verify(path);
      REQUIRE(!report.ok());
      CHECK(report.error().code == Code::checksum_mismatch);
      const std::uint64_t block = (at - info->data_offset) / detail::checksum_block;
      if (tensor.name == "rowan.checksum") continue;
      CHECK(report.error().message.find("block " + std::to_string(block) + " of the data") != std::string::npos);
      CHECK(report.error().message.find(tensor.name) != std::string::npos);
    }
  }
}

TEST_CASE("keys that contradict the index are found under right checksums") {
  const test::TemporaryFolder folder;
  const auto info = inspect(ROWAN_GOLDEN_FOLDER "/native-1.0.safetensors");
  REQUIRE(info.ok());
  const std::uint64_t ids = offset_of(*info, "items.keys.ids") - 4096;
  const std::uint64_t ends = offset_of(*info, "words.keys.ends") - 4096;
  CHECK(verify(resealed(folder, ids, 42)).ok());  // what it was

  const auto unfindable = verify(resealed(folder, ids + 8, 1));
  REQUIRE(!unfindable.ok());
  CHECK(unfindable.error().message.find("row 1 of table 'items' has a key that the index does not find") !=
        std::string::npos);
  // Of two rows with one key the index finds the first, and has one entry for both.
  const auto shared = verify(resealed(folder, ids + 16, 42));
  REQUIRE(!shared.ok());
  CHECK(shared.error().message.find("the index of table 'items' has 3 entries for 2 keys") != std::string::npos);
  // An entry that no row needs makes searches longer: eight slots, three rows, so one of the last five is free.
  const std::uint64_t slots = offset_of(*info, "items.keys.index") - 4096;
  int refused = 0;
  for (std::uint64_t slot = 0; slot < 8; ++slot) {
    const auto report = verify(resealed(folder, slots + 8 * slot, std::uint64_t{0xABCDEF} << 40 | 1));
    REQUIRE(!report.ok());
    refused += report.error().message.find("has 4 entries for 3 keys") != std::string::npos ? 1 : 0;
  }
  CHECK(refused == 5);
  for (const std::uint64_t end : {std::uint64_t{1000}, UINT64_MAX, std::uint64_t{0}}) {
    const auto misplaced = verify(resealed(folder, ends + 8, end));
    REQUIRE(!misplaced.ok());
    CHECK(misplaced.error().code == Code::malformed_file);
    CHECK(misplaced.error().message.find("table 'words'") != std::string::npos);
  }
}
