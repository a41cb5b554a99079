// Checkpoints whose state, hyper-parameters or bytes are not what they should be.
#include <doctest/doctest.h>

#include <fstream>
#include <random>
#include <string>

#include "rowan/checkpoint.hpp"
#include "tests/native/samples.hpp"
#include "tests/native/training.hpp"
#include "tests/support/effort.hpp"
#include "tests/support/files.hpp"

using namespace rowan;

namespace {

/// Four rows of three, trained with Adam.
std::string small_checkpoint(const test::TemporaryFolder& folder) {
  const std::string path = folder / "checkpoint";
  Table table = *Table::create({.rows = 4, .dim = 3, .init = Init::uniform(-1, 1, 7)});
  Optimizer optimizer = test::new_optimizer(table, Adam{});
  test::train_step(Engine(), table, optimizer);
  REQUIRE(save_checkpoint(path, table, optimizer, {.overwrite = true}).ok());
  return path;
}

/// The file with a part of its header replaced, under right checksums.
std::string edited(const std::string& file, std::string_view from, std::string_view to) {
  const std::size_t header = 4096;
  std::string json = file.substr(8, header - 8);
  json.resize(json.find_last_not_of(' ') + 1);
  json = test::with_replaced(json, from, to);
  json.resize(header - 8, ' ');
  return test::sealed(file.substr(0, 8) + json + file.substr(header));
}

struct Edit {
  std::string_view from;
  std::string_view to;
  std::string_view reason;
  Code code = Code::malformed_file;
};

}  // namespace

TEST_CASE("hyper-parameters that are wrong are refused by name") {
  const test::TemporaryFolder folder;
  const std::string path = small_checkpoint(folder);
  const std::string whole = test::read_file(path);
  const Edit edits[] = {
      {"adam lr", "nadam lr", "there is no optimizer 'nadam'", Code::format_unsupported},
      {"adam lr", "Adam lr", "there is no optimizer 'Adam'", Code::format_unsupported},
      {"adam lr", " lr", "there is no optimizer ''", Code::format_unsupported},
      {"lr=0.001", "lr=nan", "lr is nan"},
      {"lr=0.001", "lr=inf", "lr is inf"},
      {"lr=0.001", "lr=-1", "lr is -1"},
      {"lr=0.001", "lr=1e99", "'lr=1e99' is no value of lr"},
      {"lr=0.001", "lr=0x1p-3", "'lr=0x1p-3' is no value of lr"},
      {"lr=0.001", "lr=", "'lr=' is no value of lr"},
      {"lr=0.001", "lr", "'lr' is no value of lr"},
      {"lr=0.001 ", "", "'beta1=0.9' where lr is expected"},
      {"lr=0.001 ", "lr=0.001 lr=0.001 ", "'lr=0.001' where beta1 is expected"},
      {"lr=0.001 ", "lr=0.001  ", "'' where beta1 is expected"},
      {"beta1=0.9 beta2=0.999", "beta2=0.999 beta1=0.9", "'beta2=0.999' where beta1 is expected"},
      {"beta1=0.9", "beta1=1", "beta1 is 1; it must be in [0, 1)"},
      {"weight_decay=0", "weight_decay=-nan", "weight_decay is"},
      {"decoupled=false", "decoupled=no", "'decoupled=no' is no value of decoupled"},
      {"rounding=nearest", "rounding=up", "'rounding=up' is no value of rounding"},
      {"seed=0", "seed=-1", "'seed=-1' is no value of seed"},
      {"seed=0", "seed=18446744073709551616", "is no value of seed"},
      {"seed=0", "seed=0 amsgrad=true", "'amsgrad=true' too much"},
      {" seed=0", "", "'' where seed is expected"},
      {"rowan.optimizer/embedding", "rowan.optimizer/other", "was saved without one", Code::not_found},
  };
  for (const Edit& edit : edits) {
    CAPTURE(edit.to);
    test::write_file(path, edited(whole, edit.from, edit.to));
    const auto loaded = load_checkpoint(path);
    REQUIRE(!loaded.ok());
    CAPTURE(loaded.error().message);
    CHECK(loaded.error().code == edit.code);
    CHECK(loaded.error().message.find(edit.reason) != std::string::npos);
    CHECK(loaded.error().message.find(path) == 0);
    CHECK(Table::open(path).ok());  // the table is none the worse
  }
}

TEST_CASE("state of another shape, type or algorithm is refused by name") {
  const test::TemporaryFolder folder;
  const std::string path = small_checkpoint(folder);
  const std::string whole = test::read_file(path);
  constexpr std::string_view avg = R"("embedding.optimizer.exp_avg":{"dtype":"F32","shape":[4,3])";
  constexpr std::string_view square = R"("embedding.optimizer.exp_avg_sq":{"dtype":"F32","shape":[4,3])";
  constexpr std::string_view step = R"("embedding.optimizer.step":{"dtype":"U64","shape":[1])";
  const Edit edits[] = {
      {avg, R"("embedding.optimizer.exp_avg":{"dtype":"I32","shape":[4,3])", "'exp_avg' is not F32 [4, 3]"},
      {avg, R"("embedding.optimizer.exp_avg":{"dtype":"F32","shape":[3,4])", "'exp_avg' is not F32 [4, 3]"},
      {avg, R"("embedding.optimizer.exp_avg":{"dtype":"F32","shape":[12])", "'exp_avg' is not F32 [4, 3]"},
      {avg, R"("embedding.optimizer.exp_avg":{"dtype":"F32","shape":[4,3,1])", "'exp_avg' is not F32 [4, 3]"},
      {avg, R"("embedding.optimizer.exp_avg":{"dtype":"F16","shape":[4,6])", "'exp_avg' is not F32 [4, 3]"},
      {avg, R"("embedding.optimizer.sum":{"dtype":"F32","shape":[4,3])", "it has no state called 'sum'"},
      {avg, R"("other.optimizer.exp_avg":{"dtype":"F32","shape":[4,3])", "its state 'exp_avg' is missing"},
      {square, R"("other.optimizer.exp_avg_sq":{"dtype":"F32","shape":[4,3])", "its state 'exp_avg_sq' is missing"},
      {step, R"("embedding.optimizer.step":{"dtype":"I64","shape":[1])", "'step' is not U64 [1]"},
      {step, R"("embedding.optimizer.step":{"dtype":"U64","shape":[])", "'step' is not U64 [1]"},
      {step, R"("other.optimizer.step":{"dtype":"U64","shape":[1])", "its state 'step' is missing"},
      {"adam lr", "row_wise_adam lr", "'exp_avg_sq' is not F32 [4]"},
      {"adam lr=0.001 beta1=0.9 beta2=0.999 eps=1e-08", "rms_prop lr=0.01 alpha=0.99 eps=1e-08",
       "it has no state called 'exp_avg'"},
      {"adam lr=0.001 beta1=0.9 beta2=0.999 eps=1e-08", "sgd lr=0.01 momentum=0 nesterov=false",
       "it has no state called 'exp_avg'"},
      {"adam lr=0.001 beta1=0.9 beta2=0.999 eps=1e-08", "sgd lr=0.01 momentum=0 nesterov=true",
       "nesterov needs a momentum"},
  };
  for (const Edit& edit : edits) {
    CAPTURE(edit.to);
    test::write_file(path, edited(whole, edit.from, edit.to));
    const auto loaded = load_checkpoint(path);
    REQUIRE(!loaded.ok());
    CAPTURE(loaded.error().message);
    CHECK(loaded.error().code == Code::malformed_file);
    CHECK(loaded.error().message.find(edit.reason) != std::string::npos);
    CHECK(load_checkpoints(path).error().message == loaded.error().message);
    CHECK(Table::open(path).ok());
  }
}

TEST_CASE("more steps than can be counted on are refused") {
  const test::TemporaryFolder folder;
  const std::string path = small_checkpoint(folder);
  std::string file = test::read_file(path);
  const std::size_t last_byte = inspect(path)->tensors.end()[-3].offset + 7;  // step, padding, checksums
  file[last_byte] = static_cast<char>(0x80);
  test::write_file(path, test::sealed(file));
  CHECK(load_checkpoint(path).error().message.find("it claims 9223372036854775809 steps") != std::string::npos);
}

TEST_CASE("optimizers of tables that cannot be trained are refused") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "t";
  REQUIRE(create_table_file(path, {.rows = 4, .dim = 3, .dtype = DType::i8}).ok());
  const std::string whole = test::read_file(path);
  test::write_file(path, edited(whole, R"("rowan.dtype/embedding":"i8")",
                                R"("rowan.dtype/embedding":"i8","rowan.optimizer/embedding":"sgd lr=1 momentum=0 )"
                                R"(nesterov=false weight_decay=0 decoupled=false rounding=nearest seed=0")"));
  CHECK(load_checkpoint(path).error().code == Code::not_trainable);
}

TEST_CASE("damaged state is found when it is loaded") {
  const test::TemporaryFolder folder;
  const std::string path = small_checkpoint(folder);
  std::string file = test::read_file(path);
  const auto info = inspect(path);
  for (const TensorInfo& tensor : info->tensors) {
    if (tensor.name.find(".optimizer.") == std::string::npos) continue;
    std::string damaged = file;
    damaged[tensor.offset] ^= 1;
    test::write_file(path, damaged);
    const auto loaded = load_checkpoint(path);
    REQUIRE(!loaded.ok());
    CHECK(loaded.error().code == Code::checksum_mismatch);
    CHECK(loaded.error().message.find(tensor.name) != std::string::npos);
  }
}

TEST_CASE("headers of random damage under right checksums are loaded or refused, never worse") {
  const test::TemporaryFolder folder;
  const std::string path = small_checkpoint(folder);
  const std::string whole = test::read_file(path);
  const std::size_t json_end = whole.find_last_not_of(' ', 4095);
  std::mt19937 random(1);
  int refused = 0;
  const int cases = test::cases(20'000);
  for (int i = 0; i < cases; ++i) {
    std::string file = whole;
    const std::size_t at = 8 + random() % (json_end - 8);
    file[at] = i % 2 == 0 ? static_cast<char>(random()) : whole[8 + random() % (json_end - 8)];
    // In place: disks are synced for files that are cut and written anew.
    std::fstream(path, std::ios::binary | std::ios::in | std::ios::out) << test::sealed(file);
    const auto loaded = load_checkpoint(path);
    refused += loaded.ok() ? 0 : 1;
    if (loaded.ok()) CHECK(loaded->optimizer.rows() == loaded->table.rows());
  }
  CHECK(refused > cases / 2);
  CHECK(refused < cases);
}
