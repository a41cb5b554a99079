// The committed files of every format version read as they always did, and are what is written today.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "rowan/table.hpp"
#include "simd/scalar.hpp"
#include "tests/native/samples.hpp"
#include "tests/support/files.hpp"

using namespace rowan;

namespace {
const std::string golden_path = ROWAN_GOLDEN_FOLDER "/native-1.0.safetensors";
const std::string golden_1_1_path = ROWAN_GOLDEN_FOLDER "/native-1.1.safetensors";
const std::string golden_1_2_path = ROWAN_GOLDEN_FOLDER "/native-1.2.safetensors";
const std::string paths[] = {golden_path, golden_1_1_path};
const std::string all_paths[] = {golden_path, golden_1_1_path, golden_1_2_path};

/// The rows of a table, one behind the other.
std::vector<float> values_of(const Table& table) {
  std::vector<float> values(table.rows() * table.dim());
  for (std::uint64_t row = 0; row < table.rows(); ++row) {
    simd::decode_row(static_cast<simd::Element>(table.dtype()), table.view().data() + row * table.row_stride(),
                     table.dim(), values.data() + row * table.dim());
  }
  return values;
}
}  // namespace

TEST_CASE("every value and key of the golden file is read") {
  const auto tables = Table::open_all(golden_path);
  REQUIRE_MESSAGE(tables.ok(), tables.error().message);
  REQUIRE(tables->size() == 2);
  const Table& words = tables->at(0);
  CHECK(words.name() == "words");
  REQUIRE(words.rows() == 5);
  REQUIRE(words.dim() == 3);
  CHECK(words.row_stride() == 12);
  CHECK(words.dtype() == DType::f32);
  CHECK(std::memcmp(words.view().data(), test::golden_words.data(), 15 * sizeof(float)) == 0);
  for (std::uint64_t row = 0; row < 5; ++row) {
    CHECK(words.vocabulary().key(row) == test::golden_keys[row]);
    CHECK(words.vocabulary().find(test::golden_keys[row]) == static_cast<std::int64_t>(row));
  }
  CHECK(words.vocabulary().find("The") == -1);

  const Table& items = tables->at(1);
  CHECK(items.name() == "items");
  REQUIRE(items.rows() == 3);
  REQUIRE(items.dim() == 5);
  CHECK(items.row_stride() == 64);
  CHECK(items.dtype() == DType::bf16);
  for (std::uint64_t row = 0; row < 3; ++row) {
    const std::byte* at = items.view().data() + row * items.row_stride();
    for (std::uint64_t c = 0; c < 5; ++c) {
      CHECK(simd::decode(simd::Element::bf16, at, 5, c) == test::golden_items[row * 5 + c]);
    }
    CHECK(items.vocabulary().id(row) == test::golden_ids[row]);
    CHECK(items.vocabulary().find(test::golden_ids[row]) == static_cast<std::int64_t>(row));
  }
  CHECK(items.vocabulary().find(std::uint64_t{43}) == -1);
  CHECK(verify(golden_path).ok());
}

TEST_CASE("every value and key of the golden file of version 1.1 is read") {
  const auto tables = Table::open_all(golden_1_1_path);
  REQUIRE_MESSAGE(tables.ok(), tables.error().message);
  REQUIRE(tables->size() == 5);
  const DType dtypes[] = {DType::f8_e4m3, DType::f8_e5m2, DType::i8, DType::i4, DType::i2};
  const std::uint64_t strides[] = {3, 64, 11, 64, 6};
  for (std::size_t i = 0; i < 5; ++i) {
    CAPTURE(i);
    CHECK(tables->at(i).dtype() == dtypes[i]);
    CHECK(tables->at(i).rows() == 2);
    CHECK(tables->at(i).dim() == (i < 3 ? 3 : 5));
    CHECK(tables->at(i).row_stride() == strides[i]);
  }
  CHECK(values_of(tables->at(0)) == test::golden_small);
  CHECK(values_of(tables->at(1)) == std::vector<float>{448, -0.001953125F, 0.5F, 0, 2, 16});
  const std::vector<float> bytes = values_of(tables->at(2));
  for (std::size_t i = 0; i < 6; ++i) CHECK(std::abs(bytes[i] - test::golden_small[i]) <= (i < 3 ? 0.89F : 0.036F));
  // A step of 4/15 in f16, and one of 4/3.
  const std::vector<float> nibbles = values_of(tables->at(3));
  const std::vector<float> pairs = values_of(tables->at(4));
  for (std::size_t i = 0; i < 10; ++i) {
    CHECK(std::abs(nibbles[i] - test::golden_items[i]) <= 0.135F);
    CHECK(std::abs(pairs[i] - test::golden_items[i]) <= 0.67F);
  }
  CHECK(tables->at(2).vocabulary().find(test::golden_keys[1]) == 1);
  CHECK(tables->at(3).vocabulary().find(test::golden_ids[1]) == 1);
  CHECK(inspect(golden_1_1_path)->format_version == "1.1");
  CHECK(verify(golden_1_1_path).ok());
}

TEST_CASE("every table and optimizer of the golden checkpoint is read") {
  const auto checkpoints = load_checkpoints(golden_1_2_path);
  REQUIRE_MESSAGE(checkpoints.ok(), checkpoints.error().message);
  REQUIRE(checkpoints->size() == 2);
  CHECK(values_of(checkpoints->at(0).table) == test::golden_words);
  CHECK(values_of(checkpoints->at(1).table) == test::golden_items);
  CHECK(checkpoints->at(1).table.vocabulary().find(test::golden_ids[1]) == 1);
  const auto& adam = std::get<Adam>(checkpoints->at(0).optimizer.algorithm());
  CHECK(adam.lr == 0.0021F);
  CHECK(adam.beta1 == 0.9F);
  CHECK(adam.beta2 == 0.998F);
  CHECK(adam.eps == 1e-8F);
  CHECK(adam.weight_decay.rate == 0.1F);
  CHECK(adam.weight_decay.decoupled);
  CHECK(std::get<RowWiseAdagrad>(checkpoints->at(1).optimizer.algorithm()).lr == 1.0F / 3.0F);
  for (const Checkpoint& checkpoint : *checkpoints) {
    CHECK(checkpoint.optimizer.steps() == test::golden_steps);
    CHECK(checkpoint.optimizer.options().rounding == Rounding::stochastic);
    CHECK(checkpoint.optimizer.options().seed == UINT64_MAX);
    for (const StateTensor& state : checkpoint.optimizer.state()) {
      for (std::size_t i = 0; i < state.values.size(); ++i) CHECK(state.values[i] == test::golden_state(i));
    }
  }
  const auto info = inspect(golden_1_2_path);
  CHECK(info->format_version == "1.2");
  CHECK(info->tables[0].optimizer ==
        "adam lr=0.0021 beta1=0.9 beta2=0.998 eps=1e-08 weight_decay=0.1 decoupled=true rounding=stochastic "
        "seed=18446744073709551615");
  CHECK(info->tables[1].optimizer ==
        "row_wise_adagrad lr=0.33333334 eps=1e-10 initial_accumulator_value=0 weight_decay=0 decoupled=false "
        "rounding=stochastic seed=18446744073709551615");
  CHECK(verify(golden_1_2_path).ok());
}

TEST_CASE("writing the golden tables again gives the same bytes") {
  const test::TemporaryFolder folder;
  const auto report = test::write_golden(folder / "again.safetensors");
  REQUIRE_MESSAGE(report.ok(), report.error().message);
  CHECK(test::read_file(folder / "again.safetensors") == test::read_file(golden_path));
  const auto newer = test::write_golden_1_1(folder / "newer.safetensors");
  REQUIRE_MESSAGE(newer.ok(), newer.error().message);
  CHECK(test::read_file(folder / "newer.safetensors") == test::read_file(golden_1_1_path));
  const auto newest = test::write_golden_1_2(folder / "newest.safetensors", *Table::open_all(golden_path));
  REQUIRE_MESSAGE(newest.ok(), newest.error().message);
  CHECK(test::read_file(folder / "newest.safetensors") == test::read_file(golden_1_2_path));
}

TEST_CASE("saving the tables of a golden file gives the same bytes") {
  const test::TemporaryFolder folder;
  for (const std::string& path : paths) {
    const auto tables = Table::open_all(path);
    REQUIRE(tables.ok());
    REQUIRE(save_tables(folder / "saved.safetensors", *tables, {.overwrite = true}).ok());
    CHECK(test::read_file(folder / "saved.safetensors") == test::read_file(path));
  }
}

TEST_CASE("the golden file is described") {
  const auto info = inspect(golden_path);
  REQUIRE(info.ok());
  CHECK(info->format_version == "1.0");
  CHECK(info->data_offset == 4096);
  CHECK(info->file_bytes == test::read_file(golden_path).size());
  REQUIRE(info->tables.size() == 2);
  CHECK(info->tables[1].name == "items");
  CHECK(info->tables[1].dim == 5);
  CHECK(info->tables[1].row_stride == 64);
  CHECK(info->tables[1].keys == KeyKind::u64);
  for (const TensorInfo& tensor : info->tensors) {
    if (!tensor.name.starts_with("rowan.padding.")) CHECK(tensor.offset % 64 == 0);
  }
  CHECK(info->tensors.back().name == "rowan.checksum");
}

TEST_CASE("a golden file cut at any byte is refused") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "cut.safetensors";
  for (const std::string& golden : all_paths) {
    const std::string whole = test::read_file(golden);
    test::write_file(path, whole);
    std::size_t accepted = 0;
    for (std::size_t size = whole.size(); size-- > 0;) {
      std::filesystem::resize_file(path, size);
      accepted += Table::open_all(path).ok() ? 1 : 0;
    }
    CHECK(accepted == 0);
  }
}

TEST_CASE("verify finds a change in any byte of a golden file") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "changed.safetensors";
  for (const std::string& golden : all_paths) {
    const std::string whole = test::read_file(golden);
    test::write_file(path, whole);
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    const auto put = [&](std::size_t at, char byte) { file.seekp(static_cast<std::streamoff>(at)).put(byte).flush(); };
    std::size_t unnoticed = 0;
    for (std::size_t i = 0; i < whole.size(); ++i) {
      put(i, static_cast<char>(whole[i] ^ (1 << (i % 8))));
      unnoticed += verify(path).ok() ? 1 : 0;
      put(i, whole[i]);
    }
    CHECK(unnoticed == 0);
    CHECK(verify(path).ok());
  }
}
