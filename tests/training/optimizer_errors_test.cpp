// Optimizers that cannot be made, tables that cannot learn, steps and norms that cannot be taken.
#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "rowan/file.hpp"
#include "rowan/table.hpp"
#include "tests/support/files.hpp"
#include "tests/support/random_tables.hpp"
#include "tests/training/refusals.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

const std::vector<std::int64_t> three = {1, 5, 9};
const std::vector<float> twelve(12, 0.5F);

}  // namespace

TEST_CASE("hyper-parameters that are none, and the sentence that says so") {
  const std::vector<float> values(8, 1.0F);
  const TableView table = *TableView::over(values, 4);
  struct Case {
    Algorithm algorithm;
    const char* sentence;
  };
  const Case wrong[] = {
      {Sgd{.lr = not_a_number}, "Sgd's lr is nan; it must be finite and at least 0"},
      {Sgd{.lr = -1.0F}, "Sgd's lr is -1; it must be finite and at least 0"},
      {Sgd{.lr = infinity}, "Sgd's lr is inf; it must be finite and at least 0"},
      {Sgd{.momentum = -0.5F}, "Sgd's momentum is -0.5; it must be finite and at least 0"},
      {Sgd{.momentum = not_a_number}, "Sgd's momentum is nan; it must be finite and at least 0"},
      {Sgd{.nesterov = true}, "nesterov needs a momentum greater than 0"},
      {Sgd{.weight_decay = {.rate = -1.0F}}, "Sgd's weight_decay is -1; it must be finite and at least 0"},
      {Sgd{.weight_decay = {.rate = not_a_number, .decoupled = true}},
       "Sgd's weight_decay is nan; it must be finite and at least 0"},
      {Adagrad{.lr = -infinity}, "Adagrad's lr is -inf; it must be finite and at least 0"},
      {Adagrad{.lr_decay = -1.0F}, "Adagrad's lr_decay is -1; it must be finite and at least 0"},
      {Adagrad{.eps = not_a_number}, "Adagrad's eps is nan; it must be finite and at least 0"},
      {Adagrad{.initial_accumulator_value = -1.0F},
       "Adagrad's initial_accumulator_value is -1; it must be finite and at least 0"},
      {RowWiseAdagrad{.lr = not_a_number}, "RowWiseAdagrad's lr is nan; it must be finite and at least 0"},
      {RowWiseAdagrad{.eps = -1.0F}, "RowWiseAdagrad's eps is -1; it must be finite and at least 0"},
      {RowWiseAdagrad{.initial_accumulator_value = infinity},
       "RowWiseAdagrad's initial_accumulator_value is inf; it must be finite and at least 0"},
      {Adam{.beta1 = 1.0F}, "Adam's beta1 is 1; it must be in [0, 1)"},
      {Adam{.beta1 = -0.5F}, "Adam's beta1 is -0.5; it must be in [0, 1)"},
      {Adam{.beta2 = not_a_number}, "Adam's beta2 is nan; it must be in [0, 1)"},
      {Adam{.eps = -1.0F}, "Adam's eps is -1; it must be finite and at least 0"},
      {RowWiseAdam{.beta2 = 1.5F}, "RowWiseAdam's beta2 is 1.5; it must be in [0, 1)"},
      {RmsProp{.alpha = -1.0F}, "RmsProp's alpha is -1; it must be finite and at least 0"},
      {RmsProp{.eps = infinity}, "RmsProp's eps is inf; it must be finite and at least 0"},
      {Ftrl{.lr = 0.0F}, "Ftrl's lr is 0; it must be finite and greater than 0"},
      {Ftrl{.beta = not_a_number}, "Ftrl's beta is nan; it must be finite and at least 0"},
      {Ftrl{.l1 = -1.0F}, "Ftrl's l1 is -1; it must be finite and at least 0"},
      {Ftrl{.l2 = infinity}, "Ftrl's l2 is inf; it must be finite and at least 0"},
      {Ftrl{.initial_accumulator_value = not_a_number},
       "Ftrl's initial_accumulator_value is nan; it must be finite and at least 0"},
  };
  for (const Case& c : wrong) {
    const Result<Optimizer> made = Optimizer::create(table, c.algorithm);
    REQUIRE_MESSAGE(!made.ok(), c.sentence);
    CHECK(made.error().code == Code::invalid_argument);
    CHECK(made.error().message == c.sentence);
  }
  CHECK(!Optimizer::create(table, Sgd{}, {.rounding = static_cast<Rounding>(2)}).ok());
}

TEST_CASE("tables that cannot learn") {
  Random random(1);
  const Engine engine;
  Workspace workspace;
  for (const DType dtype : all_dtypes) {
    const RandomTable table(random, 10, 4, dtype);
    std::vector<std::byte> bytes(table.view().data(), table.view().data() + 10 * table.view().row_stride());
    const std::vector<std::byte> before = bytes;
    const MutableTableView view = *MutableTableView::over(bytes, 10, 4, dtype);
    const Result<Optimizer> made = Optimizer::create(view, Sgd{});
    const bool learns = dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16;
    CHECK(made.ok() == learns);
    if (learns) continue;
    CHECK(made.error().code == Code::not_trainable);
    CHECK(made.error().message == "tables of type " + std::string(to_string(dtype)) +
                                      " cannot be trained; f32, f16 and bf16 can: convert it first");
    const Status status = engine.renormalize(view, three, {.max_norm = 0.0F}, workspace);
    check_same(status, reference::renormalize(view, three, {.max_norm = 0.0F}));
    CHECK(status.code == Code::not_trainable);
    CHECK(status.value == static_cast<std::int64_t>(dtype));
    CHECK(bytes == before);
  }
}

TEST_CASE("an optimizer steps the table that it was made for, and no other") {
  RefusedTraining f;
  const LookupGradient lookup = LookupGradient::of_embedding(three, twelve);
  for (const auto& [rows, dim, dtype] : {std::tuple{11, 4, DType::f32},
                                         {10, 5, DType::f32},
                                         {10, 4, DType::f16},
                                         {10, 4, DType::bf16},
                                         {10, 4, DType::i8}}) {
    std::vector<std::byte> bytes(1000);
    const MutableTableView other =
        *MutableTableView::over(bytes, static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(dim), dtype);
    const Status status = f.optimizer.step(f.engine, other, lookup);
    CHECK(status.code == Code::optimizer_mismatch);
    CHECK(status.position == 10);
    CHECK(status.value == 4);
    CHECK(status.message() ==
          "the optimizer or gradient is that of a table of 10 rows of 4 columns, or of another type: not of this one");
    check_same(status, f.optimizer.step(f.engine, other, f.gradient));
    CHECK(bytes == std::vector<std::byte>(1000));
    f.check_untouched();
  }
}

TEST_CASE("options that no step can be taken with") {
  struct Case {
    StepOptions options;
    std::int64_t which;
    const char* sentence;
  };
  const Case wrong[] = {
      {{.lr = not_a_number}, 0, "lr"},
      {{.lr = -1.0F}, 0, "lr"},
      {{.lr = infinity}, 0, "lr"},
      {{.scale = not_a_number}, 1, "scale"},
      {{.scale = infinity}, 1, "scale"},
      {{.scale = -infinity}, 1, "scale"},
      {{.clip_value = not_a_number}, 2, "clip_value"},
      {{.clip_value = -1.0F}, 2, "clip_value"},
      {{.clip_norm = not_a_number}, 3, "clip_norm"},
      {{.clip_norm = -1e-30F}, 3, "clip_norm"},
  };
  const Algorithm algorithms[] = {Sgd{},  Sgd{.momentum = 0.9F}, Adagrad{}, RowWiseAdagrad{},
                                  Adam{}, RowWiseAdam{},         RmsProp{}, Ftrl{}};
  for (const Algorithm& algorithm : algorithms) {
    RefusedTraining f(algorithm);
    const LookupGradient lookup = LookupGradient::of_embedding(three, twelve);
    for (const Case& c : wrong) {
      const Status status = f.refused_step(f.gradient, c.options);
      CHECK(status.code == Code::step_option);
      CHECK(status.value == c.which);
      CHECK(status.message().starts_with(std::string(c.sentence) + " is not a number that a step can be taken with"));
      check_same(status, f.optimizer.step(f.engine, f.table, lookup, c.options));
      f.check_untouched();
    }
  }
  RefusedTraining ftrl{Ftrl{}};
  CHECK(ftrl.refused_step(ftrl.gradient, {.lr = 0.0F}).value == 0);
}

TEST_CASE("norms and indices that rows cannot be brought back by") {
  RefusedTraining f;
  Workspace workspace;
  for (const float bad : {not_a_number, -1.0F, -infinity}) {
    const Status status = f.engine.renormalize(f.table, three, {.max_norm = bad}, workspace);
    CHECK(status.code == Code::step_option);
    CHECK(status.value == 4);
    CHECK(status.message() == "max_norm is not a number that a step can be taken with; it must be at least 0");
    check_same(status, reference::renormalize(f.table, three, {.max_norm = bad}));
  }
  const MaxNorm unknown{.norm_type = static_cast<MaxNorm::Type>(3)};
  CHECK(!f.engine.renormalize(f.table, three, unknown, workspace).ok());
  const std::vector<std::int64_t> beyond = {1, 5, 10, 2};
  const Status status = f.engine.renormalize(f.table, beyond, {.max_norm = 0.1F}, workspace);
  CHECK(status.code == Code::index_out_of_range);
  CHECK(status.bag == Status::no_bag);
  CHECK(status.position == 2);
  CHECK(status.value == 10);
  check_same(status, reference::renormalize(f.table, beyond, {.max_norm = 0.1F}));
  f.check_untouched();
}

TEST_CASE("a table that is read-only gives no view to write through") {
  const TemporaryFolder folder;
  const std::string path = folder / "table.safetensors";
  Table made = std::move(Table::create({.rows = 10, .dim = 4})).value();
  CHECK(made.mutable_view().ok());
  REQUIRE(save_tables(path, std::span(&made, 1)).ok());
  Table opened = std::move(Table::open(path)).value();
  const Result<MutableTableView> view = opened.mutable_view();
  REQUIRE(!view.ok());
  CHECK(view.error().code == Code::invalid_argument);
  CHECK(view.error().message.find("is read-only") != std::string::npos);
}

TEST_CASE("the reference takes copies of the optimizer's own shapes, and no others") {
  RefusedTraining f(Adam{});
  std::vector<float> first(40), second(40), narrow(39);
  const std::span<float> both[] = {first, second};
  const std::span<float> wrong[] = {first, narrow};
  const reference::Gradient gradient{.rows = {3}, .values = {1, 2, 3, 4}};
  const reference::Gradient ragged{.rows = {3}, .values = {1, 2, 3}};
  CHECK(reference::step(f.optimizer, f.table, wrong, gradient).code == Code::optimizer_mismatch);
  CHECK(reference::step(f.optimizer, f.table, std::span(both).first(1), gradient).code == Code::optimizer_mismatch);
  CHECK(reference::step(f.optimizer, f.table, both, ragged).code == Code::optimizer_mismatch);
  f.check_untouched();
  CHECK(reference::step(f.optimizer, f.table, both, gradient).ok());
  CHECK(f.optimizer.steps() == 1);
}
