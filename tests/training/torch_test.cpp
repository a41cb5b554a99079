// A hundred steps of PyTorch's optimizers, and the same through an Engine and an Optimizer
// (tests/golden/make_torch_training.py).
//
// Gradients are sums of multiples of 1/64, exact but for a mean's third, and do not depend on the weights (but for
// weight decay and max_norm, which draw differences together). So what remains is how a step is rounded. PyTorch fuses,
// or factors otherwise: a few halves of a unit in the last place of a weight each step, to either side, which is by
// chance the root of 100 after 100 steps. Against double precision a factor's own rounding, half a unit, shows in every
// step, to the same side. Units are those of 1, or of a value that is larger.
#include "tests/training/runs.hpp"

#include <string>

using namespace rowan;
using namespace rowan::test;

namespace {

#include "tests/golden/double_training.inc"
#include "tests/golden/torch_training.inc"

/// Runs all, and says how far the worst is off; `most` units of 2^-23 are accepted.
void compare(std::span<const GoldenRun> goldens, double most) {
  const Engine engine;
  std::size_t compared = 0;
  double worst = 0.0;
  std::string worst_run;
  for (const GoldenRun& golden : goldens) {
    const RunResult result = run(engine, golden);
    const auto check = [&](std::span<const float> expected, std::span<const float> actual, double scale) {
      const double units = most_units(expected, actual, scale);
      CHECK_MESSAGE(units <= most, golden.name, " is ", units, " units off");
      if (units > worst) worst_run = golden.name;
      worst = std::max(worst, units);
      compared += expected.size();
    };
    // What Ftrl keeps is of the size of a weight times its inverse rate.
    const Ftrl* const ftrl = std::get_if<Ftrl>(&golden.algorithm);
    check(golden.weights, result.weights, 1.0);
    REQUIRE(result.state.size() == golden.state.size());
    for (std::size_t k = 0; k < golden.state.size(); ++k) {
      check(golden.state[k], result.state[k], ftrl != nullptr ? 1.0 / static_cast<double>(ftrl->lr) : 1.0);
    }
    if (!golden.weights_gradient.empty()) check(golden.weights_gradient, result.weights_gradient, 1.0);
  }
  MESSAGE(goldens.size(), " runs, ", compared, " values; the worst is ", worst, " units of 2^-23 off: ", worst_run);
}

}  // namespace

TEST_CASE("a hundred steps end where PyTorch's do, but for rounding") { compare(torch_runs, 8); }

TEST_CASE("a hundred steps of what PyTorch lacks end where double precision does, but for rounding") {
  compare(double_runs, 24);
}
