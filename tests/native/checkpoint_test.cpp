// Training that goes on from a checkpoint gives the same bits as training that never stopped.
#include "rowan/checkpoint.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/native/samples.hpp"
#include "tests/native/training.hpp"
#include "tests/support/files.hpp"

using namespace rowan;

namespace {

constexpr std::string_view default_adam =
    "adam lr=0.001 beta1=0.9 beta2=0.999 eps=1e-08 weight_decay=0 decoupled=false rounding=nearest seed=0";

Table new_table(DType dtype = DType::f32, std::uint64_t rows = 20, std::uint64_t dim = 5) {
  return *Table::create({.rows = rows, .dim = dim, .dtype = dtype, .init = Init::uniform(-1, 1, 7)});
}

const TensorInfo& tensor(const FileInfo& info, std::string_view name) {
  const auto found = std::find_if(info.tensors.begin(), info.tensors.end(),
                                  [&](const TensorInfo& candidate) { return candidate.name == name; });
  REQUIRE(found != info.tensors.end());
  return *found;
}

}  // namespace

TEST_CASE("every algorithm and type goes on with the same bits") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "checkpoint";
  const Engine engine;
  for (const Algorithm& algorithm : test::all_algorithms) {
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
      for (const std::uint64_t dim : {1U, 5U, 64U}) {
        CAPTURE(algorithm.index());
        CAPTURE(to_string(dtype));
        CAPTURE(dim);
        Table table = new_table(dtype, 20, dim);
        const OptimizerOptions options = {.rounding = Rounding::stochastic, .seed = 0x123456789abcdef0};
        Optimizer optimizer = test::new_optimizer(table, algorithm, options);
        for (int step = 0; step < 3; ++step) test::train_step(engine, table, optimizer);
        const auto saved = save_checkpoint(path, table, optimizer, {.overwrite = true});
        REQUIRE_MESSAGE(saved.ok(), saved.error().message);
        CHECK(verify(path).ok());

        auto loaded = load_checkpoint(path);
        REQUIRE_MESSAGE(loaded.ok(), loaded.error().message);
        CHECK(loaded->optimizer.steps() == 3);
        CHECK(loaded->optimizer.algorithm().index() == algorithm.index());
        CHECK(loaded->optimizer.options().seed == options.seed);
        CHECK(loaded->optimizer.options().rounding == options.rounding);
        CHECK(test::content_of(loaded->table, loaded->optimizer) == test::content_of(table, optimizer));
        for (int step = 0; step < 3; ++step) {
          test::train_step(engine, table, optimizer);
          test::train_step(engine, loaded->table, loaded->optimizer);
        }
        CHECK(test::content_of(loaded->table, loaded->optimizer) == test::content_of(table, optimizer));

        // Over the file that is mapped, and the same bytes from either.
        REQUIRE(save_checkpoint(path, loaded->table, loaded->optimizer, {.overwrite = true}).ok());
        REQUIRE(save_checkpoint(folder / "other", table, optimizer, {.overwrite = true}).ok());
        CHECK(test::read_file(path) == test::read_file(folder / "other"));
      }
    }
  }
}

TEST_CASE("a checkpoint is a table file that names its optimizer") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "checkpoint";
  const Engine engine;
  Table table = new_table();
  Optimizer optimizer = test::new_optimizer(table, RowWiseAdam{});
  test::train_step(engine, table, optimizer);
  REQUIRE(save_checkpoint(path, table, optimizer).ok());
  CHECK(save_checkpoint(path, table, optimizer).error().code == Code::already_exists);

  const auto info = inspect(path);
  REQUIRE(info.ok());
  CHECK(info->format_version == "1.2");
  REQUIRE(info->tables.size() == 1);
  CHECK(info->tables[0].optimizer == "row_wise_" + std::string(default_adam));
  CHECK(tensor(*info, "embedding.optimizer.exp_avg").shape == std::vector<std::uint64_t>{20, 5});
  CHECK(tensor(*info, "embedding.optimizer.exp_avg").dtype == "F32");
  CHECK(tensor(*info, "embedding.optimizer.exp_avg_sq").shape == std::vector<std::uint64_t>{20});
  CHECK(tensor(*info, "embedding.optimizer.step").shape == std::vector<std::uint64_t>{1});
  CHECK(tensor(*info, "embedding.optimizer.step").dtype == "U64");
  CHECK(info->tensors.back().name == "rowan.checksum");
  for (const TensorInfo& each : info->tensors) {
    if (!each.name.starts_with("rowan.padding.")) CHECK(each.offset % 64 == 0);
  }

  // The table alone, and published without its optimizer.
  auto opened = Table::open(path);
  REQUIRE(opened.ok());
  REQUIRE(save_tables(folder / "published", {&*opened, 1}).ok());
  CHECK(inspect(folder / "published")->format_version == "1.0");
  CHECK(inspect(folder / "published")->tables[0].optimizer.empty());
  CHECK(load_checkpoint(folder / "published").error().code == Code::not_found);
  CHECK(load_checkpoints(folder / "published").error().code == Code::not_found);
  REQUIRE(save_tables(folder / "created", {&table, 1}).ok());
  CHECK(test::read_file(folder / "published") == test::read_file(folder / "created"));
}

TEST_CASE("a checkpoint is loaded to be read or copied, and not written in place") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "checkpoint";
  Table table = new_table();
  REQUIRE(save_checkpoint(path, table, test::new_optimizer(table, Adam{})).ok());
  const std::string before = test::read_file(path);
  const Error refused = load_checkpoint(path, {}, {.mode = OpenMode::read_write}).error();
  CHECK(refused.message.find("which would be left behind") != std::string::npos);
  CHECK(Table::open(path, {.mode = OpenMode::read_write}).error().message == refused.message);
  CHECK(load_checkpoints(path, {.mode = OpenMode::read_write}).error().message == refused.message);
  auto read = load_checkpoint(path, {}, {.mode = OpenMode::read_only});
  REQUIRE(read.ok());
  CHECK(!read->table.mutable_view().ok());
  auto copied = load_checkpoint(path);
  test::train_step(Engine(), copied->table, copied->optimizer);
  CHECK(test::read_file(path) == before);
}

TEST_CASE("several tables, with keys and padded rows, are one checkpoint") {
  const test::TemporaryFolder folder;
  REQUIRE(test::write_golden(folder / "source").ok());
  auto tables = Table::open_all(folder / "source", {.mode = OpenMode::copy_on_write});
  REQUIRE(tables.ok());
  Table& words = tables->at(0);
  Table& items = tables->at(1);
  Optimizer of_words = test::new_optimizer(words, Adagrad{});
  Optimizer of_items = test::new_optimizer(items, Sgd{.momentum = 0.5F});
  const Engine engine;
  test::train_step(engine, words, of_words);
  for (int step = 0; step < 2; ++step) test::train_step(engine, items, of_items);
  const std::string path = folder / "checkpoint";
  const Trained both[] = {{words, of_words}, {items, of_items}};
  REQUIRE(save_checkpoint(path, both).ok());
  CHECK(verify(path).ok());
  CHECK(inspect(path)->tables[1].row_stride == 64);

  auto loaded = load_checkpoints(path);
  REQUIRE_MESSAGE(loaded.ok(), loaded.error().message);
  REQUIRE(loaded->size() == 2);
  CHECK(test::content_of(loaded->at(0).table, loaded->at(0).optimizer) == test::content_of(words, of_words));
  CHECK(test::content_of(loaded->at(1).table, loaded->at(1).optimizer) == test::content_of(items, of_items));
  for (std::uint64_t row = 0; row < 5; ++row) {
    CHECK(loaded->at(0).table.vocabulary().find(test::golden_keys[row]) == static_cast<std::int64_t>(row));
  }
  CHECK(loaded->at(1).table.vocabulary().find(test::golden_ids[2]) == 2);

  const auto one = load_checkpoint(path, "items");
  REQUIRE(one.ok());
  CHECK(one->optimizer.steps() == 2);
  CHECK(load_checkpoint(path).error().message.find("name one of 'words', 'items'") != std::string::npos);
  CHECK(load_checkpoint(path, "none").error().code == Code::not_found);
}

TEST_CASE("tables of no rows, and names that look like state, are checkpointed") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "checkpoint";
  const Table empty = new_table(DType::f32, 0);
  REQUIRE(save_checkpoint(path, empty, test::new_optimizer(empty, Adam{})).ok());
  CHECK(load_checkpoint(path)->optimizer.state()[0].rows == 0);

  const Table a = *Table::create({.rows = 2, .dim = 2, .name = "a"});
  const Table odd = *Table::create({.rows = 3, .dim = 1, .name = "a.optimizer.sum"});
  const Optimizer of_a = test::new_optimizer(a, Adagrad{});
  const Optimizer of_odd = test::new_optimizer(odd, Adam{});
  const Trained both[] = {{a, of_a}, {odd, of_odd}};
  REQUIRE(save_checkpoint(path, both, {.overwrite = true}).ok());
  CHECK(load_checkpoints(path)->size() == 2);
}

TEST_CASE("an optimizer of another table is refused, and nothing is written") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "checkpoint";
  const Table table = new_table();
  for (const Table& other : {new_table(DType::f32, 21), new_table(DType::f32, 20, 6), new_table(DType::f16)}) {
    const auto saved = save_checkpoint(path, table, test::new_optimizer(other, Adam{}));
    REQUIRE(!saved.ok());
    CHECK(saved.error().code == Code::invalid_argument);
    CHECK(saved.error().message.find("and it has 20 of 5 f32") != std::string::npos);
  }
  CHECK(save_checkpoint(path, {}).error().code == Code::invalid_argument);
  CHECK(std::filesystem::is_empty(folder.path()));
}
