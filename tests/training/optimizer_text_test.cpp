// Hyper-parameters come back from text with the same bits.
#include "engine/training/optimizer_text.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <random>

#include "tests/native/training.hpp"
#include "tests/support/effort.hpp"

using namespace rowan;

namespace {

/// A finite number of any magnitude.
float any_float(std::mt19937_64& random) {
  for (;;) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (std::isfinite(value)) return value;
  }
}

}  // namespace

TEST_CASE("every float comes back with its bits") {
  std::mt19937_64 random(1);
  for (int i = 0; i < test::cases(100'000); ++i) {
    const Adam adam = {.lr = any_float(random),
                       .beta1 = any_float(random),
                       .beta2 = any_float(random),
                       .eps = any_float(random),
                       .weight_decay = {.rate = any_float(random), .decoupled = random() % 2 == 0}};
    const OptimizerOptions options = {.rounding = random() % 2 == 0 ? Rounding::nearest : Rounding::stochastic,
                                      .seed = random() >> (random() % 64)};
    const auto parsed = detail::parse_hyper_parameters(detail::to_text({adam, options}));
    REQUIRE_MESSAGE(parsed.ok(), parsed.error().message);
    const Adam& back = std::get<Adam>(parsed->algorithm);
    const float before[] = {adam.lr, adam.beta1, adam.beta2, adam.eps, adam.weight_decay.rate};
    const float after[] = {back.lr, back.beta1, back.beta2, back.eps, back.weight_decay.rate};
    REQUIRE(std::memcmp(before, after, sizeof before) == 0);
    REQUIRE(back.weight_decay.decoupled == adam.weight_decay.decoupled);
    REQUIRE(parsed->options.rounding == options.rounding);
    REQUIRE(parsed->options.seed == options.seed);
  }
}

TEST_CASE("every algorithm is written as docs/file-format.md has it, and read again") {
  const std::string_view rest = " weight_decay=0 decoupled=false rounding=nearest seed=0";
  const std::pair<Algorithm, std::string_view> defaults[] = {
      {Sgd{}, "sgd lr=0.01 momentum=0 nesterov=false"},
      {Adagrad{}, "adagrad lr=0.01 lr_decay=0 eps=1e-10 initial_accumulator_value=0"},
      {RowWiseAdagrad{}, "row_wise_adagrad lr=0.01 eps=1e-10 initial_accumulator_value=0"},
      {Adam{}, "adam lr=0.001 beta1=0.9 beta2=0.999 eps=1e-08"},
      {RowWiseAdam{}, "row_wise_adam lr=0.001 beta1=0.9 beta2=0.999 eps=1e-08"},
      {RmsProp{}, "rms_prop lr=0.01 alpha=0.99 eps=1e-08"},
      {Ftrl{}, "ftrl lr=0.1 beta=1 l1=0 l2=0 initial_accumulator_value=0"},
  };
  for (const auto& [algorithm, text] : defaults) {
    CHECK(detail::to_text({algorithm, {}}) == std::string(text) + std::string(rest));
  }
  for (const Algorithm& algorithm : test::all_algorithms) {
    const std::string text = detail::to_text({algorithm, {.seed = 3}});
    const auto parsed = detail::parse_hyper_parameters(text);
    REQUIRE_MESSAGE(parsed.ok(), parsed.error().message);
    CHECK(parsed->algorithm.index() == algorithm.index());
    CHECK(detail::to_text(*parsed) == text);
  }
}
